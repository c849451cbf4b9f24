"""Procedural orb webs beside a real one: how far apart are they, and how far should they be?

The tracing is cut in two by the upright line through its median x, the hub, so that each half holds top and bottom,
frame and hub. The left half served to fit the defaults of `structgen.sources.orb`; all distances are to the right one.

floor: the half that was fitted. second floor: the web dealt out in 15-degree sectors, odd against even; a fairer cut,
but one that leaves no neighbourhood whole, so it is there to compare with. ceilings: a random geometric graph, and a
Delaunay graph thinned at random, of as many nodes and edges. Every web is cut in the same way and compared half by
half, so that samples are alike in size. A row is the mean over webs (of the floor, over draws of neighbourhoods), its
interval that of one comparison: 95 %, bootstrap over the sectors of both halves, or over neighbourhoods of 8 to 64
nodes drawn within them.

A second table has the graphs of two laser scans (one view, dashed, incomplete: no truth to judge by, so no verdict) and
their distances to the tracing, the procedural orbs and the random graphs, whole webs each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from common import parser, save, table
from scipy.spatial import Delaunay
from scipy.spatial.distance import pdist

from structgen import measures
from structgen.measures import SIGMA, Interval, bootstrap, mmd, wasserstein
from structgen.seeds import generator
from structgen.sources.clouds import read_cloud
from structgen.sources.neighbourhoods import expand, neighbour_lists
from structgen.sources.orb import orb
from structgen.sources.scan import scan_web
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TRACING = DATA / "orb_web_tracing.npz"
#: Settings with which the scans explain most points in one piece, in the unit of the scans.
VOXEL, GAP, SPUR = 3.0, 40.0, 3.0
SECTORS = 24
#: Nodes of a neighbourhood, least and most.
MIN_NODES, MAX_NODES = 8, 64
#: Seeds of the neighbourhoods of the real web count from here, those of other webs from 0.
REAL = 1000
#: Targets: distance over that of the floor, and over that of the better random graph.
OF_FLOOR, OF_CEILING = 1.5, 0.5

BoolArray = npt.NDArray[np.bool_]
Items = dict[str, list[FloatArray]]


def read_tracing(path: Path) -> WebGraph:
    """The web of an npz file with ``pos (n, 2)`` and ``edges (m, 2)``."""
    with np.load(path, allow_pickle=False) as data:
        pos = np.column_stack([data["pos"], np.zeros(len(data["pos"]))])
        return WebGraph.from_edges(pos, data["edges"])


def random_geometric(n: int, m: int, seed: int) -> WebGraph:
    """``n`` points in a square, the ``m`` closest pairs joined."""
    points = generator(seed, 1).random((n, 2))
    nearest = np.sort(np.argsort(pdist(points), kind="stable")[:m])
    edges = np.column_stack(np.triu_indices(n, 1))[nearest]
    return WebGraph.from_edges(np.column_stack([points, np.zeros(n)]), edges)


def thinned_delaunay(n: int, m: int, seed: int) -> WebGraph:
    """``m`` edges, drawn evenly, of the Delaunay triangulation of ``n`` points in a square."""
    rng = generator(seed, 2)
    points = rng.random((n, 2))
    triangles = Delaunay(points).simplices
    edges = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])), axis=0
    )
    kept = rng.choice(len(edges), size=min(m, len(edges)), replace=False)
    return WebGraph.from_edges(np.column_stack([points, np.zeros(n)]), edges[kept])


def half(web: WebGraph, right: bool, neighbourhoods: int, seed: int) -> Items:
    """What is measured on the left or right half of a web: lists of samples, one a sector, or one a neighbourhood."""
    middle = np.median(web.pos[:, 0])
    nodes, edges = ((at[:, 0] >= middle) == right for at in (web.pos, _middles(web)))
    return local_items(web, nodes, edges) | graph_items(web.subweb(nodes), neighbourhoods, seed)


def whole(web: WebGraph, neighbourhoods: int, seed: int) -> Items:
    """What is measured on a whole web."""
    nodes, edges = np.ones(web.n, bool), np.ones(web.m, bool)
    return local_items(web, nodes, edges) | graph_items(web, neighbourhoods, seed)


def graph_items(web: WebGraph, neighbourhoods: int, seed: int) -> Items:
    """Samples of neighbourhoods drawn from the largest part of ``web``."""
    graphs = _neighbourhoods(web.largest_component(), neighbourhoods, seed)
    items: Items = {"spectrum": [measures.laplacian_spectrum(*graph) for graph in graphs]}
    return items | {f"MMD {name}": rows for name, rows in measures.descriptors(graphs).items()}


def dealt(web: WebGraph, odd: bool) -> Items:
    """What is measured on the nodes and edges of every second sector."""
    nodes, edges = (_sector(web, at) % 2 == odd for at in (web.pos, _middles(web)))
    return local_items(web, nodes, edges)


def local_items(web: WebGraph, nodes: BoolArray, edges: BoolArray) -> Items:
    """Samples of ``nodes`` and ``edges`` sector by sector, measured in the whole web: no cut changes any of them."""
    angles = measures.node_angles(web)
    sector, edge_sector = _sector(web, web.pos), _sector(web, _middles(web))
    columns = {
        "degree": web.degree.astype(float),
        "clustering": measures.clustering(web.edge_index, web.n),
        "orbits (log)": np.log1p(measures.orbit_counts(web.edge_index, web.n)),
    }
    wedges = np.unique(sector[nodes])
    items: Items = {name: [c[nodes & (sector == s)] for s in wedges] for name, c in columns.items()}
    lengths = web.lengths / web.lengths[edges].mean()
    items["edge length / mean"] = [lengths[edges & (edge_sector == s)] for s in wedges]
    items["junction angle"] = [
        np.concatenate([np.empty(0), *(angles[i] for i in np.flatnonzero(nodes & (sector == s)))]) for s in wedges
    ]
    return items


def _middles(web: WebGraph) -> FloatArray:
    middles: FloatArray = web.pos[web.edge_index].mean(axis=0)
    return middles


def _sector(web: WebGraph, at: FloatArray) -> npt.NDArray[np.int64]:
    """Which of the sectors about the median of the web each place lies in."""
    x, y = (at - np.median(web.pos, axis=0))[:, :2].T
    sector: npt.NDArray[np.int64] = (np.arctan2(y, x) / (2 * np.pi) % 1 * SECTORS).astype(np.int64) % SECTORS
    return sector


def _neighbourhoods(web: WebGraph, count: int, seed: int) -> list[tuple[npt.NDArray[np.int64], int]]:
    """Connected neighbourhoods as the data set of the generators holds them."""
    rng, lists, found = generator(seed, 3), neighbour_lists(web), []
    for _ in range(count):
        start, size = int(rng.integers(web.n)), int(rng.integers(MIN_NODES, MAX_NODES + 1))
        part = web.subweb(np.sort(expand(lists, start, size, rng, compact=rng.random())))
        found.append((part.edge_index, part.n))
    return found


def distance(name: str) -> Callable[[Sequence[FloatArray], Sequence[FloatArray]], float]:
    """The distance between two lists of items of a measure."""
    if name.startswith("MMD "):
        sigma = SIGMA[name.removeprefix("MMD ")]
        return lambda a, b: mmd(a, b, sigma)
    return lambda a, b: wasserstein(np.concatenate(a), np.concatenate(b))


def compare(many: Sequence[Items], ones: Sequence[Items], draws: int) -> dict[str, Interval]:
    """For each measure the mean distance of the k-th of ``many`` to the k-th of ``ones``, and its mean interval."""
    found = {}
    for name in ones[0]:
        pairs = zip(many, ones, strict=True)
        each = [bootstrap(distance(name), a[name], b[name], k, draws) for k, (a, b) in enumerate(pairs)]
        found[name] = Interval(*(float(np.mean([getattr(e, end) for e in each])) for end in ("value", "low", "high")))
    return found


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--web", type=Path, default=TRACING, help="npz with pos (n, 2) and edges (m, 2)")
    arguments.add_argument("--scans", type=Path, nargs="*", default=sorted(DATA.glob("web_scan_*.pcd")))
    arguments.add_argument("--webs", type=int, default=8, help="procedural webs, and random graphs of each kind")
    arguments.add_argument("--neighbourhoods", type=int, default=128)
    arguments.add_argument("--draws", type=int, default=100, help="bootstrap draws for each comparison")
    options = arguments.parse_args()
    if not options.web.is_file():
        sys.exit(f"{options.web}: no such file; give the tracing of a real orb web with --web (npz: pos, edges)")
    real = read_tracing(options.web)
    count, seeds = options.neighbourhoods, range(options.webs)
    # Neighbourhoods of the real halves are drawn anew for each comparison, or the floor would hang on one draw.
    left, right = ([half(real, side, count, REAL + 2 * seed + side) for seed in seeds] for side in (False, True))
    makers: dict[str, Callable[[int], WebGraph]] = {
        "procedural": orb,
        "random geometric": lambda seed: random_geometric(real.n, real.m, seed),
        "Delaunay": lambda seed: thinned_delaunay(real.n, real.m, seed),
    }
    rows = {
        "floor": compare(left, right, options.draws),
        "second floor": compare([dealt(real, True)], [dealt(real, False)], options.draws),
    }
    for name, make in makers.items():
        halves = [half(make(seed), seed % 2 == 1, count, seed) for seed in seeds]
        rows[name] = compare(halves, right, options.draws)
    print(report(rows))
    distances = {name: {k: asdict(v) for k, v in row.items()} for name, row in rows.items()}
    scans = {path.stem: scan_distances(path, real, makers, options) for path in options.scans}
    if scans:
        head = ["distance of the scan's graph to", "the tracing", *makers]
        print("\n" + table([head, *(row for name, found in scans.items() for row in scan_rows(name, found))]))
    result = {
        "distances": distances, "verdict": verdict(rows), "webs": options.webs, "nodes": real.n, "edges": real.m,
        "scans": {name: {k: {m: asdict(v) for m, v in row.items()} for k, row in found.items()}
                  for name, found in scans.items()},
    }  # fmt: skip
    save("web_realism", result, options.output)


def scan_distances(
    path: Path, real: WebGraph, makers: dict[str, Callable[[int], WebGraph]], options: Any
) -> dict[str, dict[str, Interval]]:
    """Distances of the graph of a scan to the tracing and to webs of each maker, measured on whole webs."""
    scanned = scan_web(read_cloud(path), VOXEL, GAP, spur=SPUR).web
    seeds = range(min(options.webs, 4))
    ours = [whole(scanned, options.neighbourhoods, REAL + seed) for seed in seeds]
    others = {"the tracing": [whole(real, options.neighbourhoods, seed) for seed in seeds]}
    others |= {name: [whole(make(s), options.neighbourhoods, s) for s in seeds] for name, make in makers.items()}
    return {name: compare(ours, them, options.draws) for name, them in others.items()}


def scan_rows(name: str, found: dict[str, dict[str, Interval]]) -> list[list[object]]:
    """The rows of a scan in the second table."""
    return [
        [f"{name}: {measure}", *(_cell(row[measure]) for row in found.values())] for measure in found["the tracing"]
    ]


def verdict(rows: dict[str, dict[str, Interval]]) -> dict[str, dict[str, Any]]:
    """For each measure the distance of the procedural webs over the floor and over the better random graph."""
    found = {}
    for name, procedural in rows["procedural"].items():
        floor = procedural.value / rows["floor"][name].value if rows["floor"][name].value > 0 else np.inf
        best = min(rows[k][name].value for k in ("random geometric", "Delaunay"))
        found[name] = {
            "of_floor": floor,
            "of_ceiling": procedural.value / best,
            "reached": bool(floor <= OF_FLOOR and procedural.value <= OF_CEILING * best),
        }
    return found


def report(rows: dict[str, dict[str, Interval]]) -> str:
    """The table."""
    head = ["distance to the real half", *rows, "/ floor", "/ best random", "reached"]
    lines = [
        [
            name,
            *(_cell(row.get(name)) for row in rows.values()),
            f"{marks['of_floor']:.2f}",
            f"{marks['of_ceiling']:.2f}",
            "yes" if marks["reached"] else "no",
        ]
        for name, marks in verdict(rows).items()
    ]
    return table([head, *lines])


def _cell(found: Interval | None) -> str:
    return f"{found.value:.4f} ({found.low:.4f}-{found.high:.4f})" if found else "-"


if __name__ == "__main__":
    main()
