"""Equilibrium of a cable net by force densities, shared by web building and virtual tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve


def equilibrium(
    pos: npt.ArrayLike, edge_index: npt.ArrayLike, force_density: npt.ArrayLike, fixed: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Positions at which every free node is in equilibrium: sum_j q_ij (x_j - x_i) = 0.

    Arguments:
        pos: ``(n, 3)`` positions; the rows of fixed nodes are kept.
        edge_index: ``(2, m)`` node numbers.
        force_density: tension over length of each edge, one number or ``(m,)``, > 0.
        fixed: node numbers or an ``(n,)`` mask of the nodes held in place.

    Returns ``(n, 3)``. Raises `ValueError` if a part of the web holds no fixed node (it would fall
    together to a point). Linear force density method: H.-J. Schek, Comput. Methods Appl. Mech. Eng.
    3 (1974) 115.
    """
    pos = np.asarray(pos, float)
    i, j = np.asarray(edge_index)
    n = len(pos)
    q = np.broadcast_to(np.asarray(force_density, float), i.shape)
    if not (np.isfinite(q).all() and (q > 0).all()):
        raise ValueError("force_density must be finite and > 0")
    held = _as_mask(fixed, n)
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
    moved[free] = spsolve(rows[:, free].tocsc(), -(rows[:, held] @ pos[held])).reshape(-1, 3)
    return moved


def _as_mask(nodes: npt.ArrayLike, n: int) -> npt.NDArray[np.bool_]:
    chosen = np.asarray(nodes)
    if chosen.dtype == bool:
        if chosen.shape != (n,):
            raise ValueError(f"fixed has shape {chosen.shape}, expected ({n},)")
        return chosen
    chosen = chosen.astype(np.int64).ravel()
    if len(chosen) and (chosen.min() < 0 or chosen.max() >= n):
        raise ValueError(f"fixed must name nodes 0..{n - 1}")
    mask = np.zeros(n, bool)
    mask[chosen] = True
    return mask
