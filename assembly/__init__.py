"""assembly: webs placed along a curve, joined into one, made a printable solid and written to file.

>>> from assembly import assemble_along, export, solidify
>>> web = assemble_along("helix", webs, radius=20, pitch=8, turns=3)
>>> export(solidify(web), "helix.stl")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assembly.curves import (
        Curve,
        NearPass,
        as_curve,
        attractor,
        csv_curve,
        helix,
        line,
        lissajous,
        logarithmic_spiral,
        nearest_pass,
        parametric,
        polyline,
        spiral,
        spline,
        svg_curve,
        svg_path,
        torus_knot,
    )
    from assembly.export import export, write_3mf, write_stl
    from assembly.fields import Field, graded_radius
    from assembly.filling import Filled, fill
    from assembly.join import Joined, join
    from assembly.meshes import TriangleMesh, read_mesh
    from assembly.place import assemble, assemble_along, station_parameters, webs_needed
    from assembly.printability import PrintReport, check_printability
    from assembly.render import picture, turntable
    from assembly.render_html import page
    from assembly.shape import Shape
    from assembly.skin import skin_shell, skinned
    from assembly.solid import Solid, solidify
    from assembly.tiles import solidify_to_stl
    from assembly.verify import SolidReport, UnsoundSolid, verified
    from assembly.wrapping import Wrapped, wrap

__all__ = [
    "Curve",
    "Field",
    "Filled",
    "Joined",
    "NearPass",
    "PrintReport",
    "Shape",
    "Solid",
    "SolidReport",
    "TriangleMesh",
    "UnsoundSolid",
    "Wrapped",
    "as_curve",
    "assemble",
    "assemble_along",
    "attractor",
    "check_printability",
    "csv_curve",
    "export",
    "fill",
    "graded_radius",
    "helix",
    "join",
    "line",
    "lissajous",
    "logarithmic_spiral",
    "nearest_pass",
    "page",
    "parametric",
    "picture",
    "polyline",
    "read_mesh",
    "skin_shell",
    "skinned",
    "solidify",
    "solidify_to_stl",
    "spiral",
    "spline",
    "station_parameters",
    "svg_curve",
    "svg_path",
    "torus_knot",
    "turntable",
    "verified",
    "webs_needed",
    "wrap",
    "write_3mf",
    "write_stl",
]

# `export` and `join` share their names with their modules: eager, so that the function always wins.
from assembly.export import export, write_3mf, write_stl
from assembly.join import Joined, join

# Imported on first use, so that `structgen --help` stays quick.
_HOMES = {
    "Curve": "assembly.curves",
    "Field": "assembly.fields",
    "Filled": "assembly.filling",
    "NearPass": "assembly.curves",
    "PrintReport": "assembly.printability",
    "Shape": "assembly.shape",
    "Solid": "assembly.solid",
    "SolidReport": "assembly.verify",
    "TriangleMesh": "assembly.meshes",
    "UnsoundSolid": "assembly.verify",
    "Wrapped": "assembly.wrapping",
    "as_curve": "assembly.curves",
    "assemble": "assembly.place",
    "assemble_along": "assembly.place",
    "attractor": "assembly.curves",
    "csv_curve": "assembly.curves",
    "check_printability": "assembly.printability",
    "fill": "assembly.filling",
    "graded_radius": "assembly.fields",
    "helix": "assembly.curves",
    "line": "assembly.curves",
    "lissajous": "assembly.curves",
    "logarithmic_spiral": "assembly.curves",
    "nearest_pass": "assembly.curves",
    "page": "assembly.render_html",
    "parametric": "assembly.curves",
    "picture": "assembly.render",
    "polyline": "assembly.curves",
    "read_mesh": "assembly.meshes",
    "skin_shell": "assembly.skin",
    "skinned": "assembly.skin",
    "solidify": "assembly.solid",
    "solidify_to_stl": "assembly.tiles",
    "spiral": "assembly.curves",
    "spline": "assembly.curves",
    "station_parameters": "assembly.place",
    "turntable": "assembly.render",
    "svg_curve": "assembly.curves",
    "svg_path": "assembly.curves",
    "torus_knot": "assembly.curves",
    "verified": "assembly.verify",
    "webs_needed": "assembly.place",
    "wrap": "assembly.wrapping",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'assembly' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
