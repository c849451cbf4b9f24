"""A tent web, as Cyrtophora builds: a horizontal orb of fine square mesh, drawn up at the hub inside a tangle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from structgen.seeds import generator
from structgen.sources.procedural.checks import check_counts, check_lengths
from structgen.sources.procedural.settle import settled
from structgen.sources.procedural.silk import ANCHOR, FRAME, RADIAL, SPIRAL, TANGLE
from structgen.sources.procedural.spinning import Spinning
from structgen.sources.procedural.supports import dropped, framed, hung, inside, suspended
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: A new radius is laid where two are further apart than this many mesh widths, drawn anew for each turn.
WIDE = (1.3, 1.7)


def tent(
    seed: int,
    diameter: float = 150.0,
    mesh_width: float = 2.8,
    first_radii: int = 6,
    frame_anchors: int = 14,
    tangle_height: float = 100.0,
    suspension_threads: int = 16,
    hub_threads: int = 45,
    barrier_threads: int = 80,
    tangle_threads: int = 450,
    tangle_thread_length: float = 25.0,
    lower_height: float = 50.0,
    guy_lines: int = 20,
    lower_threads: int = 80,
    radius: float = 0.1,
    max_degree: int = 8,
) -> WebGraph:
    """A tent web, as Cyrtophora builds, in equilibrium under tension.

    Anchor threads and a frame, the horizontal orb in it (radii with new ones between them outwards, so that the mesh
    stays square, and a close spiral that does not stick), the barrier tangle above, which draws up the hub, and a
    loose tangle below. After Y. D. Lubin, Forma et Functio 6 (1973) 337 on *Cyrtophora moluccensis*.

    Arguments:
        seed: same seed, same web.
        diameter: of the frame around the orb, mm, 8 to 250 mesh widths. Chosen by eye.
        mesh_width: distance of the turns of the spiral, and about that of the radii, mm. Chosen by eye.
        first_radii: radii that meet at the hub, 3 to ``max_degree``. Chosen by eye.
        frame_anchors: anchor threads that hold the frame, >= 4. Chosen by eye.
        tangle_height: height of the barrier tangle over the orb, mm. Chosen by eye.
        suspension_threads: anchor threads across the space above, >= 3. Chosen by eye.
        hub_threads: threads from these down to the middle of the orb, which draw it up to a tent. Chosen by eye.
        barrier_threads: threads from these down to all of the orb. Chosen by eye.
        tangle_threads: threads spun between all these. Chosen by eye.
        tangle_thread_length: their median length, mm; log-normal. Chosen by eye.
        lower_height: depth of the lower tangle, mm. Chosen by eye.
        guy_lines: threads from attachment points below up to the orb. Chosen by eye.
        lower_threads: threads spun between these. Chosen by eye.
        radius: strut radius of a radius, a spiral or a tangle thread, mm; frame and anchor threads are 1.4 times as
            thick. A size for printing: silk itself is a hundred times thinner.
        max_degree: most threads at a junction, >= 4.

    Raises `ValueError` for arguments out of range. Nodes with one thread are the attachment points, all others are
    free; the force densities are `structgen.sources.procedural.silk.FORCE_DENSITY`.
    """
    check_lengths(radius=radius, tangle_height=tangle_height, lower_height=lower_height)
    check_lengths(8 * radius, mesh_width=mesh_width, tangle_thread_length=tangle_thread_length)
    check_lengths(8 * mesh_width, 250 * mesh_width, diameter=diameter)
    check_counts(4, 1000, frame_anchors=frame_anchors, max_degree=max_degree)
    check_counts(3, int(max_degree), first_radii=first_radii)
    check_counts(3, 10_000, suspension_threads=suspension_threads)
    check_counts(0, 10_000, hub_threads=hub_threads, barrier_threads=barrier_threads, guy_lines=guy_lines)
    check_counts(0, 100_000, tangle_threads=tangle_threads, lower_threads=lower_threads)
    rng = generator(seed)
    half = np.array([diameter, diameter]) / 2 * rng.uniform(0.92, 1.08, 2)
    spun = Spinning(gap=max(0.3 * mesh_width, 6 * radius), max_degree=max_degree)
    corners = framed(spun, rng, half, frame_anchors)
    _orb(spun, rng, corners, mesh_width, first_radii)
    suspended(spun, rng, suspension_threads, half, (0.35 * tangle_height, tangle_height))
    orb = (RADIAL, SPIRAL)
    dropped(spun, rng, barrier_threads, 0.9 * half, orb, 0.05 * tangle_height)
    over, low = [TANGLE, ANCHOR], 0.12 * tangle_height
    spun.tangle(rng, tangle_threads, tangle_thread_length, TANGLE, over, over, 1.5, lambda at: at[:, 2] > low)
    dropped(spun, rng, hub_threads, 0.18 * half, orb, 0.05 * tangle_height)
    hung(spun, rng, guy_lines, 0.9 * half, (-lower_height, -0.5 * lower_height), 0.3 * lower_height, orb)
    below = [TANGLE, *orb]
    spun.tangle(rng, lower_threads, tangle_thread_length, TANGLE, [TANGLE], below, 1.0, lambda at: at[:, 2] < 1e-6)
    return settled(spun, radius)


def _orb(spun: Spinning, rng: np.random.Generator, corners: FloatArray, mesh_width: float, first: int) -> None:
    """Radii and spiral inside the frame with ``corners``, turn by turn from the hub outwards."""
    frames = np.flatnonzero(spun.kind == FRAME)
    angle = 2 * np.pi * (np.arange(first) + rng.uniform(-0.2, 0.2, first)) / first + 0.5
    last = np.repeat(spun.nodes([[0.0, 0.0, 0.0]]), first)
    radial, spiral, ends = [], [], []
    previous = -1
    turn = 0
    while len(angle) > 2:
        turn += 1
        wide = np.diff(np.r_[angle, angle[0] + 2 * np.pi]) * turn > rng.uniform(*WIDE)
        between = angle + np.diff(np.r_[angle, angle[0] + 2 * np.pi]) * rng.uniform(0.42, 0.58, len(angle))
        wide &= last >= 0
        angle, last = np.r_[angle, between[wide]], np.r_[last, np.full(wide.sum(), -2)]
        order = np.argsort(angle)
        angle, last = angle[order], last[order]
        winding = (angle - angle[0]) / (2 * np.pi)
        distance = mesh_width * (turn + winding + rng.uniform(-0.1, 0.1, len(angle)))
        ray = np.column_stack([np.cos(angle), np.sin(angle)])
        rim = inside(corners, np.zeros_like(ray), ray)[1]
        within = (distance < rim - 0.5 * mesh_width) & (last != -1)
        node = np.full(len(angle), -1)
        node[within] = spun.nodes(np.column_stack([distance[:, None] * ray, np.zeros(len(angle))])[within])
        old = within & (last >= 0)
        radial.append(np.column_stack([last, node])[old])
        out = ~within & (last >= 0)
        ends.append(np.column_stack([last[out], rim[out, None] * ray[out]]))
        side = within[:-1] & within[1:]
        spiral.append(np.column_stack([node[:-1], node[1:]])[side])
        if previous >= 0 and node[0] >= 0:
            spiral.append(np.array([[previous, node[0]]]))
        previous = int(node[-1])
        last = np.where(within, node, -1)
        if not within.any():
            break
    for pairs, kind in ((radial, RADIAL), (spiral, SPIRAL)):
        start, end = np.concatenate(pairs).T
        spun.threads(start, end, kind)
    tips = np.concatenate(ends)
    along = np.roll(corners, -1, axis=0) - corners
    offset = tips[:, None, 1:] - corners
    share = np.clip((offset * along).sum(axis=2) / (along * along).sum(axis=1), 0, 1)
    apart = np.linalg.norm(offset - share[..., None] * along, axis=2)
    side = apart.argmin(axis=1)
    node = spun.split(frames[side], share[np.arange(len(tips)), side])
    spun.threads(tips[:, 0].astype(np.int64), node, RADIAL)
