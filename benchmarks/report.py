"""The results, as JSON, as a page, and as plots."""

from __future__ import annotations

import json
import os
import platform
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import aims
from benchmarks.measure import Figure, Task

HERE: Final = Path(__file__).parent
README: Final = HERE.parent / "README.md"
BEGIN: Final = "<!-- figures -->\n"
END: Final = "<!-- /figures -->\n"
COMMAND: Final = "make bench"
# The columns of the README's table: each peer, with its names in the tables.
COLUMNS: Final = {
    "cognito_raw": ("cognito_raw", "cognito-raw", "cognito_raw, 8 threads", "cognito_raw, 10,000 sessions"),
    'with `transport="standard"`': ("cognito_raw, standard", "cognito_raw, standard, 8 threads"),
    "pycognito": ("pycognito", "pycognito, 8 threads", "pycognito, 50 sessions"),
    "warrant-lite": ("warrant-lite",),
    "amazon-cognito-identity-js": ("amazon-cognito-identity-js",),
}
ROWS: Final = ("cold", "warm", "rate", "arithmetic", "memory", "installed")
PEERS: Final = (
    "cognito-raw",
    "httpx",
    "PyJWT",
    "cryptography",
    "pycognito",
    "warrant-lite",
    "boto3",
    "fastapi-cognito",
)


def machine() -> dict[str, str]:
    """Describe this machine."""
    cpu = platform.processor() or "unknown"
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    try:
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        node = "none"
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": f"{cpu}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "OpenSSL": ssl.OPENSSL_VERSION,
        "Node": node,
        "packages": ", ".join(f"{name} {version(name)}" for name in PEERS),
    }


def write(measured: Mapping[str, tuple[Task, Mapping[str, Figure]]], about: Mapping[str, str]) -> None:
    """Write results.json, results.md and the plots, beside this module."""
    tables = {key: _plain(task, figures) for key, (task, figures) in measured.items()}
    text = json.dumps({"command": COMMAND, "machine": about, "tables": tables}, indent=1, ensure_ascii=False)
    (HERE / "results.json").write_text(text + "\n", encoding="utf-8")
    (HERE / "results.md").write_text(page(json.loads(text)), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    before, _, rest = readme.partition(BEGIN)
    README.write_text(before + BEGIN + summary(json.loads(text)) + END + rest.partition(END)[2], encoding="utf-8")
    plot({key: measured[key] for key in ("cold", "warm", "arithmetic", "verify") if key in measured})


def page(results: Mapping[str, Any]) -> str:
    """Return the content of results.md."""
    about = "\n".join(f"- {name}: {value}" for name, value in results["machine"].items())
    head = f"# Measurements\n\nWritten by `{results['command']}`, on this machine:\n\n{about}\n\n"
    how = (
        "Each figure is the median of several processes, run in turns with those of the peers; the two in brackets "
        "are the quarters of the runs around it.\n"
    )
    tables = results["tables"]
    return head + how + aims.section(tables) + "".join(_section(table) for table in tables.values())


def summary(results: Mapping[str, Any]) -> str:
    """Return the README's table."""
    lines = [f"| | {' | '.join(COLUMNS)} |", "|---|" + "---:|" * len(COLUMNS)]
    for key in ROWS:
        table = results["tables"][key]
        cells = [_cell(table["figures"], names) for names in COLUMNS.values()]
        lines.append(f"| {table['title']}, {table['unit']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(figures: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name, figure in figures.items():
        if name.partition(" (")[0] in names and not figure["missing"]:
            return _rounded(figure["median"])
    return "-"


def _section(table: Mapping[str, Any]) -> str:
    rows = [f"\n## {table['title']}\n", *([f"{table['note']}\n"] if table["note"] else [])]
    rows += [f"| | {table['unit']} | |", "|---|---:|---|"]
    for name, figure in table["figures"].items():
        rows.append(f"| {name} | {shown(figure)} |")
    return "\n".join(rows) + "\n"


def shown(figure: Mapping[str, Any]) -> str:
    """Format a figure for a row."""
    if figure["missing"]:
        return f"- | {figure['missing'].replace('|', '/')}"
    spread = "" if figure["low"] == figure["high"] else f"({_rounded(figure['low'])} to {_rounded(figure['high'])})"
    return f"{_rounded(figure['median'])} | {spread}"


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _plain(task: Task, figures: Mapping[str, Figure]) -> dict[str, Any]:
    own = {"title": task.title, "unit": task.unit, "more_is_better": task.more, "note": task.note}
    return {**own, "figures": {name: asdict(figure) for name, figure in figures.items()}}


def plot(measured: Mapping[str, tuple[Task, Mapping[str, Figure]]]) -> None:
    """Draw one plot for each task, with a bar for each peer."""
    import matplotlib as mpl  # here: the rest of this module works without it
    from matplotlib import pyplot

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "cognito_raw", "svg.fonttype": "none", "font.size": 10})
    for key, (task, figures) in measured.items():
        there = {name: figure for name, figure in figures.items() if not figure.missing}
        drawing, axes = pyplot.subplots(figsize=(8, 0.6 + 0.38 * len(there)))
        modes = ["#1b7f5c" if name.startswith("cognito_raw") else "#9aa5b1" for name in there]
        medians = [figure.median for figure in there.values()]
        spread = [[f.median - f.low for f in there.values()], [f.high - f.median for f in there.values()]]
        bars = axes.barh(list(there), medians, color=modes, xerr=spread, ecolor="#52606d", capsize=2)
        axes.bar_label(bars, labels=[f" {_rounded(median)}" for median in medians], padding=6)
        axes.invert_yaxis()
        axes.set_title(f"{task.title}: {task.unit}", loc="left", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
        drawing.savefig(HERE / f"{key}.svg", bbox_inches="tight", metadata={"Date": None})
        pyplot.close(drawing)


if __name__ == "__main__":  # print the page again, from results.json
    sys.stdout.write(page(json.loads((HERE / "results.json").read_text(encoding="utf-8"))))
