"""A picture of a part on which what is wrong has a colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assembly.files.surface import Surface
from assembly.printability.part import Part
from assembly.printability.report import KINDS, PrintReport
from assembly.render import picture
from structgen.web import WebGraph

#: What nothing is wrong with.
SOUND = "#b9b4a7"
COLOURS = {
    "mesh": "#3c3c3c", "plate": "#3c3c3c", "floating": "#8e63b5", "thin": "#d6402b", "island": "#c2187a",
    "overhang": "#d08c1d", "bridge": "#2a7fb8", "trapped": "#2e7d4f", "resolution": "#3c3c3c",
}  # fmt: skip


def marked_picture(
    part: WebGraph | Surface, report: PrintReport, path: str | Path, title: str = "",
    size: tuple[int, int] = (1200, 900),
) -> None:  # fmt: skip
    """Write a PNG of ``part``, as it was checked, with the struts or faces of each kind of finding in its colour.

    ``report`` is what `check_printability` says of ``part``; the other arguments are those of `picture`.
    """
    from matplotlib.colors import to_rgb

    table = np.array([to_rgb(SOUND), *(to_rgb(COLOURS[kind]) for kind in KINDS)])
    words = {"error": "would not print", "warning": "prints less well or with support"}
    legend = [("nothing found", SOUND)]
    for kind in KINDS:
        if kind in report.counts and (report.marks == KINDS.index(kind) + 1).any():
            worst = words[report.of(kind)[0].severity]
            legend.append((f"{kind}: {report.counts[kind]:,}, {worst}", COLOURS[kind]))
    shape = Part.of(part).shape
    marked = table[report.marks], legend
    if isinstance(shape, WebGraph):
        picture(shape, None, path, title, size, True, marked)
    else:
        picture(None, shape, path, title, size, False, marked)
