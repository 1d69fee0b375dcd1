"""The results, as JSON, as a page, in the README, and as plots. `python -m benchmarks.report` writes them again."""

from __future__ import annotations

import json
import os
import platform
import re
import ssl
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from benchmarks import aims, plots
from benchmarks.measure import Figure, Table, Task
from benchmarks.plots import rounded
from benchmarks.tasks import TABLES

HERE: Final = Path(__file__).parent
README: Final = HERE.parent / "README.md"
BEGIN: Final = "<!-- figures -->\n"
END: Final = "<!-- /figures -->\n"
COMMAND: Final = "make bench"
NOT_YET: Final = "not measured yet"
# The columns of the README's table: each peer, with its names in the tables.
COLUMNS: Final = {
    "cognito_raw": ("cognito_raw", "cognito-raw", "cognito_raw, 8 threads", "cognito_raw, 10,000 sessions"),
    'with `transport="standard"`': ("cognito_raw, standard", "cognito_raw, standard, 8 threads"),
    "pycognito": ("pycognito", "pycognito, 8 threads", "pycognito, 50 sessions"),
    "warrant-lite": ("warrant-lite",),
    "amazon-cognito-identity-js": ("amazon-cognito-identity-js",),
}
ROWS: Final = ("cold", "warm", "rate", "arithmetic", "memory", "installed")
PEERS: Final = tuple(
    "cognito-raw httpx httpx2 PyJWT cryptography pycognito warrant-lite boto3 fastapi-cognito authlib joserfc"
    " python-jose redis".split()
)


def machine() -> dict[str, str]:
    """Describe this machine."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "Python": platform.python_version(),
        "OpenSSL": ssl.OPENSSL_VERSION,
        "Node": _printed("node", "--version"),
        "valgrind": _printed("valgrind", "--version"),
        "Redis": _printed("redis-server", "--version"),
        "packages": ", ".join(filter(None, map(_package, PEERS))),
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or "unknown"


def _printed(*command: str) -> str:
    try:
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "none"
    return " ".join(printed.split()[:3])


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def merged(
    kept: Mapping[str, Any], measured: Mapping[str, Mapping[str, Figure]], about: Mapping[str, str]
) -> dict[str, Any]:
    """Return the results with the tables that were measured now. All others stay as they are.

    A table that another machine or other packages gave says so in its member `machine`.
    """
    tables: dict[str, dict[str, Any]] = {}
    for key, (task, table) in TABLES.items():
        old = kept["tables"].get(key, {})
        own = {"title": table.title, "unit": table.unit, "more_is_better": table.more, "note": table.note}
        if key in measured:
            tables[key] = {**own, "figures": {name: asdict(figure) for name, figure in measured[key].items()}}
            continue
        tables[key] = {**own, "figures": _figures(task, table, old.get("figures", {}))}
        given = old.get("machine", kept["machine"])
        if given != about and any(figure["runs"] for figure in tables[key]["figures"].values()):
            tables[key]["machine"] = given
    return {"command": COMMAND, "machine": dict(about), "tables": tables}


def _figures(task: Task, table: Table, old: Mapping[str, Any]) -> dict[str, Any]:
    """Return the old figures of the rows that a table has now."""
    empty = asdict(Figure(missing=NOT_YET))
    return {name: old.get(name, empty) for name in task.rows(table) or old}


def write(results: Mapping[str, Any]) -> None:
    """Write results.json, results.md and the plots beside this module, and the figures of the README."""
    text = json.dumps(results, indent=1, ensure_ascii=False)
    text = re.sub(r"\[[^\[\]\"]*\]", lambda found: re.sub(r"\s+", " ", found[0]), text)  # the runs of a figure
    (HERE / "results.json").write_text(text + "\n", encoding="utf-8")
    (HERE / "results.md").write_text(page(results), encoding="utf-8")
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(before + BEGIN + summary(results) + END + rest.partition(END)[2], encoding="utf-8")
    plots.draw(results["tables"], HERE)


def read() -> Any:
    """Return the content of results.json."""
    return json.loads((HERE / "results.json").read_text(encoding="utf-8"))


def page(results: Mapping[str, Any]) -> str:
    """Return the content of results.md."""
    about = "\n".join(f"- {name}: {value}" for name, value in results["machine"].items())
    head = f"# Measurements\n\nWritten by `{results['command']}`, on this machine:\n\n{about}\n\n"
    how = (
        "Each figure is the median of several processes, run in turns with those of the peers; the two in brackets "
        "are the quarters of the runs around it.\n"
    )
    tables = results["tables"]
    sections = "".join(_section(table, results["machine"]) for table in tables.values())
    return head + how + aims.section(tables) + sections


def summary(results: Mapping[str, Any]) -> str:
    """Return the README's table, and its sentences on the aims."""
    lines = [f"| | {' | '.join(COLUMNS)} |", "|---|" + "---:|" * len(COLUMNS)]
    for key in ROWS:
        table = results["tables"][key]
        cells = [_cell(table["figures"], names) for names in COLUMNS.values()]
        lines.append(f"| {table['title']}, {table['unit']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\n" + aims.summary(results["tables"])


def _cell(figures: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name, figure in figures.items():
        if name.partition(" (")[0] in names and not figure["missing"]:
            return rounded(figure["median"])
    return "-"


def _section(table: Mapping[str, Any], machine: Mapping[str, str]) -> str:
    given = table.get("machine", machine)
    other = ", ".join(f"{name} {given.get(name, 'none')}" for name in machine if given.get(name) != machine[name])
    notes = [table["note"], other and f"Measured earlier, with other versions: {other}."]
    rows = [f"\n## {table['title']}\n", *(f"{note}\n" for note in notes if note)]
    rows += [f"| | {table['unit']} | |", "|---|---:|---|"]
    for name, figure in table["figures"].items():
        rows.append(f"| {name} | {shown(figure)} |")
    return "\n".join(rows) + "\n"


def shown(figure: Mapping[str, Any]) -> str:
    """Format a figure for a row."""
    if figure["missing"]:
        return f"- | {figure['missing'].replace('|', '/')}"
    spread = "" if figure["low"] == figure["high"] else f"({rounded(figure['low'])} to {rounded(figure['high'])})"
    return f"{rounded(figure['median'])} | {spread}"


if __name__ == "__main__":
    kept = read()
    write(merged(kept, {}, kept["machine"]))
