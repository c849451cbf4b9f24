"""Path data of SVG, the text in an attribute ``d``, as points.

After the W3C recommendation Scalable Vector Graphics 2, chapter 9, and its appendix B.2 for elliptical arcs.
"""

from __future__ import annotations

import cmath
import math
import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: Longer paths are refused.
MAX_SEGMENTS = 20_000
#: Larger numbers are refused; arcs of a smaller radius or shorter than that are straight.
MAX_NUMBER, MIN_RADIUS = 1e9, 1e-9
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
FLAG = re.compile("[01]")
SPACE = re.compile(r"[\s,]*")
#: Numbers that a command takes, by its letter; F is a flag of an arc, 0 or 1.
ARGUMENTS = {"M": "NN", "L": "NN", "H": "N", "V": "N", "C": "NNNNNN", "S": "NNNN", "Q": "NNNN", "T": "NN",
             "A": "NNNFFNN", "Z": ""}  # fmt: skip


@dataclass(frozen=True)
class Bezier:
    """A straight, quadratic or cubic segment: ``control`` points (2 to 4,), complex numbers x + i y."""

    control: tuple[complex, ...]

    def __call__(self, u: FloatArray) -> npt.NDArray[np.complex128]:
        """Points at the shares ``u`` (k,), by the method of de Casteljau."""
        rows = [np.full(u.shape, point, complex) for point in self.control]
        while len(rows) > 1:
            rows = [(1 - u) * a + u * b for a, b in pairwise(rows)]
        return rows[0]


@dataclass(frozen=True)
class Arc:
    """An elliptical segment about ``centre`` from angle ``start``, over ``sweep``, of an ellipse turned by ``turn``."""

    centre: complex
    rx: float
    ry: float
    turn: float
    start: float
    sweep: float

    def __call__(self, u: FloatArray) -> npt.NDArray[np.complex128]:
        """Points at the shares ``u`` (k,)."""
        angle = self.start + u * self.sweep
        ellipse = self.rx * np.cos(angle) + 1j * self.ry * np.sin(angle)
        return np.asarray(self.centre + cmath.exp(1j * self.turn) * ellipse)


Segment = Bezier | Arc


def strokes(d: str) -> list[list[Segment]]:
    """The segments of each stroke (sub-path) of path data ``d``; segments without length are left out.

    All commands are read, M L H V C S Q T A Z, absolute and relative. Raises `ValueError` that tells at which
    character the data are wrong.
    """
    found: list[list[Segment]] = []
    here = start = handle = 0j
    before = ""
    for letter, values in _commands(d):
        command, origin = letter.upper(), here if letter.islower() else 0j
        if command == "M":
            here = start = origin + complex(values[0], values[1])
            found.append([])
            before = command
            continue
        if before == "Z":
            found.append([])
        numbers = [complex(x, y) for x, y in zip(values[::2], values[1::2], strict=False)]
        if command == "H":
            end = complex(origin.real + values[0], here.imag)
        elif command == "V":
            end = complex(here.real, origin.imag + values[0])
        else:
            end = start if command == "Z" else origin + complex(*values[-2:])
        segment: Segment
        if command in "CS":
            first = origin + numbers[0] if command == "C" else 2 * here - handle if before in ("C", "S") else here
            handle = origin + numbers[-2]
            segment = Bezier((here, first, handle, end))
        elif command in "QT":
            handle = origin + numbers[0] if command == "Q" else 2 * here - handle if before in ("Q", "T") else here
            segment = Bezier((here, handle, end))
        elif command == "A":
            segment = _arc(here, end, *values[:5])
        else:
            segment = Bezier((here, end))
        if not (isinstance(segment, Bezier) and len(set(segment.control)) == 1):
            found[-1].append(segment)
        here, before = end, command
    return [stroke for stroke in found if stroke]


