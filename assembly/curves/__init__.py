"""Curves in space that webs are placed along, with frames that do not twist."""

from assembly.curves.csv_points import csv_curve
from assembly.curves.curve import Curve
from assembly.curves.expressions import parametric
from assembly.curves.named import FILES, NAMED, as_curve
from assembly.curves.passes import NearPass, nearest_pass
from assembly.curves.shapes import attractor, helix, line, lissajous, logarithmic_spiral, spiral, torus_knot
from assembly.curves.svg import svg_curve, svg_path
from assembly.curves.through import polyline, spline

__all__ = [
    "FILES",
    "NAMED",
    "Curve",
    "NearPass",
    "as_curve",
    "attractor",
    "csv_curve",
    "helix",
    "line",
    "lissajous",
    "logarithmic_spiral",
    "nearest_pass",
    "parametric",
    "polyline",
    "spiral",
    "spline",
    "svg_curve",
    "svg_path",
    "torus_knot",
]
