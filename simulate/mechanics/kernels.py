"""Inner loops over the threads of a net, compiled by numba: energy, forces, stiffness.

``laws`` is the tuple of `tables`: for each law its rows in one array after another. A thread's stress s at strain e is
that of its law, with the corner at e = 0 rounded over ``rounding`` (a share of strain); to its tension comes ``hold``,
which grows with length alone: hold * (1 + e). The first keeps Newton's method quadratic where threads go slack, the
second keeps slack parts from floating; both keep the energy convex.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from simulate.mechanics.law import Law
from structgen.compiled import compiled

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
#: Stress that the rounding gives a thread at rest, over that at break, at most.
AT_REST = 0.002
Laws = tuple[IntArray, FloatArray, FloatArray, FloatArray, FloatArray]


def tables(laws: Sequence[Law], rounding: float) -> Laws:
    """``laws`` for the kernels: first rows ``(k + 1,)``, strains, stresses, energies, and ``(k,)`` rounding."""
    first = np.cumsum([0, *(len(law.strain) for law in laws)])
    columns = [np.concatenate(rows) for rows in zip(*((law.strain, law.stress, law.work) for law in laws), strict=True)]
    # Within the rounding a law must be straight, and the stress that it gives a thread at rest must be small.
    narrow = np.array([min(rounding, law.strain[1], 4 * AT_REST * law.strength / law.modulus) for law in laws])
    return first.astype(np.int64), columns[0], columns[1], columns[2], narrow


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
    first, strains, stresses, works, rounding = laws
    gradient[:] = 0.0
    energy = 0.0
    for e in range(len(rest)):
        # Numbers without sign are never counted from the end, which the compiler would have to look at.
        i, j = np.uint64(ends[0, e]), np.uint64(ends[1, e])
        x, y = pos[j, 0] - pos[i, 0], pos[j, 1] - pos[i, 1]
        z = pos[j, 2] - pos[i, 2] if dim == 3 else 0.0
        squared = x * x + y * y + z * z
        length = np.sqrt(squared)
        at_rest = 1.0 / rest[e]
        stretch = length * at_rest - 1.0
        strain[e] = stretch
        if not alive[e]:
            tension[e] = slope[e] = 0.0
            continue
        k = np.uint64(law[e])
        # The law, here and not in a function: on each call numba counts who holds the arrays, which takes the longest.
        low, above, width = first[k], first[k + np.uint64(1)] - 1, rounding[k]
        modulus = stresses[low + 1] / strains[low + 1]
        if stretch < width:
            over = max(stretch + width, 0.0)
            tangent = modulus * over / (2 * width)
            stress = tangent * over / 2
            work = stress * over / 3
        else:
            rounded = modulus * width * width / 6
            while above - low > 1:
                middle = (low + above) // 2
                if strains[middle] <= stretch:
                    low = middle
                else:
                    above = middle
            tangent = (stresses[low + 1] - stresses[low]) / (strains[low + 1] - strains[low])
            beyond = stretch - strains[low]
            work = works[low] + beyond * (stresses[low] + tangent * beyond / 2) + rounded
            stress = stresses[low] + tangent * beyond
        pull = area[e] * stress
        tension[e] = pull
        slope[e] = area[e] * tangent * at_rest
        density = hold[e] * at_rest
        energy += area[e] * rest[e] * work + density * (squared - rest[e] * rest[e]) / 2
        if length > 0:
            density += pull / length
        gradient[j, 0] += density * x
        gradient[i, 0] -= density * x
        gradient[j, 1] += density * y
        gradient[i, 1] -= density * y
        if dim == 3:
            gradient[j, 2] += density * z
            gradient[i, 2] -= density * z
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


@compiled
def foreseen(
    pos: FloatArray, ends: IntArray, alive: npt.NDArray[np.bool_], tension: FloatArray, slope: FloatArray,
    move: FloatArray, taken: FloatArray,
) -> None:  # fmt: skip
    """Fill ``taken (m,)`` with the size of the force of each thread after ``move (n, d)``, to first order, N.

    Across a thread the force changes with the tension ``taken`` before, along it with ``slope``, see `forces`.
    """
    dim = pos.shape[1]
    for e in range(len(taken)):
        if not alive[e]:
            taken[e] = 0.0
            continue
        i, j = ends[0, e], ends[1, e]
        squared, dot, moved = 0.0, 0.0, 0.0
        for a in range(dim):
            along, change = pos[j, a] - pos[i, a], move[j, a] - move[i, a]
            squared += along**2
            dot += along * change
            moved += change**2
        if squared == 0:
            taken[e] = tension[e]
            continue
        across = max(moved - dot * dot / squared, 0.0) * taken[e] ** 2 / squared
        taken[e] = np.sqrt((tension[e] + slope[e] * dot / np.sqrt(squared)) ** 2 + across)


@compiled
def largest(gradient: FloatArray, held: npt.NDArray[np.bool_]) -> float:
    """The largest net force, N, at a node that is not ``held (n,)``; 0 for none."""
    most = 0.0
    for i in range(len(gradient)):
        if not held[i]:
            squared = 0.0
            for a in range(gradient.shape[1]):
                squared += gradient[i, a] ** 2
            # What is not a number stays.
            if squared > most or np.isnan(squared):
                most = squared
    return float(np.sqrt(most))