def flattened(stroke: list[Segment], pieces: int) -> FloatArray:
    """``(k, 2)`` points along ``stroke``: its corners, and steps on each segment of at most 1 / ``pieces`` of it."""
    coarse = np.linspace(0, 1, 33)
    sizes = np.array([np.abs(np.diff(segment(coarse))).sum() for segment in stroke])
    straight = [isinstance(segment, Bezier) and len(segment.control) == 2 for segment in stroke]
    steps = np.maximum(np.where(straight, 1, 16), np.ceil(pieces * sizes / max(sizes.sum(), MIN_RADIUS))).astype(int)
    rows = [segment(np.linspace(0, 1, n + 1)[1:]) for segment, n in zip(stroke, steps.tolist(), strict=True)]
    points = np.concatenate([stroke[0](np.zeros(1)), *rows])
    return np.column_stack([points.real, points.imag])


def _commands(d: str) -> list[tuple[str, list[float]]]:
    """Letters with their numbers; a letter that is left out is repeated, after M as L."""
    found: list[tuple[str, list[float]]] = []
    place = _skipped(d, 0)
    while place < len(d):
        letter = d[place]
        if letter.upper() not in ARGUMENTS:
            raise ValueError(f"path data have {d[place : place + 10]!r} at character {place + 1}, must be a command, "
                             f"one of {' '.join(ARGUMENTS)}")  # fmt: skip
        if not found and letter.upper() != "M":
            raise ValueError(f"path data begin with {letter!r}, must begin with M")
        place = _skipped(d, place + 1)
        while True:
            values, place = _values(d, place, letter)
            found.append((letter, values))
            if len(found) > MAX_SEGMENTS:
                raise ValueError(f"path data have over {MAX_SEGMENTS} segments, at most so many are read")
            if letter in "Zz" or place >= len(d) or not NUMBER.match(d, place):
                break
            letter = {"M": "L", "m": "l"}.get(letter, letter)
    return found


def _values(d: str, place: int, letter: str) -> tuple[list[float], int]:
    values: list[float] = []
    for kind in ARGUMENTS[letter.upper()]:
        match = (NUMBER if kind == "N" else FLAG).match(d, place)
        if match is None:
            wanted = f"number {len(values) + 1}" if kind == "N" else "a flag, 0 or 1,"
            if place >= len(d):
                raise ValueError(f"path data end where {wanted} of {letter!r} is expected")
            part = d[place : place + 10]
            raise ValueError(
                f"path data have {part!r} at character {place + 1}, where {wanted} of {letter!r} is expected"
            )
        value = float(match[0])
        if not abs(value) <= MAX_NUMBER:
            raise ValueError(
                f"path data have {match[0][:20]} at character {place + 1}, at most {MAX_NUMBER:g} is allowed"
            )
        values.append(value)
        place = _skipped(d, match.end())
    return values, place


def _skipped(d: str, place: int) -> int:
    match = SPACE.match(d, place)
    assert match is not None  # it matches nothing at least
    return match.end()


def _arc(start: complex, end: complex, rx: float, ry: float, degrees: float, large: float, sweep: float) -> Segment:
    """From end points to centre: SVG 2, appendix B.2.4 and, for radii that do not reach, B.2.5."""
    rx, ry = abs(rx), abs(ry)
    if min(rx, ry, abs(start - end)) < MIN_RADIUS * max(1.0, rx, ry):
        return Bezier((start, end))
    turn = math.radians(degrees)
    half = cmath.exp(-1j * turn) * (start - end) / 2
    unit = complex(half.real / rx, half.imag / ry)  # where the ellipse is the unit circle
    scale = max(1.0, abs(unit))
    rx, ry, unit = rx * scale, ry * scale, unit / scale
    offset = math.sqrt(max(0.0, 1 / abs(unit) ** 2 - 1)) * (1 if large != sweep else -1) * unit * -1j
    middle = complex(offset.real * rx, offset.imag * ry)
    centre = cmath.exp(1j * turn) * middle + (start + end) / 2
    first, last = cmath.phase(unit - offset), cmath.phase(-unit - offset)
    around = last - first
    if sweep and around < 0:
        around += 2 * math.pi
    if not sweep and around > 0:
        around -= 2 * math.pi
    return Arc(centre, rx, ry, turn, first, around)
