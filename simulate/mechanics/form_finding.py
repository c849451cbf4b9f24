"""The shape in which a web hangs, and the tensions with which it hangs in the shape it has: force densities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import lsq_linear
from scipy.sparse import coo_array, csr_array, diags_array, vstack
from scipy.sparse.linalg import spsolve

from simulate.checks import number, positive
from simulate.mechanics.silk import laws_by_edge, radii
from structgen.force_density import equilibrium, numbers
from structgen.web import KINDS, FloatArray, WebGraph

#: Tensions by silk kind where none are given, only ratios matter: mooring, frame, radius as 10 : 7 : 1 (W. Wirth,
#: F. G. Barth, J. Comp. Physiol. A 171 (1992) 359), all others as radii.
PRETENSION: Mapping[str | int, float] = {"anchor": 10.0, "bridge": 10.0, "frame": 7.0}
#: Least tension that is fitted, over what is expected of the thread.
LEAST = 0.01
#: Weight of the mean tension being as expected, over that of balance at a node.
MEAN = 1e3


def form_find(
    web: WebGraph,
    fixed: npt.ArrayLike,
    force_density: npt.ArrayLike = 1.0,
    kinds: Mapping[str | int, float] | None = None,
) -> WebGraph:
    """``web`` in equilibrium under tension with the nodes ``fixed`` held.

    Arguments:
        web: the web; topology, radii and kinds are kept.
        fixed: node numbers or an ``(n,)`` mask of the nodes held in place; at least one in each connected part.
        force_density: tension over length of each edge, one number or ``(m,)``, > 0; only ratios matter.
        kinds: force density by silk type, name or code of `structgen.web.KINDS`; edges of types not named keep
            ``force_density``.

    Linear force density method: H.-J. Schek, Comput. Methods Appl. Mech. Eng. 3 (1974) 115; the kernel is
    `structgen.force_density.equilibrium`. Raises `ValueError` for densities that are not > 0, a silk type that does
    not exist, and a part of the web that no fixed node holds.
    """
    density = force_density if kinds is None else densities(web, force_density, kinds)
    return replace(web, pos=equilibrium(web.pos, web.edge_index, density, fixed, symmetric=True))


def densities(web: WebGraph, force_density: npt.ArrayLike, kinds: Mapping[str | int, float]) -> FloatArray:
    """``(m,)`` force density of each edge; see `form_find`."""
    base = np.asarray(force_density)
    if base.dtype.kind not in "iuf" or base.shape not in ((), (web.m,)):
        raise ValueError(f"force_density has shape {base.shape}, must be one number or ({web.m},), one an edge")
    density = np.array(np.broadcast_to(base, web.m), dtype=float)
    for kind, value in kinds.items():
        if not (_is_number(value) and 0 < value < np.inf):
            raise ValueError(f"kinds has {kind!r}: {value!r}, force densities must be finite and > 0")
        density[web.kind == _code(kind)] = value
    return density


@dataclass(frozen=True, eq=False)
class FittedTension:
    """Tensions with which a web hangs nearly in the shape it has.

    ``tension (m,)``: of each thread, as a multiple of a unit tension; ``unbalanced (n,)``: net force at each node in
    its given place over the mean tension of its threads, 0 at those held; ``web``: in equilibrium under the force
    densities of these tensions and tethers; ``moved (n,)``: how far its nodes are from their given places, mm;
    ``tether (n,)``: force of tethers over the mean tension of the threads at a node.
    """

    tension: FloatArray
    unbalanced: FloatArray
    web: WebGraph
    moved: FloatArray
    tether: FloatArray

    def prestrain(self, law: Any = "dragline", radius: Any = None, mean_stress: float = 40.0) -> FloatArray:
        """``(m,)`` strains for `simulate.tension`: a thread of mean tension and mean area has ``mean_stress``, MPa.

        ``law``, ``radius`` as there. The prestress of orb webs is 29 to 46 MPa (from memory of the literature). Raises
        `ValueError` where a thread would carry more than its law.
        """
        positive("mean_stress", mean_stress)
        laws, which = laws_by_edge(self.web, law)
        area = np.pi * radii(self.web, radius) ** 2
        stress = mean_stress * (self.tension / self.tension.mean()) * (area.mean() / area)
        strain = np.zeros(self.web.m)
        for k, one in enumerate(laws):
            strain[which == k] = one.strain_at(stress[which == k])
        return strain


def fit_tensions(
    web: WebGraph,
    fixed: npt.ArrayLike,
    kinds: Mapping[str | int, float] | None = None,
    prior: float = 0.1,
    tether: float = 1.0,
) -> FittedTension:
    """Tensions that hold ``web`` in the shape it has, as nearly as tensions near what is expected can.

    Arguments:
        web: such as a tracing, which is in equilibrium under no tensions at all.
        fixed: node numbers or an ``(n,)`` mask of the nodes held in place.
        kinds: expected tension by silk kind, name or code, only ratios matter; others are 1. Default: `PRETENSION`.
        prior: how much threads are to have the tensions expected, over balance at the nodes; > 0.
        tether: stiffness that ties each node to its given place, over the mean stiffness of threads sideways, >= 0;
            0 lets the web hang free, and any tracing then goes far from its shape.

    The tensions are the bounded least squares of net forces at free nodes and of the distance from what is expected.
    """
    positive("prior", prior)
    number("tether", tether, "a number >= 0", lambda x: x >= 0)
    lengths = web.lengths
    if not lengths.all():
        raise ValueError(f"web: edge {int(lengths.argmin())} has no length")
    held = np.zeros(web.n, bool)
    held[numbers(fixed, web.n, "fixed")] = True
    expected = densities(web, 1.0, PRETENSION if kinds is None else kinds)
    i, j = web.edge_index
    along = (web.pos[j] - web.pos[i]) / lengths[:, None] * expected[:, None]
    node = np.concatenate([i, j])
    thread = np.tile(np.arange(web.m), 2)
    pull = np.concatenate([along, -along])
    mean = np.bincount(node, np.tile(expected, 2), web.n) / np.maximum(web.degree, 1)
    # Net force at free nodes over the mean tension expected there, by the share of its expected tension of each thread.
    rows: csr_array = vstack([
        coo_array((pull[:, a] / mean[node], (node, thread)), shape=(web.n, web.m)).tocsr()[~held] for a in range(3)
    ])  # fmt: skip
    # The last row keeps the mean: else all tensions would fall, and net forces with them.
    whole = csr_array(np.full((1, web.m), MEAN / web.m))
    system = vstack([rows, prior * diags_array(np.ones(web.m)), whole]).tocsr()
    right = np.concatenate([np.zeros(rows.shape[0]), np.full(web.m, prior), [MEAN]])
    share = lsq_linear(system, right, bounds=(LEAST, np.inf), tol=1e-10, lsmr_tol=1e-8, max_iter=200).x
    tension: FloatArray = share * expected
    density = tension / lengths
    hung, ties = _tethered(web, held, density, tether)
    mean = np.maximum(np.bincount(node, np.tile(tension, 2), web.n) / np.maximum(web.degree, 1), np.finfo(float).tiny)
    net = np.zeros_like(web.pos)
    np.add.at(net, i, (web.pos[j] - web.pos[i]) * density[:, None])
    np.add.at(net, j, (web.pos[i] - web.pos[j]) * density[:, None])
    moved: FloatArray = np.linalg.norm(hung - web.pos, axis=1)
    return FittedTension(
        tension, np.where(held, 0.0, np.linalg.norm(net, axis=1) / mean), replace(web, pos=hung), moved,
        ties * moved / mean,
    )  # fmt: skip


def _tethered(
    web: WebGraph, held: npt.NDArray[np.bool_], density: FloatArray, tether: float
) -> tuple[FloatArray, float]:
    """Positions in equilibrium under force densities and tethers to the given places, and the stiffness of a tether."""
    stiffness = tether * float(density.mean())
    if stiffness == 0:
        return equilibrium(web.pos, web.edge_index, density, held, symmetric=True), 0.0
    i, j = web.edge_index
    adjacency = coo_array((np.tile(density, 2), (np.r_[i, j], np.r_[j, i])), shape=(web.n, web.n)).tocsr()
    matrix = (diags_array(adjacency.sum(axis=1) + stiffness) - adjacency).tocsr()
    free = ~held
    pos = web.pos.copy()
    right = stiffness * web.pos[free] - matrix[free][:, held] @ web.pos[held]
    pos[free] = spsolve(matrix[free][:, free].tocsc(), right).reshape(-1, 3)
    return pos, stiffness


def _code(kind: Any) -> int:
    codes = {name: code for code, name in KINDS.items()} | {code: code for code in KINDS}
    if isinstance(kind, bool) or kind not in codes:
        raise ValueError(f"kinds names {kind!r}, must be one of {', '.join(KINDS.values())}")
    return codes[kind]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
