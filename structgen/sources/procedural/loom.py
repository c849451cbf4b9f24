"""A tangle web in a box, built thread by thread, each splitting what it lands on: what the shipped model learned from.

Kept as it is, so that the data set of that model can be made again byte for byte; for new work see
`structgen.sources.procedural.tangle`. Supporting threads run from one surface to another, later threads start and end
on earlier ones, and the whole hangs in equilibrium but where junctions were welded after it was found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from structgen.force_density import equilibrium
from structgen.seeds import generator
from structgen.web import MAX_COORDINATE, WebGraph

FloatArray = npt.NDArray[np.float64]

ANCHOR, TANGLE = 7, 5
#: Tension and strut radius of a thread by kind, relative to a tangle thread: anchor threads are doubled silk.
RELATIVE_TENSION = {ANCHOR: 4.0, TANGLE: 1.0}
RELATIVE_RADIUS = {ANCHOR: 1.4, TANGLE: 1.0}
#: Landing places looked at for each new thread.
LANDINGS = 48


def boxed_tangle(
    seed: int,
    size: tuple[float, float, float] = (120.0, 120.0, 80.0),
    supports: int = 100,
    threads: int = 600,
    thread_length: float = 20.0,
    reuse: float = 0.3,
    max_degree: int = 7,
    radius: float = 0.2,
) -> WebGraph:
    """A three-dimensional tangle web in equilibrium under tension.

    Arguments:
        seed: same seed, same web.
        size: sides of the box whose faces the web hangs from, mm.
        supports: attachment points on the faces, >= 4.
        threads: threads spun after the anchor threads, >= 1; each adds two nodes or reuses them.
        thread_length: median length of a new thread, mm; lengths are log-normal with sigma 0.3.
        reuse: chance that a thread begins or ends at an existing junction rather than on a thread.
        max_degree: a junction with that many threads takes no more (>= 3); junctions that the tension draws together
            become one, which may have a few more.
        radius: strut radius of a tangle thread, mm; anchor threads are 1.4 times as thick.

    Raises `ValueError` for arguments out of range.
    """
    box = np.asarray(size, float)
    boxed = box.shape == (3,) and bool(((box > 0) & (box <= MAX_COORDINATE)).all())
    for name, value, ok, rule in (
        ("size", size, boxed, "three lengths > 0 in mm"),
        ("supports", supports, supports >= 4, "at least 4"),
        ("threads", threads, threads >= 1, "at least 1"),
        ("thread_length", thread_length, 0 < thread_length < np.inf, "a length > 0 in mm"),
        ("reuse", reuse, 0 <= reuse <= 1, "between 0 and 1"),
        ("max_degree", max_degree, max_degree >= 3, "at least 3"),
        ("radius", radius, 0 < radius <= MAX_COORDINATE, "a length > 0 in mm"),
    ):
        if not ok:
            raise ValueError(f"{name} is {value}, must be {rule}")
    rng = generator(seed)
    loom = _Loom(max_degree=max_degree, gap=0.08 * thread_length)
    _spin_anchor_threads(loom, rng, box, supports)
    for length in thread_length * np.exp(0.3 * rng.standard_normal(threads)):
        _spin_thread(loom, rng, length, reuse)
    return _hung(loom, radius)


def varied_tangles(count: int, seed: int) -> list[WebGraph]:
    """``count`` tangle webs of varied box, density, connectivity and thread length, each from ``(seed, k)``."""
    webs = []
    for k in range(count):
        rng = generator(seed, k)
        dx, dy, dz = rng.uniform(60, 140, size=3).tolist()
        webs.append(
            boxed_tangle(
                int(rng.integers(2**31)),
                (dx, dy, dz),
                supports=int(rng.integers(60, 160)),
                threads=int(rng.integers(600, 1400)),
                thread_length=float(rng.uniform(10, 20)),
                reuse=float(rng.uniform(0.2, 0.95)),
                max_degree=int(rng.integers(5, 9)),
            )
        )
    return webs


@dataclass
class _Loom:
    """The web under construction: growing lists, one entry a node or an edge."""

    max_degree: int
    gap: float
    pos: list[FloatArray] = field(default_factory=list)
    degree: list[int] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    known: set[tuple[int, int]] = field(default_factory=set)

    def node(self, at: FloatArray) -> int:
        self.pos.append(at)
        self.degree.append(0)
        return len(self.pos) - 1

    def thread(self, i: int, j: int, kind: int) -> None:
        self.ends.append((i, j))
        self.kind.append(kind)
        self.known.add((min(i, j), max(i, j)))
        self.degree[i] += 1
        self.degree[j] += 1

    def split(self, edge: int, at: FloatArray) -> int:
        """A new node on ``edge``, which becomes two."""
        i, j = self.ends[edge]
        k = self.node(at)
        self.known.discard((min(i, j), max(i, j)))
        self.ends[edge] = (i, k)
        self.known.add((min(i, k), max(i, k)))
        self.degree[k] += 1
        self.degree[j] -= 1
        self.thread(k, j, self.kind[edge])
        return k

    def landings(self, rng: np.random.Generator, count: int) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Points spread evenly over the length of all threads, ``(count, 3)``, and the threads they lie on."""
        pos = np.array(self.pos)
        a, b = pos[np.array(self.ends).T]
        length = np.linalg.norm(b - a, axis=1)
        edge = rng.choice(len(length), size=count, p=length / length.sum())
        share = rng.uniform(0.1, 0.9, size=(count, 1))
        return a[edge] + share * (b[edge] - a[edge]), edge

    def take(self, rng: np.random.Generator, at: FloatArray, edge: int, reuse: float) -> int | None:
        """The junction for a thread that lands on ``edge`` at ``at``: an end of the edge, or a new node.

        None where the junction is full or the new one would lie closer to an end than the gap.
        """
        i, j = self.ends[edge]
        di, dj = (float(np.linalg.norm(at - self.pos[k])) for k in (i, j))
        nearest = i if di <= dj else j
        if rng.random() < reuse or min(di, dj) < self.gap:
            return nearest if 0 < self.degree[nearest] < self.max_degree and self.degree[nearest] > 1 else None
        return self.split(edge, at)


