"""The equilibrium of a frame that is held and loaded: equations in what is free, and their sparse tangent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import splu

from simulate.mechanics.frame.model import BoolArray, Frame, State
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray

#: A pivot this small, over the largest, is that of a motion that nothing resists.
NO_PIVOT = 1e-15
#: Relative error of differences of positions, of a few operations.
ROUNDING = 8 * float(np.finfo(float).eps)


class MechanismError(ValueError):
    """A frame that can move without resistance."""


@dataclass(frozen=True, eq=False)
class Response:
    """What a frame answers in a state, at a share of its load.

    ``energy`` stored, mJ; ``residual (k,)`` forces out of balance of what is free, N (moments over `Frame.size`);
    ``error``: the largest of them over the largest force at an end of a beam; ``rounding``: the error that rounding of
    positions makes, which only very slender beams show; ``conjugate``: the derivative of the
    energy by the share, of the held nodes that are driven, mJ; ``values``: of the tangent, see `Equations.factor`;
    ``rate (k,)``: the derivative of the residual by the share.
    """

    energy: float
    residual: FloatArray
    error: float
    rounding: float
    conjugate: float
    values: FloatArray
    rate: FloatArray

    def balanced(self, tolerance: float) -> bool:
        """Whether forces are in balance to ``tolerance``, or as well as rounding lets them."""
        return self.error <= max(tolerance, self.rounding)


class Factor:
    """A factorised symmetric matrix; ``ordered``: its rows are in a good order already."""

    def __init__(self, matrix: Any, ordered: bool = True) -> None:
        order = "NATURAL" if ordered else "MMD_AT_PLUS_A"
        self._factor = splu(matrix, permc_spec=order, diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        self._pivots: FloatArray | None = None

    def solve(self, right: FloatArray) -> FloatArray:
        """The solution for one or more right-hand sides."""
        found: FloatArray = self._factor.solve(right)
        return found

    @property
    def pivots(self) -> FloatArray:
        """Pivots of elimination in an order that keeps symmetry: as many are negative as eigenvalues are."""
        if self._pivots is None:
            self._pivots = np.array(self._factor.U.diagonal())
        return self._pivots

    @property
    def negative(self) -> int:
        """Number of directions in which equilibrium is not stable."""
        return int((self.pivots < 0).sum())


class Equations:
    """Equilibrium of ``frame``, held and loaded; all grows with one number, the share.

    Arguments:
        held: ``(n, 6)`` mask of displacements and spins that are prescribed.
        drive: ``(n, 3)`` displacement of held nodes at share 1, mm; 0 where nothing is held.
        load: ``(n, 6)`` forces, N, and moments, N mm, at share 1; they keep their direction.
    """

    def __init__(
        self, frame: Frame, held: BoolArray, drive: FloatArray | None = None, load: FloatArray | None = None
    ) -> None:
        self.frame = frame
        self.held = held
        n = frame.n
        self.drive = np.zeros((n, 6))
        if drive is not None:
            self.drive[:, :3] = drive
        self.unit = np.tile([1.0, 1, 1, frame.size, frame.size, frame.size], n)
        self.free = np.flatnonzero(~held.ravel())
        self.dofs = (6 * frame.ends.T[:, :, None] + np.arange(6)).reshape(frame.m, 12)
        self._scale = 1 / self.unit[:12]
        # Forces below this share of EA are nothing.
        self._least = 1e-12 * float((frame.stiff[:, 0] * frame.rest).max())
        if len(self.free):
            self.free = self.free[_order(self._nodes_joined())]
        self._pattern()
        self.load = np.zeros(len(self.free)) if load is None else (load.ravel() / self.unit)[self.free]

    def _nodes_joined(self) -> Any:
        """A matrix with the pattern of the tangent."""
        self._pattern()
        return self.matrix(np.ones(len(self._indices)))

    def _pattern(self) -> None:
        """Fix the sparsity pattern, and where in it each entry of a beam's tangent goes."""
        size = len(self.free)
        number = np.full(6 * self.frame.n, -1)
        number[self.free] = np.arange(size)
        number = number[self.dofs]
        row, column = np.repeat(number, 12, axis=1).ravel(), np.tile(number, 12).ravel()
        inside = (row >= 0) & (column >= 0)
        code, place = np.unique(column[inside] * size + row[inside], return_inverse=True)
        self._place = np.full(len(row), -1, np.int64)
        self._place[inside] = place
        self._indices = (code % size).astype(np.int32)
        self._indptr = np.searchsorted(code, np.arange(size + 1) * size).astype(np.int32)

    @property
    def size(self) -> int:
        """Number of free displacements and spins."""
        return len(self.free)

    def respond(self, state: State, share: float) -> Response | None:
        """The frame's answer; None where a beam is bent too far for its length."""
        found = self.frame.respond(state, 2)
        if found is None:
            return None
        energy, force, tangent = found
        force = force * self._scale
        gradient = np.bincount(self.dofs.ravel(), force.ravel(), minlength=6 * self.frame.n)
        residual = gradient[self.free] - share * self.load
        largest = max(float(np.abs(force).max()), float(np.abs(self.load).max(initial=0.0)) * abs(share))
        largest = max(largest, self._least)
        driven = self.drive.ravel()[self.dofs]
        rate = np.einsum("mab,mb->ma", tangent, driven) * self._scale
        rate = np.bincount(self.dofs.ravel(), rate.ravel(), minlength=6 * self.frame.n)[self.free] - self.load
        return Response(
            float(energy.sum()), residual, float(np.abs(residual).max(initial=0.0)) / largest,
            ROUNDING * float((self.frame.stiff[:, 0]).max() * np.abs(state.pos).max()) / largest,
            float(gradient @ self.drive.ravel()), self.assembled(tangent), rate,
        )  # fmt: skip

    def assembled(self, tangent: FloatArray) -> FloatArray:
        """Values of the sparse tangent for those of beams, ``tangent (m, 12, 12)``."""
        values = np.zeros(len(self._indices))
        scatter(tangent, self._scale, self._place, values)
        return values

    def matrix(self, values: FloatArray) -> Any:
        """The tangent ``(k, k)`` of `Response.values`, of displacements and spins times `Frame.size`, sparse."""
        return csc_array((values, self._indices, self._indptr), shape=(self.size, self.size))

    def factor(self, values: FloatArray) -> Factor:
        """The tangent factorised; `MechanismError` where it is singular."""
        try:
            return Factor(self.matrix(values))
        except RuntimeError:
            raise MechanismError("the frame can move without resistance") from None

    def moved(self, state: State, step: FloatArray, share: float) -> State:
        """``state`` moved by ``step (k,)`` of what is free (mm), and by ``share`` of the drive."""
        whole = share * self.drive.ravel()
        whole[self.free] += step
        return state.moved((whole / self.unit).reshape(-1, 6))

    def spread(self, step: FloatArray) -> FloatArray:
        """``(n, 6)`` displacement and spin of all nodes for ``step (k,)`` of what is free."""
        full = np.zeros(6 * self.frame.n)
        full[self.free] = step
        whole: FloatArray = (full / self.unit).reshape(-1, 6)
        return whole

    def check(self) -> None:
        """Raise `MechanismError`, naming a node, if the frame as it is at rest can move without resistance."""
        found = self.respond(State.at_rest(self.frame.pos), 0.0)
        assert found is not None
        if not self.size:
            return
        try:
            factor = self.factor(found.values)
            loose = factor.pivots.min() <= NO_PIVOT * factor.pivots.max()
        except MechanismError:
            loose = True
        if loose:
            raise MechanismError(
                f"web: it can move without resistance around node {self._loosest(found.values)}: a part of it is not "
                "held, or held so that it can turn or slide"
            )

    def _loosest(self, values: FloatArray) -> int:
        """The node that moves most in the softest motion."""
        matrix = self.matrix(values)
        weak = matrix.diagonal().max() * 1e-12
        factor = Factor(matrix + csc_array((np.full(self.size, weak), (range(self.size), range(self.size)))))
        motion = np.random.default_rng(0).normal(size=self.size)
        for _ in range(3):
            motion = factor.solve(motion)
            motion /= np.abs(motion).max()
        return int(np.abs(self.spread(motion) * self.unit.reshape(-1, 6)).max(axis=1).argmax())


def _order(pattern: Any) -> IntArray:
    """An order of elimination with little fill: minimum degree."""
    shifted = pattern + diags_array(np.full(pattern.shape[0], float(pattern.shape[0])))
    factor = splu(
        csc_array(shifted), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )
    return np.argsort(np.asarray(factor.perm_c, np.int64))


@compiled
def scatter(tangent: FloatArray, scale: FloatArray, place: IntArray, values: FloatArray) -> None:
    """Add ``tangent (m, 12, 12)``, rows and columns times ``scale (12,)``, to ``values`` where ``place`` says."""
    for m in range(len(tangent)):
        at = 144 * m
        for a in range(12):
            for b in range(12):
                to = place[at]
                if to >= 0:
                    values[to] += tangent[m, a, b] * scale[a] * scale[b]
                at += 1
