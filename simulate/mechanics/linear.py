"""Linear systems of Newton steps: factorised, or by conjugate gradients preconditioned by an older factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from simulate.mechanics.kernels import FloatArray, IntArray, multiply

#: Up to so many unknowns `qdldl`, where installed, factorises faster than SuperLU (measured).
QDLDL_UNKNOWNS = 60_000
#: Up to so many unknowns a factor is made for every step: it costs no more than a few iterations.
ALWAYS_FACTORISE = 30_000
#: So many iterations with an old factor, and it is renewed.
MOST_ITERATIONS = 25


class Factors:
    """Symmetric positive definite systems of one sparsity pattern.

    Arguments:
        indices, indptr: of the upper triangle, compressed sparse columns, see `kernels.pattern`.
    """

    def __init__(self, indices: IntArray, indptr: IntArray) -> None:
        self.indices, self.indptr = indices, indptr
        self.size = len(indptr) - 1
        self.made = 0
        self._failed = self._wait = 0
        self._solve: Callable[[FloatArray], FloatArray] | None = None
        self._qdldl: Any = None
        self._direct = self._qdldl_factor if self.size <= QDLDL_UNKNOWNS and has_qdldl() else self._superlu_factor
        self._full: tuple[IntArray, IntArray, IntArray] | None = None

    def solve(self, values: FloatArray, right: FloatArray, tolerance: float) -> FloatArray:
        """The solution for the matrix ``values``, to a residual of ``tolerance`` of that of zero."""
        if self._solve is not None and self.size > ALWAYS_FACTORISE:
            if self._wait > 0:
                # Where old factors did not help of late they are tried less often.
                self._wait -= 1
            else:
                found = self._iterated(self._solve, values, right, tolerance)
                self._failed = 0 if found is not None else min(self._failed + 1, 3)
                self._wait = 2**self._failed - 1
                if found is not None:
                    return found
        self.factorise(values)
        return self.last(right)

    def factorise(self, values: FloatArray) -> None:
        """Renew the factor."""
        self._solve = None
        self._solve = self._direct(values)
        self.made += 1

    def last(self, right: FloatArray) -> FloatArray:
        """The solution for the matrix that was factorised last."""
        assert self._solve is not None
        return self._solve(right)

    @property
    def ready(self) -> bool:
        """Whether there is a factor."""
        return self._solve is not None

    def _iterated(
        self, precondition: Callable[[FloatArray], FloatArray], values: FloatArray, right: FloatArray, tolerance: float
    ) -> FloatArray | None:
        """Preconditioned conjugate gradients; None where they take too many iterations."""
        solution, residual = np.zeros_like(right), right.copy()
        image = np.empty_like(right)
        size = float(np.linalg.norm(right))
        goal = tolerance * size
        direction = precondition(residual)
        product = float(residual @ direction)
        for iteration in range(1, MOST_ITERATIONS + 1):
            multiply(self.indptr, self.indices, values, direction, image)
            curvature = float(direction @ image)
            if not curvature > 0:
                return None
            solution += product / curvature * direction
            residual -= product / curvature * image
            left = float(np.linalg.norm(residual))
            if left <= goal:
                return solution
            # At this rate it would not be reached.
            if iteration >= 8 and np.log(left / size) * MOST_ITERATIONS > np.log(goal / size) * iteration:
                return None
            conditioned = precondition(residual)
            product, before = float(residual @ conditioned), product
            direction = conditioned + product / before * direction
        return None

    def _qdldl_factor(self, values: FloatArray) -> Callable[[FloatArray], FloatArray]:
        import qdldl

        if self._qdldl is None:
            self._upper = csc_array((values.copy(), self.indices, self.indptr), shape=(self.size, self.size))
            self._qdldl = qdldl.Solver(self._upper, upper=True)
        else:
            self._upper.data[:] = values
            self._qdldl.update(self._upper, upper=True)
        solve: Callable[[FloatArray], FloatArray] = self._qdldl.solve
        return solve

    def _superlu_factor(self, values: FloatArray) -> Callable[[FloatArray], FloatArray]:
        indices, indptr, source = self._full_pattern()
        matrix = csc_array((values[source], indices, indptr), shape=(self.size, self.size))
        factor = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        solve: Callable[[FloatArray], FloatArray] = factor.solve
        return solve

    def _full_pattern(self) -> tuple[IntArray, IntArray, IntArray]:
        """Pattern of both triangles, and which entry of the upper one is at each place."""
        if self._full is None:
            column = np.repeat(np.arange(self.size), np.diff(self.indptr))
            mirrored = np.flatnonzero(self.indices != column)
            rows = np.concatenate([self.indices, column[mirrored]])
            columns = np.concatenate([column, self.indices[mirrored]])
            source = np.concatenate([np.arange(len(column)), mirrored])
            order = np.lexsort((rows, columns))
            indptr = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=self.size))])
            self._full = rows[order].astype(np.int32), indptr.astype(np.int32), source[order]
        return self._full


def has_qdldl() -> bool:
    """Whether `qdldl` (extra ``mechanics``) is installed."""
    try:
        import qdldl  # noqa: F401
    except ImportError:
        return False
    return True


def norm(values: npt.NDArray[np.float64]) -> float:
    """The largest length of the rows of ``values``; 0 for none."""
    return float(np.sqrt((values**2).sum(axis=1).max(initial=0.0)))
