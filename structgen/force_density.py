"""Equilibrium of a cable net by force densities, shared by web building and virtual tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu, spsolve


def equilibrium(
    pos: npt.ArrayLike,
    edge_index: npt.ArrayLike,
    force_density: npt.ArrayLike,
    fixed: npt.ArrayLike,
    symmetric: bool = False,
) -> npt.NDArray[np.float64]:
    """Positions at which every free node is in equilibrium: sum_j q_ij (x_j - x_i) = 0.

    Arguments:
        pos: ``(n, 3)`` positions; the rows of fixed nodes are kept.
        edge_index: ``(2, m)`` node numbers.
        force_density: tension over length of each edge, one number or ``(m,)``, > 0.
        fixed: node numbers or an ``(n,)`` mask of the nodes held in place.
        symmetric: factorise with an ordering for symmetric matrices: several times as fast for thousands of nodes.
            Not the default, since the last bits differ and the shipped model's webs are to be made again bit by bit.

    Returns ``(n, 3)``. Raises `ValueError` if a part of the web holds no fixed node (it would fall
    together to a point). Linear force density method: H.-J. Schek, Comput. Methods Appl. Mech. Eng.
    3 (1974) 115.
    """
    pos = np.asarray(pos, float)
    i, j = np.asarray(edge_index)
    n = len(pos)
    q = np.asarray(force_density)
    if q.dtype.kind not in "iuf" or q.shape not in ((), i.shape):
        raise ValueError(f"force_density has shape {q.shape}, must be one number or {i.shape}, one an edge")
    q = np.broadcast_to(q.astype(float), i.shape)
    bad = ~(np.isfinite(q) & (q > 0))
    if bad.any():
        raise ValueError(f"force_density row {bad.argmax()} is {q[bad.argmax()]}: must be finite and > 0")
    held = np.zeros(n, bool)
    held[numbers(fixed, n, "fixed")] = True
    adjacency: csr_array = coo_array(
        (np.tile(q, 2), (np.concatenate([i, j]), np.concatenate([j, i]))), shape=(n, n)
    ).tocsr()
    label = connected_components(adjacency, directed=False)[1]
    loose = np.setdiff1d(label, label[held])
    if len(loose):
        node = int(np.flatnonzero(label == loose[0])[0])
        raise ValueError(f"fixed holds no node of the part of the web around node {node}")
    free = ~held
    if not free.any():
        return pos.copy()
    laplacian = csr_array(diags_array(adjacency.sum(axis=1)) - adjacency)
    moved = pos.copy()
    rows = laplacian[free]
    matrix, pull = rows[:, free].tocsc(), -(rows[:, held] @ pos[held])
    if symmetric:
        factor = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        moved[free] = factor.solve(pull)
    else:
        moved[free] = spsolve(matrix, pull).reshape(-1, 3)
    return moved


def numbers(nodes: npt.ArrayLike, n: int, name: str) -> npt.NDArray[np.int64]:
    """The node numbers that ``nodes``, numbers or an ``(n,)`` mask, names; `ValueError` naming the argument."""
    chosen = np.asarray(nodes)
    if chosen.dtype == bool:
        if chosen.shape != (n,):
            raise ValueError(f"{name} has shape {chosen.shape}, expected ({n},) of a mask")
        return np.flatnonzero(chosen)
    chosen = np.atleast_1d(chosen)
    if chosen.size == 0:
        return np.empty(0, np.int64)
    if chosen.dtype.kind not in "iu" or chosen.ndim != 1:
        raise ValueError(f"{name} must be a list of node numbers or an ({n},) mask")
    outside = (chosen < 0) | (chosen >= n)
    if outside.any():
        raise ValueError(f"{name} holds {chosen[outside.argmax()]}, node numbers must lie in 0..{n - 1}")
    return chosen.astype(np.int64)