def _spin_anchor_threads(loom: _Loom, rng: np.random.Generator, box: FloatArray, supports: int) -> None:
    """Anchor threads: half of the supports are joined across the box, the others reach for those threads."""
    points = rng.uniform(-0.5, 0.5, size=(supports, 3)) * box
    axis = rng.integers(3, size=supports)
    side = rng.choice([-0.5, 0.5], size=supports)
    points[np.arange(supports), axis] = side * box[axis]
    crossing = max(2, supports // 4)
    order = np.argsort(points[: 2 * crossing, 0])
    for a, b in zip(order[:crossing], rng.permutation(order[crossing:]), strict=True):
        loom.thread(loom.node(points[a]), loom.node(points[b]), ANCHOR)
    for at in points[2 * crossing :]:
        places, edges = loom.landings(rng, LANDINGS)
        best = int(np.argmin(np.linalg.norm(places - at, axis=1)))
        loom.thread(loom.node(at), loom.split(int(edges[best]), places[best]), ANCHOR)


def _spin_thread(loom: _Loom, rng: np.random.Generator, length: float, reuse: float) -> None:
    """One thread of about ``length`` from a place on the web to another; tries a few starts."""
    for _ in range(8):
        starts, start_edges = loom.landings(rng, 1)
        places, edges = loom.landings(rng, LANDINGS)
        misfit = np.abs(np.log(np.maximum(np.linalg.norm(places - starts[0], axis=1), 1e-9) / length))
        misfit[edges == start_edges[0]] = np.inf
        best = int(np.argmin(misfit))
        if misfit[best] > 0.5:
            continue
        # Both ends are chosen before either splits: a split keeps the other edge's number.
        i = loom.take(rng, starts[0], int(start_edges[0]), reuse)
        if i is None:
            continue
        j = loom.take(rng, places[best], int(edges[best]), reuse)
        if j is None or i == j or (min(i, j), max(i, j)) in loom.known:
            continue
        loom.thread(i, j, TANGLE)
        return


def _hung(loom: _Loom, radius: float) -> WebGraph:
    """The loom's threads in equilibrium, as one connected web.

    One force density for each kind: longer threads pull harder, so no region falls together to a knot, as
    it would were all tensions alike (a net of equal tensions shortens without limit).
    """
    pos, ends, kind = np.array(loom.pos), np.array(loom.ends), np.array(loom.kind)
    web = WebGraph.from_edges(pos, ends, np.array([radius * RELATIVE_RADIUS[k] for k in kind]), kind)
    web = web.largest_component()
    tension = np.array([RELATIVE_TENSION[k] for k in web.kind])
    held = web.degree == 1
    hung = equilibrium(web.pos, web.edge_index, tension, held)
    relaxed = WebGraph(hung, web.edge_index, web.radius, web.kind)
    # Junctions that tension has drawn together are one junction.
    return relaxed.welded(0.5 * loom.gap).largest_component()
