"""Curves from expressions."""

from __future__ import annotations

import numpy as np

from assembly.checks import number
from assembly.curves.curve import Curve
from structgen.expression import evaluate

#: Samples of a parametric curve: doubled from the first number until its length settles, at most to the last.
SAMPLES = (1025, 131073)


def parametric(x: str, y: str, z: str, t0: float = 0.0, t1: float = 1.0) -> Curve:
    """The curve of three expressions in ``t``, such as ``"10*cos(t)"``, in mm, for t from ``t0`` to ``t1`` > t0.

    What an expression may hold is told by `structgen.expression.evaluate`.
    """
    t0 = number("t0", t0, "finite")
    t1 = number("t1", t1, f"finite and > t0 = {t0:g}", lambda value: value > t0)
    samples, most = SAMPLES
    length = 0.0
    while True:
        t = np.linspace(t0, t1, samples)
        points = np.column_stack([evaluate(text, {"t": t}) for text in (x, y, z)])
        before, length = length, float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
        if abs(length - before) <= 1e-5 * length or samples >= most:
            return Curve(points)
        samples = 2 * samples - 1
