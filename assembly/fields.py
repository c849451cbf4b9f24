"""Numbers that vary in space: strut radii, and what modules are asked for, graded from one place to another.

>>> from assembly.fields import graded_radius, linear
>>> web = graded_radius(web, linear(0.3, 0.6, start=(0, 0, 0), end=(0, 0, 40)))
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from assembly.checks import number
from assembly.curves import Curve
from structgen.expression import evaluate
from structgen.files import check_readable
from structgen.web import FloatArray, WebGraph

#: Places of a curve that points are told the nearest of.
PLACES = 20_000
#: Largest picture, in bytes of the file and in pixels.
MAX_BYTES, MAX_PIXELS = 64 << 20, 16_000_000
#: For each axis that a picture is seen along: the axes that run across it and up.
SEEN_ALONG = {"x": (1, 2), "y": (0, 2), "z": (0, 1)}


@dataclass(frozen=True)
class Field:
    """A number at every place in space.

    Arguments:
        at: its values (n,) at points ``(n, 3)`` in mm.
    """

    at: Callable[[FloatArray], npt.ArrayLike]

    def __call__(self, points: npt.ArrayLike) -> FloatArray:
        """``(n,)`` values at ``points`` (n, 3); `ValueError` where they are not finite numbers, one a point."""
        places = np.asarray(points, float).reshape(-1, 3)
        values = np.asarray(self.at(places), float)
        if values.shape not in ((), (len(places),)):
            raise ValueError(f"field has values of shape {values.shape} at {len(places)} points, must be one a point")
        values = np.broadcast_to(values, len(places)).copy()
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise ValueError(f"field is {values[bad[0]]} at {_told(places[bad[0]])}, must be finite")
        return values


def as_field(value: Any, curve: Curve | None = None) -> Field:
    """A `Field` from itself, a number, a function of points ``(n, 3)``, or a text as `expression` has it."""
    if isinstance(value, Field):
        return value
    if isinstance(value, str):
        return expression(value, curve)
    if callable(value):
        return Field(value)
    constant = number("field", value, "a number, an expression, a function of points or a Field")
    return Field(lambda points: np.full(len(points), constant))


def linear(first: float, last: float, start: npt.ArrayLike, end: npt.ArrayLike, smooth: bool = False) -> Field:
    """From ``first`` at the point ``start`` (3,) and behind it to ``last`` at the point ``end`` and beyond it.

    smooth: with a slope of 0 at both, 3 u^2 - 2 u^3, rather than in a straight line.
    """
    a, way = _point("start", start), _point("end", end) - _point("start", start)
    if not way.any():
        raise ValueError(f"end is {_told(a)}, as start is, must be another point")
    return Field(lambda points: _between(first, last, (points - a) @ way / (way @ way), smooth))


def radial(first: float, last: float, centre: npt.ArrayLike, radius: float, smooth: bool = False) -> Field:
    """From ``first`` at the point ``centre`` (3,) to ``last`` at ``radius`` mm from it and beyond."""
    c, r = _point("centre", centre), number("radius", radius, "> 0 mm", lambda value: value > 0)
    return Field(lambda points: _between(first, last, np.linalg.norm(points - c, axis=1) / r, smooth))


def expression(text: str, curve: Curve | None = None, fields: Mapping[str, Field] | None = None) -> Field:
    """Arithmetic in ``x, y, z`` in mm, and with a ``curve`` in ``s``: 0 at its start, 1 at its end, by nearest place.

    fields: further variables. What an expression may hold is told by `structgen.expression.evaluate`.
    """
    share = None if curve is None else shares_along(curve)

    def at(points: FloatArray) -> FloatArray:
        variables = dict(zip("xyz", points.T, strict=True))
        if share is not None:
            variables = {"s": share(points)} | variables
        for name, field in (fields or {}).items():
            variables[name] = field(points)
        return evaluate(text, variables)

    at(np.zeros((0, 3)))  # what cannot be read is told now
    return Field(at)


def shares_along(curve: Curve) -> Field:
    """Where along ``curve`` the place nearest to a point is, from 0 to 1."""
    shares = np.linspace(0, 1, PLACES + 1)
    tree = cKDTree(curve.at(shares * curve.length))
    return Field(lambda points: shares[tree.query(points)[1]])


def from_picture(
    path: str | Path, box: npt.ArrayLike, axis: str = "z", black: float = 0.0, white: float = 1.0
) -> Field:
    """The grey of a PNG file: ``black`` where it is black, ``white`` where it is white, between them in between.

    The picture, as large as covers the ``box``, lies about its centre across ``axis``: seen along z, x runs to the
    right and y up; along y, x and z; along x, y and z. It keeps its proportions. Beyond it its border goes on.

    Arguments:
        path: grey or colour, which is read as grey; at most 64 MiB and 16 million pixels.
        box: ``(2, 3)`` lower and upper corner in mm.
    """
    if axis not in SEEN_ALONG:
        raise ValueError(f"axis is {axis!r}, must be one of {', '.join(SEEN_ALONG)}")
    across = list(SEEN_ALONG[axis])
    low, high = _corners(box)
    grey = _grey(Path(path))
    rows, columns = grey.shape
    sides = (high - low)[across]
    if not sides.any():
        raise ValueError(f"box has no extent across {axis}: the picture has no size")
    pixel = float((sides / [columns, rows]).max())
    centre = (low + high)[across] / 2

    def at(points: FloatArray) -> FloatArray:
        right, up = ((points[:, across] - centre) / pixel).T
        places = np.stack([(rows - 1) / 2 - up, (columns - 1) / 2 + right])
        value = map_coordinates(grey, places, order=1, mode="nearest")
        return np.asarray(black + (white - black) * value)

    return Field(at)


def graded_radius(web: WebGraph, field: Any, curve: Curve | None = None) -> WebGraph:
    """``web`` with the strut radii, mm, that ``field`` has at the middles of its struts.

    Raises `ValueError` where a radius is not above 0, or larger than half the mean edge length.
    """
    middles = web.pos[web.edge_index].mean(axis=0)
    radius = as_field(field, curve)(middles)
    most = float(web.lengths.mean()) / 2
    bad = np.flatnonzero(~((radius > 0) & (radius <= most)))
    if len(bad):
        raise ValueError(
            f"radius is {radius[bad[0]]:.4g} mm at {_told(middles[bad[0]])}, must be > 0 and at most half the mean "
            f"edge length, {most:.4g} mm"
        )
    return web.with_radius(radius)


def _between(first: float, last: float, share: FloatArray, smooth: bool) -> FloatArray:
    share = np.clip(share, 0, 1)
    if smooth:
        share = share * share * (3 - 2 * share)
    return np.asarray(first + (last - first) * share)


def _grey(path: Path) -> FloatArray:
    """``(rows, columns)`` grey of the PNG file ``path``, from 0 to 1."""
    from PIL import Image, UnidentifiedImageError

    check_readable(path, MAX_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=("PNG",)) as image:
                if image.width * image.height > MAX_PIXELS:
                    size = f"{image.width} x {image.height}"
                    raise ValueError(f"{path}: the picture has {size} pixels, at most {MAX_PIXELS} in all are read")
                deep = image.mode.startswith("I")
                grey = np.asarray(image if deep else image.convert("L"), float) / (65535 if deep else 255)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise ValueError(f"{path}: no PNG picture, or a broken one") from None
    return grey


def _point(name: str, value: npt.ArrayLike) -> FloatArray:
    point = np.asarray(value, float)
    if point.shape != (3,) or not np.isfinite(point).all():
        raise ValueError(f"{name} is {value!r}, must be three finite numbers in mm")
    return point


def _corners(box: npt.ArrayLike) -> FloatArray:
    corners = np.asarray(box, float)
    if corners.shape != (2, 3) or not np.isfinite(corners).all() or (corners[0] > corners[1]).any():
        raise ValueError(f"box is {corners.tolist()}, must be the lower and the upper corner of a box, in mm")
    return corners


def _told(point: FloatArray) -> str:
    return "({:.4g}, {:.4g}, {:.4g}) mm".format(*point)
