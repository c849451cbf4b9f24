"""The stiffness of a web as if it were a solid: averages over a box, or over a cell that repeats."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import block_array, csc_array, csr_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from simulate.checks import number
from simulate.mechanics.frame.equations import NO_PIVOT, Factor, MechanismError
from simulate.mechanics.frame.material import Material, material_of
from simulate.mechanics.frame.model import Frame, State
from simulate.mechanics.stiffness import STRAINS, Stiffness
from structgen.web import FloatArray, IntArray, WebGraph

#: Boundary conditions by name.
BOUNDARIES = ("kinematic", "static", "periodic")
#: Nodes this share of a side of the box from a face are on it; those of a cell that repeats must lie on it exactly.
DEPTH, EXACT = 0.05, 1e-6


def homogenize(
    web: WebGraph,
    material: Material | Any = "pla",
    boundary: str = "kinematic",
    depth: float = DEPTH,
    radius: float | None = None,
    shear: bool = False,
) -> Stiffness:
    """The effective stiffness of ``web`` in the box around its nodes; see `Stiffness`.

    Struts are beams with rigid joints, at small displacements.

    Arguments:
        material: a `Material`, or the name of one; see `material_of`.
        boundary: ``"kinematic"``: nodes on faces move as the mean strain says and turn freely: an upper bound;
            ``"static"``: only the mean displacements of opposite faces are prescribed, so that forces are the same at
            all nodes of a face: a lower bound; ``"periodic"``: a cell that repeats in x, y and z, whose opposite faces
            have the same nodes; struts that lie in both faces count once.
        depth: share of a side of the box up to which nodes count to a face, > 0 and at most 0.25; not for periodic.
        radius: of struts, mm, instead of the web's own.
        shear: Timoshenko beams instead of Euler-Bernoulli, for struts shorter than about ten radii.

    Bounds: S. Hazanov, C. Huet, J. Mech. Phys. Solids 42 (1994) 1995; static as minimal kinematic conditions of
    S. Dj. Mesarovic, J. Padbidri, Philos. Mag. 85 (2005) 65. Raises `ValueError` for a web that is flat, floats in
    parts, has no node near a face, or whose faces do not match where they must.
    """
    if boundary not in BOUNDARIES:
        raise ValueError(f"boundary is {boundary!r}, must be one of {', '.join(BOUNDARIES)}")
    number("depth", depth, "> 0 and at most 0.25", lambda x: 0 < x <= 0.25)
    made_of = material_of(material)
    if radius is not None:
        web = web.with_radius(radius)
    sides = web.extents
    if sides.min() <= EXACT * sides.max():
        raise ValueError(f"web: it is flat along {'xyz'[int(sides.argmin())]}, its stiffness needs all three sides")
    images = np.arange(web.n)
    if boundary == "periodic":
        images = _images(web)
        web = _counted_once(web, images)
    _refuse_parts(web, images)
    frame = Frame.of_web(web, made_of, shear=shear)
    found = frame.respond(State.at_rest(frame.pos), 2)
    assert found is not None
    stiff = _assembled(frame, found[2])
    affine = _affine(web.pos - web.pos.mean(axis=0), frame.size)
    if boundary == "static":
        fields = _static(stiff, affine, _faces(web, depth))
    elif boundary == "kinematic":
        held = np.zeros((web.n, 6), bool)
        held[_faces(web, depth).any(axis=(0, 1)), :3] = True
        fields = affine + _relaxed(stiff, affine, _chosen(~held.ravel()))
    else:
        fields = affine + _relaxed(stiff, affine, _repeated(images))
    volume = float(sides.prod())
    matrix = fields.T @ (stiff @ fields) / volume
    return Stiffness(
        (matrix + matrix.T) / 2, boundary, float((np.pi * web.radius**2 * web.lengths).sum()) / volume, volume, made_of
    )


def _assembled(frame: Frame, tangent: FloatArray) -> csr_array:
    """Stiffness ``(6 n, 6 n)`` by displacements, and angles times `Frame.size`."""
    scale = 1 / np.tile([1.0, 1, 1, frame.size, frame.size, frame.size], 2)
    dofs = (6 * frame.ends.T[:, :, None] + np.arange(6)).reshape(frame.m, 12)
    values = tangent * scale[:, None] * scale
    rows, columns = np.repeat(dofs, 12, axis=1).ravel(), np.tile(dofs, 12).ravel()
    return csr_array((values.ravel(), (rows, columns)), shape=(6 * frame.n, 6 * frame.n))


def _affine(pos: FloatArray, size: float) -> FloatArray:
    """``(6 n, 6)`` displacements of nodes at ``pos`` in the six unit strains; nodes do not turn."""
    fields = np.zeros((len(pos), 6, 6))
    fields[:, :3] = np.einsum("kab,nb->nak", STRAINS, pos)
    return fields.reshape(-1, 6)


def _relaxed(stiff: csr_array, affine: FloatArray, free: csr_array) -> FloatArray:
    """What comes to ``affine`` where the unknowns of ``free (6 n, k)`` find equilibrium."""
    if not free.shape[1]:
        return np.zeros_like(affine)
    try:
        factor = Factor(csc_array(free.T @ stiff @ free), ordered=False)
        loose = factor.pivots.min() <= NO_PIVOT * factor.pivots.max()
    except RuntimeError:
        loose = True
    if loose:
        raise MechanismError("web: it can move without resistance with the nodes on its faces held")
    relaxed: FloatArray = -(free @ factor.solve(free.T @ (stiff @ affine)))
    return relaxed


def _static(stiff: csr_array, affine: FloatArray, faces: Any) -> FloatArray:
    """Displacements ``(6 n, 6)`` of least energy whose means over opposite faces differ as those of ``affine`` do."""
    n = faces.shape[2]
    weight = faces / faces.sum(axis=2, keepdims=True)
    means = [*(weight[:, 1] - weight[:, 0]), np.full(n, 1 / n)]
    rows = np.zeros((len(means), 3, n, 6))
    for k, mean in enumerate(means):
        rows[k, range(3), :, range(3)] = mean
    # In the size of stiffnesses, for the factor's sake.
    rows = rows.reshape(12, 6 * n) * float(np.abs(stiff.diagonal()).mean())
    constraints = csr_array(rows)
    system = csc_array(block_array([[stiff, constraints.T], [constraints, None]]))
    right = np.concatenate([np.zeros_like(affine), rows @ affine])
    try:
        return np.asarray(splu(system).solve(right))[: 6 * n]
    except RuntimeError:
        raise MechanismError("web: it can move without resistance with the means of its faces held") from None


def _chosen(mask: Any) -> csr_array:
    """Columns of the identity where ``mask``."""
    rows = np.flatnonzero(mask)
    return csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(len(mask), len(rows)))


def _repeated(images: IntArray) -> csr_array:
    """``(6 n, k)``: all images of a node move alike; the first is not displaced, to hold the whole."""
    columns = (6 * np.unique(images, return_inverse=True)[1][:, None] + np.arange(6)).ravel() - 3
    rows = np.flatnonzero(columns >= 0)
    # Of the first node's six unknowns the three angles stay.
    return csr_array((np.ones(len(rows)), (rows, columns[rows])), shape=(len(columns), columns.max() + 1))


def _faces(web: WebGraph, depth: float) -> Any:
    """``(3, 2, n)`` masks of the nodes near the low and high face along each axis."""
    low, sides = web.pos.min(axis=0), web.extents
    share = ((web.pos - low) / sides).T
    return np.stack([share <= depth, share >= 1 - depth], axis=1)


def _images(web: WebGraph) -> IntArray:
    """``(n,)`` the first of the nodes that each node repeats; `ValueError` where opposite faces do not match."""
    low, sides = web.pos.min(axis=0), web.extents
    share = (web.pos - low) / sides
    onto = np.where(share >= 1 - EXACT, share - 1, share)
    faces = _faces(web, EXACT)
    places = cKDTree(share)
    for axis in range(3):
        for side, mask in enumerate(faces[axis]):
            nodes = np.flatnonzero(mask)
            other = share[nodes] + np.eye(3)[axis] * (1 - 2 * side)
            away = places.query(other)[0]
            if (away > 2 * EXACT).any():
                raise ValueError(
                    f"web: node {nodes[away.argmax()]} on the {('low', 'high')[side]} face along {'xyz'[axis]} has no "
                    "partner on the opposite one, a cell that repeats needs that; use kinematic or static"
                )
    # Each takes the first of those that fall together.
    near = cKDTree(onto).query_ball_point(onto, 3 * EXACT)
    return np.array([min(group) for group in near], np.int64)


def _counted_once(web: WebGraph, images: IntArray) -> WebGraph:
    """``web`` without the struts that repeat another of it."""
    i, j = web.edge_index
    way = np.round((web.pos[j] - web.pos[i]) / web.extents / (10 * EXACT)).astype(np.int64)
    ends = np.stack([images[i], images[j]], axis=1)
    # From the lower to the higher node; of a strut between images of one node, in the positive sense.
    sense = np.sign(way)[np.arange(web.m), (way != 0).argmax(axis=1)]
    back = (ends[:, 0] > ends[:, 1]) | ((ends[:, 0] == ends[:, 1]) & (sense < 0))
    code = np.concatenate([np.where(back[:, None], ends[:, ::-1], ends), np.where(back[:, None], -way, way)], axis=1)
    keep = np.sort(np.unique(code, axis=0, return_index=True)[1])
    return WebGraph(web.pos, web.edge_index[:, keep], web.radius[keep], web.kind[keep])


def _refuse_parts(web: WebGraph, images: IntArray) -> None:
    joined = np.arange(web.n) != images
    links = np.sort(np.stack([np.flatnonzero(joined), images[joined]], axis=1), axis=1)
    whole = WebGraph.from_edges(web.pos, np.concatenate([web.edge_index.T, links]))
    parts = int(whole.components().max()) + 1
    if parts > 1:
        raise ValueError(
            f"web: it is in {parts} parts that no strut joins, its stiffness needs one; take web.largest_component()"
        )
