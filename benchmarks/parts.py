"""Whole parts as a maker asks for them: along curves, in a shape, on a surface; each file read by other programs.

A helix, the attractor of the PNAS paper, a torus knot, a lump like Stanford's bunny filled to a frame and to a skin
(whose hollow admesh counts as a part), and a cylinder wrapped in web. Each is generated, joined, made solid, written
and then read back: by trimesh, by admesh and prusa-slicer (with supports, as webs stand on tips) where they are
installed, and by lib3mf's strict reader.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trimesh
from common import parser, save, table
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from assembly import Shape, Solid, assemble, export, fill, picture, skinned, solidify, wrap
from assembly.meshes import lump
from assembly.printability.slicer import slice_part
from assembly.surfaces import cylinder
from structgen import DesignTargets, WebGraph, load_model

#: Half a line of an FDM printer more than its nozzle.
STRUT = 0.6
FRAME, SKIN = 1.6, 1.2
#: What admesh counts of what it had to change.
MENDED = ("Degenerate facets", "Edges fixed", "Facets removed", "Facets added", "Facets reversed", "Normals fixed")
PLATE = (300.0, 300.0, 300.0)


def webs(count: int, extents: tuple[float, float, float], seed: int) -> list[WebGraph]:
    """Modules of the default model."""
    targets = DesignTargets(nodes=40, mean_degree=2.9, extents=extents)
    return load_model().sample(targets, count, seed=seed, radius=STRUT)


def along(curve: str, count: int, extents: tuple[float, float, float], **options: Any) -> Callable[[int], WebGraph]:
    """A part along a curve."""
    return lambda seed: assemble(curve, webs(count, extents, seed), **options).web


SHAPE = Shape(lump())
PARTS: dict[str, Callable[[int], WebGraph]] = {
    "helix": along("helix", 16, (24.0, 16.0, 16.0), radius=30, pitch=30, turns=1.5),
    "attractor": along("attractor", 48, (24.0, 14.0, 14.0), radius=60),
    "torus knot": along("torus-knot", 40, (24.0, 14.0, 14.0), p=2, q=3, radius=60, tube_radius=25),
    "filled lump": lambda seed: fill(SHAPE, webs(8, (20.0, 20.0, 20.0), seed), frame=FRAME, seed=seed).web,
    "lump in a skin": lambda seed: fill(SHAPE, webs(8, (20.0, 20.0, 20.0), seed), skin=SKIN, seed=seed).web,
    "wrapped cylinder": lambda seed: wrap(cylinder(25, 60), webs(8, (24.0, 24.0, 4.0), seed), seed=seed).web,
}


def solid_of(name: str, web: WebGraph) -> Solid:
    """The solid, with the skin where there is one."""
    return skinned(web, SHAPE, SKIN) if name == "lump in a skin" else solidify(web)


def by_admesh(path: Path) -> dict[str, Any] | None:
    """How much admesh mends, how many parts it counts and their volume; None without it."""
    if shutil.which("admesh") is None:
        return None
    said = subprocess.run(["admesh", path], capture_output=True, text=True, check=True).stdout

    def number(title: str) -> float:
        found = re.search(rf"{title}\s*:\s*(-?[\d.]+)", said)
        if found is None:
            raise RuntimeError(f"admesh said nothing of {title!r}:\n{said}")
        return float(found[1])

    return {
        "mended": int(sum(number(title) for title in MENDED)), "parts": int(number("Number of parts")),
        "volume_mm3": number("Volume"),
    }  # fmt: skip


def by_lib3mf(path: Path) -> int | None:
    """Warnings of lib3mf's strict reader; None without it."""
    try:
        import lib3mf
    except ImportError:
        return None
    reader = lib3mf.get_wrapper().CreateModel().QueryReader("3mf")
    reader.SetStrictModeActive(True)
    reader.ReadFromFile(str(path))
    return int(reader.GetWarningCount())


def measured(name: str, seed: int, folder: Path) -> dict[str, Any]:
    """Everything about one part; its picture is ``folder / NAME.png``."""
    began = time.perf_counter()
    web = PARTS[name](seed)
    assembled = time.perf_counter()
    solid = solid_of(name, web)
    made = time.perf_counter()
    stl, threemf = folder / "part.stl", folder / "part.3mf"
    export(solid, stl)
    export(solid, threemf)
    picture(None, solid, folder / f"{name}.png", name, (700, 700))
    read = trimesh.load(stl)
    row: dict[str, Any] = {
        "struts": web.m, "components": int(web.components().max()) + 1, "triangles": len(solid.faces),
        "volume_mm3": solid.report["volume_mm3"], "genus": solid.report["genus"], "method": solid.report["method"],
        "trimesh": {"watertight": bool(read.is_watertight), "bodies": int(read.body_count)},
        "admesh": by_admesh(stl), "lib3mf_warnings": by_lib3mf(threemf),
        "seconds": {"assembled": assembled - began, "solid": made - assembled},
    }  # fmt: skip
    if shutil.which("prusa-slicer"):
        sliced = slice_part(solid, plate=PLATE, supports=True)
        row["prusa_slicer"] = sliced.as_dict()
    return row


def sheet(names: list[str], folder: Path, path: Path, side: int = 700) -> None:
    """The pictures side by side."""
    figure = Figure(figsize=(len(names) * side / 200, side / 200), dpi=100)
    FigureCanvasAgg(figure)
    for k, name in enumerate(names):
        axes = figure.add_axes((k / len(names), 0, 1 / len(names), 1))
        axes.set_axis_off()
        axes.imshow(imread(folder / f"{name}.png"))
    figure.savefig(path, metadata={"Software": None})


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    arguments.add_argument("--picture", type=Path, help="PNG of all parts")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = {part: measured(part, options.seed, folder) for part in options.parts}
        if options.picture:
            sheet(options.parts, folder, options.picture)
    head = ["part", "struts", "components", "triangles", "watertight", "admesh mended", "admesh parts", "volume off",
            "lib3mf warnings", "slicer warnings", "solid, s"]  # fmt: skip
    cells: list[list[object]] = [[*head]]
    for part, row in rows.items():
        admesh, sliced = row["admesh"] or {}, row.get("prusa_slicer")
        off = abs(admesh["volume_mm3"] / row["volume_mm3"] - 1) if admesh else "-"
        cells.append([
            part, row["struts"], row["components"], row["triangles"], row["trimesh"]["watertight"],
            admesh.get("mended", "-"), admesh.get("parts", "-"), off, row["lib3mf_warnings"],
            len(sliced["warnings"]) if sliced else "-", row["seconds"]["solid"],
        ])  # fmt: skip
    print(table(cells))
    save("parts", {"seed": options.seed, "parts": rows}, options.output)


if __name__ == "__main__":
    main()
