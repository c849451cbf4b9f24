"""Rows of numbers as text, compiled: a million lines a second and more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: Digits that bring any float32 back as it was.
DIGITS = 9
#: Characters that a number may take: sign, point, zeros in front, digits.
WIDEST = 28
#: Digits behind the point, at most: a power of ten that 64 bits hold.
MOST_PLACES = 18
#: Largest number that is written.
LARGEST = 1e15


def lines(between: Sequence[bytes], rows: npt.NDArray[Any]) -> memoryview:
    """``rows (n, k)`` as text: of each row ``between[0]``, its first number, ``between[1]``, ... ``between[k]``.

    Numbers have nine significant digits and no exponent; what is smaller than 1e-18 is 0. Raises `ValueError` for
    numbers that are not finite or beyond 1e15.
    """
    if len(rows) and not np.abs(rows).max() < LARGEST:
        raise ValueError(f"a number to be written is not finite or not below {LARGEST:g}")
    texts = np.frombuffer(b"".join(between), np.uint8)
    ends = np.cumsum([len(text) for text in between])
    out = np.empty(len(rows) * (len(texts) + WIDEST * rows.shape[1]), np.uint8)
    if rows.dtype.kind in "iu":
        used = _whole(texts, ends, np.ascontiguousarray(rows, np.int64), out)
    else:
        used = _decimal(texts, ends, np.ascontiguousarray(rows, np.float64), out)
    return out[:used].data


@compiled
def _put(out: npt.NDArray[np.uint8], at: int, value: np.int64 | int) -> int:
    """The digits of a whole number >= 0."""
    first = at
    while True:
        out[at] = 48 + value % 10
        at += 1
        value //= 10
        if value == 0:
            break
    i, j = first, at - 1
    while i < j:
        out[i], out[j] = out[j], out[i]
        i += 1
        j -= 1
    return at


@compiled
def _copied(out: npt.NDArray[np.uint8], at: int, texts: npt.NDArray[np.uint8], t: int, end: int) -> tuple[int, int]:
    """Copy the text from ``t`` to ``end``; where both stand then."""
    while t < end:
        out[at] = texts[t]
        at += 1
        t += 1
    return at, t


@compiled
def _whole(texts: npt.NDArray[np.uint8], ends: IntArray, rows: IntArray, out: npt.NDArray[np.uint8]) -> int:
    at = 0
    for r in range(len(rows)):
        t = 0
        for c in range(rows.shape[1] + 1):
            at, t = _copied(out, at, texts, t, ends[c])
            if c < rows.shape[1]:
                value = rows[r, c]
                if value < 0:
                    out[at] = 45
                    at += 1
                    value = -value
                at = _put(out, at, value)
    return at


@compiled
def _decimal(texts: npt.NDArray[np.uint8], ends: IntArray, rows: FloatArray, out: npt.NDArray[np.uint8]) -> int:
    at = 0
    for r in range(len(rows)):
        t = 0
        for c in range(rows.shape[1] + 1):
            at, t = _copied(out, at, texts, t, ends[c])
            if c == rows.shape[1]:
                continue
            size = abs(rows[r, c])
            places, power = DIGITS, 1e9
            limit = 1.0
            while limit <= size and places > 0:
                limit *= 10.0
                places -= 1
                power /= 10.0
            small = size
            while 0.0 < small < 0.1 and places < MOST_PLACES:
                small *= 10.0
                places += 1
                power *= 10.0
            scaled = np.int64(size * power + 0.5)
            while places > 0 and scaled % 10 == 0:
                scaled //= 10
                places -= 1
            if rows[r, c] < 0 and scaled > 0:
                out[at] = 45
                at += 1
            unit = np.int64(1)
            for _ in range(places):
                unit *= 10
            at = _put(out, at, scaled // unit)
            if places > 0:
                out[at] = 46
                at += 1
                rest = scaled % unit
                for p in range(places - 1, -1, -1):
                    out[at + p] = 48 + rest % 10
                    rest //= 10
                at += places
    return at
