"""The plots, with a bar for each peer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

PLOTTED: Final = ("cold", "warm", "arithmetic", "verify")


def draw(tables: Mapping[str, Any], folder: Path) -> None:
    """Draw the tables that have plots."""
    import matplotlib as mpl  # here: the pages need no plots
    from matplotlib import pyplot

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "cognito_raw", "svg.fonttype": "none", "font.size": 10})
    for key in PLOTTED:
        table = tables[key]
        there = {name: figure for name, figure in table["figures"].items() if not figure["missing"]}
        drawing, axes = pyplot.subplots(figsize=(8, 0.6 + 0.38 * len(there)))
        colours = ["#1b7f5c" if name.startswith("cognito_raw") else "#9aa5b1" for name in there]
        medians = [figure["median"] for figure in there.values()]
        low, high = ([abs(figure[end] - figure["median"]) for figure in there.values()] for end in ("low", "high"))
        bars = axes.barh(list(there), medians, color=colours, xerr=[low, high], ecolor="#52606d", capsize=2)
        axes.bar_label(bars, labels=[f" {rounded(median)}" for median in medians], padding=6)
        axes.invert_yaxis()
        axes.set_title(f"{table['title']}: {table['unit']}", loc="left", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
        drawing.savefig(folder / f"{key}.svg", bbox_inches="tight", metadata={"Date": None})
        pyplot.close(drawing)


def rounded(value: float) -> str:
    """Format a figure with three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
