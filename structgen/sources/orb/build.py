"""A planar orb web, built in the order in which an orb weaver builds one.

Frame and anchor threads, radii, hub with strengthening zone, then the capture spiral from the outside in, with
reverses where the web is longest; last, threads break, and the web hangs in equilibrium. The order is that of
S. Zschokke & F. Vollrath, Eur. J. Entomol. 92 (1995) 523; the parts are named as in S. Zschokke, J. Arachnol. 27 (1999)
542, "Nomenclature of the orb-web".
"""

from __future__ import annotations

import itertools

import numpy as np

from structgen.force_density import equilibrium
from structgen.seeds import generator
from structgen.sources.orb.frame import outline, spin_frame, tighten_scaffold, uneven_angles
from structgen.sources.orb.loom import CLOSEST, RADIAL, RELATIVE_RADIUS, SPIRAL, TENSION, Loom, Spokes
from structgen.sources.orb.spiral import Spider, spin_hub, spin_strengthening
from structgen.validity import crossing_pairs
from structgen.web import MAX_COORDINATE, WebGraph

#: Distance between attachments on the frame, in meshes, where there is room.
FRAME_GAP = 0.7
#: Distance from the rim of the hub to the first turn of the strengthening zone, in meshes; fitted.
RIM_GAP = 2.1
#: The least such distance, in strut radii of the spiral times radii a radian: where radii that share a node part.
OPENING = 10.0
#: A web whose threads touch is built anew, that often.
ATTEMPTS = 8
MOST_NODES = 60_000
#: Radius in mm of the hub's rim for up to 36 radii; fitted.
HUB_RADIUS = 6.5
_LENGTH = (1e-3, MAX_COORDINATE / 10, f"a length > 0 and at most {MAX_COORDINATE / 10:g} mm")
_WIDTH = (0.0, MAX_COORDINATE / 10, f"a length >= 0 and at most {MAX_COORDINATE / 10:g} mm")
_CHANCE, _SPREAD = (0.0, 1.0, "between 0 and 1"), (0.0, 0.5, "between 0 and 0.5")
#: Least and greatest value of each argument, and both in words.
LIMITS = {
    "width": _LENGTH, "height": _LENGTH, "mesh": _LENGTH, "hub_radius": _LENGTH, "radius": _LENGTH,
    "free_zone": _WIDTH, "relief": _WIDTH,
    "secondary_frames": _CHANCE, "forked_radii": _CHANCE, "reverses": _CHANCE, "broken": _CHANCE,
    "double_attachments": _SPREAD, "angle_irregularity": _SPREAD, "mesh_irregularity": _SPREAD,
    "asymmetry": (-0.5, 0.5, "between -0.5 and 0.5"),
    "strengthening_turns": (0.0, 100.0, "between 0 and 100"),
    "radii": (8, 400, "a whole number from 8 to 400"),
    "anchors": (5, 200, "a whole number from 5 to 200"),
}  # fmt: skip
WHOLE = ("radii", "anchors")


def orb(
    seed: int,
    width: float = 142.0,
    height: float = 188.0,
    asymmetry: float = 0.12,
    radii: int = 36,
    mesh: float = 4.1,
    anchors: int = 16,
    hub_radius: float | None = None,
    strengthening_turns: float = 0.4,
    free_zone: float = 1.4,
    secondary_frames: float = 0.13,
    forked_radii: float = 0.06,
    reverses: float = 0.57,
    double_attachments: float = 0.04,
    broken: float = 0.004,
    angle_irregularity: float = 0.1,
    mesh_irregularity: float = 0.175,
    relief: float = 0.0,
    radius: float = 0.2,
) -> WebGraph:
    """An orb web in the plane z = 0, y upwards, hub near the origin, in equilibrium under tension.

    Defaults are fitted to one half of a tracing of a real web unless another source is named; the tracing has no
    scale, so lengths hold up to one factor. The nodes are about ``radii * (width + height) / (4.6 * mesh)``, 630 by
    default.

    Arguments:
        seed: same seed, same web.
        width, height: of the capture area, mm; the frame lies further out.
        asymmetry: how far the hub lies above the middle of the capture area, over half the height, -0.5 to 0.5. Hubs
            above the middle are the rule (S. Zschokke & K. Nakata, Naturwissenschaften 97 (2010) 43).
        radii: number of radii, 8 to 400. They end evenly spread along the edge of the capture area.
        mesh: mean distance between turns of the capture spiral ("mesh height" of M. E. Herberstein & I.-M. Tso,
            J. Arachnol. 28 (2000) 180), mm.
        anchors: number of anchor threads, 5 to 200.
        hub_radius: of the rim on which the radii converge, mm; by default 6.5, or more for more than 36 radii.
        strengthening_turns: turns of the strengthening zone, the short spiral around the hub.
        free_zone: width of the zone between strengthening zone and capture spiral, mm.
        secondary_frames: chance that a corner of the frame is cut off by a secondary frame thread, as in a Y.
        forked_radii: chance that a radius with room at the frame forks before it.
        reverses: chance that the spider turns back when more is left to fill behind it than ahead; it makes the
            lower half of the web, the larger, the one with more turns.
        double_attachments: chance, at each radius, that the thread joins the turn outside; at most 0.5.
        broken: share of the spiral threads that break.
        angle_irregularity: sigma of the logarithm of the angles between radii, 0 to 0.5.
        mesh_irregularity: sigma of the logarithm of the mesh, 0 to 0.5.
        relief: standard deviation of the distance of the anchors' ends from the plane, mm; chosen.
        radius: strut radius of the capture spiral, mm, at most a tenth of the mesh; radii and frame are 1.5 and 2
            times as thick. Chosen for printing: silk is some micrometres thick.

    Raises `ValueError` for arguments out of range, and where threads would touch: struts too thick for their number.
    """
    _check({name: value for name, value in locals().items() if name != "seed" and value is not None})
    rim = max(HUB_RADIUS, HUB_RADIUS * radii / 36) if hub_radius is None else hub_radius
    if rim > min(width, height) / 6:
        raise ValueError(f"hub_radius is {rim}, must be at most a sixth of width {width} and height {height}")
    nodes = radii * (width + height) / (4.6 * mesh)
    if nodes > MOST_NODES:
        raise ValueError(f"mesh is {mesh}, must be larger: the web would have about {nodes:.0f} nodes")
    for attempt in range(ATTEMPTS):
        rng = generator(seed, attempt)
        loom = Loom()
        edge = outline(width, height, asymmetry)
        angle = uneven_angles(rng, radii, angle_irregularity, edge)
        ends = spin_frame(loom, rng, angle, edge, anchors, secondary_frames, forked_radii, FRAME_GAP * mesh)
        spokes = tighten_scaffold(loom, ends)
        spin_hub(loom, rng, spokes, rim)
        # Radii that share a node of the rim must part before threads are laid across.
        gap = max(RIM_GAP * mesh, OPENING * radius * radii / (2 * np.pi))
        spin_strengthening(loom, rng, spokes, strengthening_turns, mesh, gap, mesh_irregularity)
        last = np.array([line[-1][0] for line in spokes.line])
        even = np.mean([np.roll(last, shift) for shift in range(-3, 4)], axis=0)
        bare = np.array([len(line) == 1 for line in spokes.line])
        inner = np.maximum(even + free_zone, last + np.where(bare, gap, 2 * CLOSEST * mesh))
        outer = np.minimum(spokes.reach - 0.5 * mesh, edge(spokes.angle))
        Spider(loom, rng, spokes, inner, outer, mesh, mesh_irregularity, reverses, double_attachments).spin()
        _tear(loom, rng, broken)
        _lay_radii(loom, spokes)
        web = _hung(loom, rng, relief, radius)
        if len(crossing_pairs(web)) == 0:
            return web
    raise ValueError(f"radius is {radius}, must be smaller: threads of this web touch (or make mesh or web larger)")


