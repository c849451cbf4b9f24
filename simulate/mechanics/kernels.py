"""Inner loops over the threads of a net, compiled by numba: energy, forces, stiffness.

``laws`` is the tuple of `tables`: for each law its rows in one array after another. A thread's stress s at strain e is
that of its law, with the corner at e = 0 rounded over ``rounding`` (a share of strain); to its tension comes ``hold``,
which grows with length alone: hold * (1 + e). The first keeps Newton's method quadratic where threads go slack, the
second keeps slack parts from floating; both keep the energy convex.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from simulate.mechanics.law import Law

F = TypeVar("F", bound=Callable[..., Any])
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
#: Stress that the rounding gives a thread at rest, over that at break, at most.
AT_REST = 0.002
Laws = tuple[IntArray, FloatArray, FloatArray, FloatArray, FloatArray]


def compiled(function: F) -> F:
    """``function`` compiled on its first call, once on a machine; sums are not reordered."""
    wrapped: Any = numba.njit(cache=True, nogil=True)(function)
    return cast(F, wrapped)


def tables(laws: Sequence[Law], rounding: float) -> Laws:
    """``laws`` for the kernels: first rows ``(k + 1,)``, strains, stresses, energies, and ``(k,)`` rounding."""
    first = np.cumsum([0, *(len(law.strain) for law in laws)])
    columns = [np.concatenate(rows) for rows in zip(*((law.strain, law.stress, law.work) for law in laws), strict=True)]
    # Within the rounding a law must be straight, and the stress that it gives a thread at rest must be small.
    narrow = np.array([min(rounding, law.strain[1], 4 * AT_REST * law.strength / law.modulus) for law in laws])
    return first.astype(np.int64), columns[0], columns[1], columns[2], narrow


@compiled
def respond(strain: float, law: int, laws: Laws) -> tuple[float, float, float]:
    """Energy over volume, stress and slope of ``law`` at ``strain``."""
    first, strains, stresses, works, rounding = laws
    low, high = first[law], first[law + 1]
    width = rounding[law]
    if strain < width:
        if strain <= -width:
            return 0.0, 0.0, 0.0
        modulus = stresses[low + 1] / strains[low + 1]
        over = strain + width
        return modulus * over**3 / (12 * width), modulus * over * over / (4 * width), modulus * over / (2 * width)
    above = high - 1
    while above - low > 1:
        middle = (low + above) // 2
        if strains[middle] <= strain:
            low = middle
        else:
            above = middle
    slope = (stresses[low + 1] - stresses[low]) / (strains[low + 1] - strains[low])
    beyond = strain - strains[low]
    row = first[law]
    rounded = stresses[row + 1] / strains[row + 1] * width * width / 6
    return works[low] + beyond * (stresses[low] + slope * beyond / 2) + rounded, stresses[low] + slope * beyond, slope


@compiled
def forces(
    pos: FloatArray, ends: IntArray, rest: FloatArray, area: FloatArray, law: IntArray, laws: Laws, hold: FloatArray,
    alive: npt.NDArray[np.bool_], gradient: FloatArray, strain: FloatArray, tension: FloatArray, slope: FloatArray,
) -> float:  # fmt: skip
    """Energy, mJ, of the net at ``pos (n, d)``; fills the others.

    ``gradient (n, d)``: the force, N, that must be applied at each node; ``strain (m,)``; ``tension (m,)``, N, of the
    laws alone; ``slope (m,)``: of tension by length, N/mm. ``hold (m,)``: N.
    """
    dim = pos.shape[1]
    gradient[:] = 0.0
    energy = 0.0
    for e in range(len(rest)):
        i, j = ends[0, e], ends[1, e]
        squared = 0.0
        for a in range(dim):
            squared += (pos[j, a] - pos[i, a]) ** 2
        length = np.sqrt(squared)
        strain[e] = length / rest[e] - 1.0
        if not alive[e]:
            tension[e] = slope[e] = 0.0
            continue
        work, stress, tangent = respond(strain[e], law[e], laws)
        tension[e] = area[e] * stress
        slope[e] = area[e] * tangent / rest[e]
        density = hold[e] / rest[e]
        energy += area[e] * rest[e] * work + density * (squared - rest[e] ** 2) / 2
        if length > 0:
            density += tension[e] / length
        for a in range(dim):
            force = density * (pos[j, a] - pos[i, a])
            gradient[j, a] += force
            gradient[i, a] -= force
    return energy


@compiled
def stiffness(
    pos: FloatArray, ends: IntArray, rest: FloatArray, hold: FloatArray, alive: npt.NDArray[np.bool_],
    tension: FloatArray, slope: FloatArray, free: IntArray, diagonal: FloatArray, across: FloatArray,
) -> None:  # fmt: skip
    """Fill the blocks of the stiffness: ``diagonal (free, d, d)`` of free nodes, ``across (m, d, d)`` of threads.

    ``free (n,)``: number of each node among the unknowns, or -1. Nodes that no thread holds get a unit block.
    """
    dim = pos.shape[1]
    diagonal[:] = 0.0
    across[:] = 0.0
    along = np.zeros(dim)
    for e in range(len(rest)):
        if not alive[e]:
            continue
        i, j = ends[0, e], ends[1, e]
        squared = 0.0
        for a in range(dim):
            along[a] = pos[j, a] - pos[i, a]
            squared += along[a] ** 2
        density, axial = hold[e] / rest[e], 0.0
        if squared > 0:
            sideways = tension[e] / np.sqrt(squared)
            density += sideways
            axial = (slope[e] - sideways) / squared
        for a in range(dim):
            for b in range(dim):
                entry = axial * along[a] * along[b]
                if a == b:
                    entry += density
                if free[i] >= 0:
                    diagonal[free[i], a, b] += entry
                if free[j] >= 0:
                    diagonal[free[j], a, b] += entry
                across[e, a, b] = -entry
    for k in range(len(diagonal)):
        if diagonal[k, 0, 0] == 0:
            for a in range(dim):
                diagonal[k, a, a] = 1.0


@compiled
def stretched(
    pos: FloatArray, ends: IntArray, rest: FloatArray, hold: FloatArray, alive: npt.NDArray[np.bool_],
    tension: FloatArray, slope: FloatArray, motion: FloatArray, result: FloatArray,
) -> None:  # fmt: skip
    """Fill ``result (n, d)``, the change of the gradient in ``forces`` for a small ``motion (n, d)`` of the nodes."""
    dim = pos.shape[1]
    result[:] = 0.0
    for e in range(len(rest)):
        if not alive[e]:
            continue
        i, j = ends[0, e], ends[1, e]
        squared, dot = 0.0, 0.0
        for a in range(dim):
            along = pos[j, a] - pos[i, a]
            squared += along**2
            dot += along * (motion[j, a] - motion[i, a])
        density, axial = hold[e] / rest[e], 0.0
        if squared > 0:
            sideways = tension[e] / np.sqrt(squared)
            density += sideways
            axial = (slope[e] - sideways) * dot / squared
        for a in range(dim):
            change = density * (motion[j, a] - motion[i, a]) + axial * (pos[j, a] - pos[i, a])
            result[j, a] += change
            result[i, a] -= change
