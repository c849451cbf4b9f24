"""Buckling by eigenvalues: where a frame, loaded as it is at rest, first has another way to go."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.sparse.linalg import LinearOperator, lobpcg

from simulate.mechanics.frame.equations import Equations, Factor
from simulate.mechanics.frame.model import State
from structgen.seeds import generator
from structgen.web import FloatArray

#: The probe's displacement over the mean length of beams: small, yet far above rounding.
PROBE = 1e-5
#: Vectors iterated beside the modes that are wanted.
GUARDS = 2
#: Shares of the load this far above 1 are not looked for.
MOST_SHARE = 1e6


def buckling(equations: Equations, modes: int = 1, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Shares ``(k,)`` of the load at which a frame buckles, rising, and modes ``(k, n, 6)`` of largest displacement 1.

    Linearised: (K_0 + s K_1) v = 0 with K_1 the rate at which the tangent changes along the straight path from rest,
    displacements before buckling included (B. Brendel, E. Ramm, Comput. Struct. 12 (1980) 549). As many as there are
    at shares > 0, ``modes`` at most; where the load only stiffens the frame there are none. ``seed``: of the start
    vector.
    """
    state = State.at_rest(equations.frame.pos)
    rest = equations.respond(state, 0.0)
    assert rest is not None
    none = np.zeros(0), np.zeros((0, equations.frame.n, 6))
    if equations.size <= modes + 1:
        return none
    factor = equations.factor(rest.values)
    along = -factor.solve(rest.rate)
    reach = max(float(np.abs(along).max()), float(np.abs(equations.drive).max()))
    if not reach > 0:
        return none
    probe = PROBE * equations.frame.size / reach
    sides = [equations.respond(equations.moved(state, side * along, side), side) for side in (probe, -probe)]
    assert sides[0] is not None and sides[1] is not None
    change = equations.matrix((sides[0].values - sides[1].values) / (2 * probe))
    found, vectors = _largest(-change, equations.matrix(rest.values), factor, modes, seed)
    good = np.flatnonzero(found > 1 / MOST_SHARE)
    shapes = np.array([_scaled(equations.spread(vectors[:, k])) for k in good])
    return 1 / found[good], shapes.reshape(-1, equations.frame.n, 6)


def _largest(change: Any, rest: Any, factor: Factor, modes: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """The largest m and vectors v of ``change`` v = m ``rest`` v, falling; by blocks, as several may be alike."""
    size = rest.shape[0]
    block = modes + GUARDS
    if size < 10 * block:
        values, vectors = eigh(change.toarray(), rest.toarray())
        return values[::-1][:modes], vectors[:, ::-1][:, :modes]
    start = factor.solve(generator(seed).normal(size=(size, block)))
    inverse = LinearOperator(rest.shape, matvec=factor.solve, matmat=factor.solve, dtype=float)
    tolerance = 1e-8 * np.abs(change.data).max() / np.sqrt(rest.diagonal().max())
    with warnings.catch_warnings():
        # Guard vectors need not converge.
        warnings.simplefilter("ignore", UserWarning)
        values, vectors = lobpcg(change, start, B=rest, M=inverse, largest=True, tol=tolerance, maxiter=100)
    order = np.argsort(-values)[:modes]
    return values[order], vectors[:, order]


def _scaled(shape: FloatArray) -> FloatArray:
    """``shape (n, 6)`` over its largest displacement, or where it only turns over its largest spin."""
    largest = np.linalg.norm(shape[:, :3], axis=1).max() or np.linalg.norm(shape[:, 3:], axis=1).max()
    # The sign of an eigenvector is chance: that of its largest entry is made > 0.
    scaled: FloatArray = shape / (largest * np.sign(shape.ravel()[np.abs(shape).argmax()]))
    return scaled
