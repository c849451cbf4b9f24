"""Curves from SVG: path data, or a path of an SVG file."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from assembly.checks import number
from assembly.curves.curve import Curve, check_length
from assembly.curves.svg_path import Segment, flattened, strokes
from assembly.curves.through import PIECES, divided
from structgen.files import check_readable

FloatArray = npt.NDArray[np.float64]

#: Larger files are refused, bytes; and files with more characters of path data, or elements nested deeper.
MAX_BYTES = 20 * 2**20
MAX_PATH_DATA, MAX_DEPTH = 4_000_000, 200
#: Millimetres in a unit of length; without a unit lengths are in pixels, 96 an inch.
UNITS = {"mm": 1.0, "cm": 10.0, "q": 0.25, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "px": 25.4 / 96, "": 25.4 / 96}
#: Elements whose content is not drawn where it stands.
NOT_DRAWN = ("defs", "symbol", "clipPath", "mask", "marker", "pattern")
REFUSED = ("script", "foreignObject")
LENGTH = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?\s*([a-z]*)\s*")
TRANSFORM = re.compile(r"[\s,]*([A-Za-z]+)\s*\(([^()]*)\)[\s,]*")


@dataclass(frozen=True)
class DrawnPath:
    """A path of an SVG file: its ``id`` (empty without one), its data ``d``, and ``to_mm``, the ``(2, 3)`` map of its
    units to mm.
    """

    id: str
    d: str
    to_mm: FloatArray


def svg_path(d: str, size: float | None = None) -> Curve:
    """The curve of SVG path data such as ``"M 0 0 C 20 0 20 30 40 30"``, one stroke in the plane z = 0.

    As it looks on the screen, y upwards, its box beginning at the origin. Units are mm, or as large as makes the
    longer side of the box ``size`` mm. Raises `ValueError` for data that are wrong or have several strokes.
    """
    size = _checked_size(size)
    found = strokes(d)
    if len(found) != 1:
        raise ValueError(f"path data have {len(found)} strokes, a curve must be one: M once, then other commands")
    return _drawn(flattened(found[0], PIECES), size)


def svg_curve(file: str | Path, path: str | int | None = None, size: float | None = None) -> Curve:
    """The curve of a path in an SVG ``file``, as `svg_path`; its units, viewBox and transformations are heard.

    Arguments:
        path: its id, or the number of the stroke among all strokes of the file, from 1; not needed if there is one.
        size: the longer side of its box in mm instead of the size in the file.

    Nothing in the file is executed or fetched: one with scripts, entities or references to other files is refused.
    Raises `FileNotFoundError`, or `ValueError` in one line that begins with the file.
    """
    file, size = Path(file), _checked_size(size)
    check_readable(file, MAX_BYTES)
    try:
        return _drawn(_chosen(read_paths(file.read_bytes()), None if path is None else str(path)), size)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None


def read_paths(data: bytes) -> list[DrawnPath]:
    """The paths drawn in the SVG document ``data``, in their order."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:  # LookupError: an unknown encoding
        raise ValueError(f"not XML ({error})") from None
    return reader.paths


class _Reader:
    """Collects the paths of a document element by element, with the transformations they stand in."""

    def __init__(self) -> None:
        self.paths: list[DrawnPath] = []
        self._maps: list[FloatArray] = []
        self._characters = 0
        self._hidden = 0  # elements that are open and not drawn

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if not self._maps and tag != "svg":
            raise ValueError(f"begins with <{tag}>, must be SVG")
        if tag in REFUSED or (self._maps and tag == "svg"):
            raise ValueError(f"holds <{tag}>, which is not taken: save it as plain SVG")
        if len(self._maps) >= MAX_DEPTH:
            raise ValueError(f"has elements nested more than {MAX_DEPTH} deep")
        for key, value in attributes.items():
            plain = key.rpartition(" ")[2]
            if plain == "href" and not value.lstrip().startswith(("#", "data:")) and tag != "a":
                raise ValueError(f"<{tag}> refers to another file, {value[:60]!r}, which is not taken")
        around = self._maps[-1] if self._maps else _page(attributes)
        self._maps.append(_composed(around, _transformation(attributes.get("transform", ""))))
        self._hidden += tag in NOT_DRAWN
        if tag == "path" and not self._hidden and attributes.get("d", "").strip():
            self._characters += len(attributes["d"])
            if self._characters > MAX_PATH_DATA:
                raise ValueError(f"has over {MAX_PATH_DATA} characters of path data")
            self.paths.append(DrawnPath(attributes.get("id", ""), attributes["d"], self._maps[-1]))

    def end(self, name: str) -> None:
        self._maps.pop()
        self._hidden -= name.rpartition(" ")[2] in NOT_DRAWN

    def doctype(self, _name: str, _system: str | None, _public: str | None, declares: bool) -> None:
        if declares:
            raise ValueError("declares entities or the like in its DOCTYPE, which is not taken: save it as plain SVG")