def _check(given: dict[str, float]) -> None:
    """Refuse what is out of the range that `LIMITS` gives."""
    for name, value in given.items():
        low, high, rule = LIMITS[name]
        number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not number or not low <= value <= high or (name in WHOLE and value != int(value)):
            raise ValueError(f"{name} is {value!r}, must be {rule}")
    if given["radius"] > given["mesh"] / 10:
        raise ValueError(f"radius is {given['radius']}, must be at most a tenth of the mesh, {given['mesh']} mm")


def _tear(loom: Loom, rng: np.random.Generator, broken: float) -> None:
    """Break a share of the spiral threads, but none whose loss would leave a junction of two threads."""
    degree = np.bincount(np.array(loom.ends).ravel(), minlength=len(loom.pos))
    lost = set()
    for e in np.flatnonzero((np.array(loom.kind) == SPIRAL) & (rng.random(len(loom.ends)) < broken)).tolist():
        i, j = loom.ends[e]
        # The threads along the radii, two a node, are not laid yet.
        if degree[i] > 1 and degree[j] > 1:
            degree[[i, j]] -= 1
            lost.add(e)
    kept = [e for e in range(len(loom.ends)) if e not in lost]
    loom.ends = [loom.ends[e] for e in kept]
    loom.kind = [loom.kind[e] for e in kept]
    loom.tension = [loom.tension[e] for e in kept]


def _lay_radii(loom: Loom, spokes: Spokes) -> None:
    """Threads along each radius; their tension balances the inward pull of the spiral at every node."""
    pos, ends = np.array(loom.pos), np.array(loom.ends)
    spiral = ends[np.array(loom.kind) == SPIRAL]
    pull, met = np.zeros(len(pos)), np.bincount(ends.ravel(), minlength=len(pos)) > 0
    for i, j in (spiral.T, spiral.T[::-1]):
        inward = -pos[i] / np.linalg.norm(pos[i], axis=1, keepdims=True)
        along = (pos[j] - pos[i]) / np.linalg.norm(pos[j] - pos[i], axis=1, keepdims=True)
        np.add.at(pull, i, TENSION[SPIRAL] * (inward * along).sum(axis=1))
    for line, tension, end in zip(spokes.line, spokes.tension, spokes.end, strict=True):
        # A place where the spider began a thread and found no room to go on is no junction.
        nodes = [node for _, node in line if met[node]] + [end]
        at = float(tension)
        for i, j in itertools.pairwise(nodes):
            at = max(0.2, at + float(pull[i]) * (i != nodes[0]))
            loom.thread(i, j, RADIAL, at)


def _hung(loom: Loom, rng: np.random.Generator, relief: float, radius: float) -> WebGraph:
    """The web in equilibrium between the ends of its anchor threads, which stand off the plane by ``relief``."""
    pos = np.column_stack([loom.pos, np.zeros(len(loom.pos))])
    pos[loom.held, 2] = relief * rng.standard_normal(len(loom.held))
    used, number = np.unique(loom.ends, return_inverse=True)
    kind, ends = np.array(loom.kind), number.reshape(-1, 2).T
    hung = equilibrium(pos[used], ends, loom.force_density(), np.isin(used, loom.held))
    strut = radius * np.array([RELATIVE_RADIUS.get(k, 1.0) for k in kind])
    return WebGraph.from_edges(hung, ends.T, strut, kind)
