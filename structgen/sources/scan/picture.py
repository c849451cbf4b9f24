"""A picture of the graph over the points that it was read from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from structgen.files import whole_file
from structgen.sources.scan import BRIDGE, ScanResult
from structgen.sources.scan.quality import DOUBTFUL

POINT, SUPPORTED, SUSPICIOUS, INVENTED, JUNCTION = "#b9b4a8", "#1f5f99", "#d08c1d", "#d6402b", "#0b2239"
#: Longer side of the picture in pixels, and most points drawn.
SIDE, MAX_DRAWN = 2400, 400_000
DPI = 100


def overlay(result: ScanResult, path: str | Path) -> None:
    """Write a PNG of the graph over its points, seen along the two shorter sides of the box.

    Struts are blue where points support at least half of them, orange where not, red where they were invented.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    if Path(path).suffix.lower() != ".png":
        raise ValueError(f"picture is {str(path)!r}, must end in .png")
    web, points = result.web, result.points
    points = points[:: max(len(points) // MAX_DRAWN, 1)]
    low = np.minimum(web.pos.min(axis=0), points.min(axis=0))
    sides = np.maximum(np.maximum(web.pos.max(axis=0), points.max(axis=0)) - low, 1e-9)
    thin, middle, long = np.argsort(sides, kind="stable").tolist()
    invented = web.kind == BRIDGE
    doubtful = (result.confidence < DOUBTFUL) & ~invented
    groups = [
        (SUPPORTED, ~(invented | doubtful), "supported by points"),
        (SUSPICIOUS, doubtful, f"supported along less than {DOUBTFUL:.0%}"),
        (INVENTED, invented, "invented to connect parts"),
    ]
    wide = SIDE / DPI
    share = (sides[middle] + sides[thin]) / sides[long]
    figure = Figure(figsize=(wide, wide * share + 1.2), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 1, height_ratios=[sides[middle], max(sides[thin], 0.05 * sides[middle])])
    for axes, upward in zip(panels, (middle, thin), strict=True):
        view = [long, upward]
        axes.plot(*points[:, view].T, ",", color=POINT, zorder=0)
        for colour, chosen, label in groups:
            if chosen.any():
                struts = web.pos[web.edge_index.T[chosen]][:, :, view]
                axes.add_collection(LineCollection(list(struts), colors=colour, linewidths=1.1, label=label))
        joints = web.pos[web.degree > 2][:, view]
        axes.plot(*joints.T, ".", color=JUNCTION, markersize=3, label="junction")
        axes.set_aspect("equal")
        axes.set_xlabel(f"{'xyz'[long]}, mm")
        axes.set_ylabel(f"{'xyz'[upward]}, mm")
    panels[0].legend(loc="upper right", fontsize=9)
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
