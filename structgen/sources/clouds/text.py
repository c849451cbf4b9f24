"""Points as text, one a line."""

from __future__ import annotations

import itertools
from pathlib import Path

from structgen.sources.clouds.fields import MAX_POINTS, FloatArray, count, numbers


def read(path: Path) -> FloatArray:
    """See `structgen.sources.clouds.read_cloud`."""
    with path.open(encoding="latin-1") as stream:
        lines = (line for line in stream if line.strip() and not line.lstrip().startswith(("#", "//")))
        first = next(lines, "")
        stated = None
        if len(first.split()) == 1 and first.strip().isdigit():
            stated, first = count(first.strip(), "number of points"), next(lines, "")
        delimiter = next((mark for mark in (",", ";") if mark in first), None)
        words = first.split(delimiter)
        if len(words) >= 3 and not any(map(_is_number, words[:3])):
            first = next(lines, "")
            words = first.split(delimiter)
        if len(words) < 3:
            raise ValueError(f"its first line with a point is {first.strip()[:60]!r}, must have at least x y z")
        found = numbers(itertools.chain([first], lines), (0, 1, 2), None, delimiter)
    if len(found) > MAX_POINTS or stated not in (None, len(found)):
        raise ValueError(f"it states {stated} points, but holds {len(found)}")
    return found


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