def _chosen(paths: list[DrawnPath], path: str | None) -> FloatArray:
    """``(k, 2)`` points in mm of the stroke that ``path``, an id or a number, names."""
    if not paths:
        raise ValueError("draws no <path>; an editor turns other objects into paths")
    found = [(drawn, stroke) for drawn in paths for stroke in _strokes(drawn)]
    ids = [drawn.id for drawn, _ in found]
    numbers = [str(k) for k in range(1, len(found) + 1)]
    if path is None and len(found) == 1:
        chosen = 0
    elif path is not None and ids.count(path) == 1:
        chosen = ids.index(path)
    elif path is not None and path in ids:
        own = [n for n, id in zip(numbers, ids, strict=True) if id == path]
        raise ValueError(f"path {path!r} has {len(own)} strokes; name one by its number, {own[0]} to {own[-1]}")
    elif path in numbers:
        chosen = numbers.index(path)
    else:
        named = ", ".join([id for id in dict.fromkeys(ids) if id][:10])
        wanted = f"a number in 1..{len(found)}" + (f" or an id: {named}" if named else "")
        raise ValueError(f"has {len(found)} strokes; path is {path!r}, must be {wanted}")
    drawn, stroke = found[chosen]
    points = flattened(stroke, PIECES)
    return np.asarray(points @ drawn.to_mm[:, :2].T + drawn.to_mm[:, 2])


def _strokes(drawn: DrawnPath) -> list[list[Segment]]:
    try:
        return strokes(drawn.d)
    except ValueError as error:
        raise ValueError(f"path {drawn.id!r}: {error}" if drawn.id else str(error)) from None


def _drawn(points: FloatArray, size: float | None) -> Curve:
    """The curve through ``points`` (k, 2), y turned upwards and its box at the origin."""
    low, high = points.min(axis=0), points.max(axis=0)
    longer = float((high - low).max())
    check_length(longer)
    scale = 1.0 if size is None else size / longer
    flat = np.column_stack([points[:, 0] - low[0], high[1] - points[:, 1]]) * scale
    return Curve(divided(np.column_stack([flat, np.zeros(len(flat))]), PIECES))


def _checked_size(size: float | None) -> float | None:
    return None if size is None else number("size", size, "> 0 mm", lambda value: value > 0)


def _page(attributes: Mapping[str, str]) -> FloatArray:
    """The map of user units to mm by ``width``, ``height``, ``viewBox`` and ``preserveAspectRatio`` of <svg>."""
    unit = UNITS["px"]
    if "viewBox" not in attributes:
        return np.array([[unit, 0, 0], [0, unit, 0]])
    box = _numbers(attributes["viewBox"])
    if len(box) != 4 or not (box[2] > 0 and box[3] > 0):
        raise ValueError(f"viewBox is {attributes['viewBox'][:60]!r}, must be four numbers, the last two > 0")
    sides = _length(attributes.get("width", "")), _length(attributes.get("height", ""))
    scales = [side / extent for side, extent in zip(sides, box[2:], strict=True) if side is not None]
    if len(scales) == 2 and attributes.get("preserveAspectRatio", "").strip() == "none":
        return np.array([[scales[0], 0, 0], [0, scales[1], 0]])
    least = min(scales, default=unit)
    return np.array([[least, 0, 0], [0, least, 0]])


def _length(text: str) -> float | None:
    """``text`` in mm; None where it is a share of a page or left out."""
    match = LENGTH.fullmatch(text.lower())
    if match is None or match[3] not in UNITS:
        return None
    value = float(match[1] + (match[2] or "")) * UNITS[match[3]]
    return value if 0 < value < math.inf else None


def _transformation(text: str) -> FloatArray:
    """The ``(2, 3)`` map of the attribute ``transform``; CSS Transforms 1, chapter 8."""
    total, place = np.eye(2, 3), 0
    while place < len(text):
        match = TRANSFORM.match(text, place)
        if match is None:
            raise ValueError(f"transform {text[:60]!r} cannot be read")
        total = _composed(total, _step(match[1], _numbers(match[2]), text))
        place = match.end()
    return total


def _step(name: str, values: list[float], text: str) -> FloatArray:
    match name, values:
        case "matrix", [a, b, c, d, e, f]:
            return np.array([[a, c, e], [b, d, f]])
        case "translate", [x, *rest] if len(rest) <= 1:
            return np.array([[1, 0, x], [0, 1, rest[0] if rest else 0.0]])
        case "scale", [x, *rest] if len(rest) <= 1:
            return np.array([[x, 0, 0], [0, rest[0] if rest else x, 0]])
        case "rotate", [degrees, *rest] if len(rest) in (0, 2):
            c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            x, y = rest or (0.0, 0.0)
            return np.array([[c, -s, x - c * x + s * y], [s, c, y - s * x - c * y]])
        case "skewX", [degrees]:
            return np.array([[1, math.tan(math.radians(degrees)), 0], [0, 1, 0]])
        case "skewY", [degrees]:
            return np.array([[1, 0, 0], [math.tan(math.radians(degrees)), 1, 0]])
    raise ValueError(f"transform {text[:60]!r}: {name} with {len(values)} number(s) is not known")


def _numbers(text: str) -> list[float]:
    try:
        values = [float(part) for part in re.split(r"[\s,]+", text.strip()) if part]
    except ValueError:
        raise ValueError(f"{text[:60]!r} must hold numbers") from None
    if not all(abs(value) <= 1e9 for value in values):
        raise ValueError(f"{text[:60]!r} holds a number that is not finite or too large")
    return values


def _composed(outer: FloatArray, inner: FloatArray) -> FloatArray:
    """The map that does ``inner`` first, then ``outer``; both ``(2, 3)``."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])
