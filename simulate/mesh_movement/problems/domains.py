"""Meshes of domains, given and random: squares and cubes, polygons with holes, channels with obstacles, bent blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations, product

import numpy as np
from scipy.spatial import Delaunay

from simulate.mesh_movement.checks import BoolArray, FloatArray, IntArray
from simulate.mesh_movement.meshes import SimplexMesh, cell_means, determinants, oriented

Arrays = tuple[FloatArray, IntArray]
#: Triangles at a boundary that are flatter than this, height over longest edge, are left out.
FLATTEST = 0.05


def block(dim: int, n: int) -> Arrays:
    """Unit square (``dim`` 2) or cube (3) of n^dim squares or cubes, each cut along its diagonals from 0 to 1."""
    axes = [np.linspace(0, 1, n + 1)] * dim
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, dim)
    step = (n + 1) ** np.arange(dim - 1, -1, -1)
    lowest = np.array([np.dot(at, step) for at in product(range(n), repeat=dim)])
    ways = [np.cumsum([0, *step[list(way)]]) for way in permutations(range(dim))]
    return points, oriented(points, np.concatenate([lowest[:, None] + way for way in ways]))


def squares(nodes: int) -> int:
    """Squares along each side of the unit square with about ``nodes`` nodes."""
    return max(2, round(float(np.sqrt(nodes))) - 1)


def polygon_mesh(loops: Sequence[FloatArray], size: float, seed: int = 0) -> Arrays:
    """Delaunay mesh of cells of about ``size`` of the polygon ``loops[0] (k, 2)`` less the holes ``loops[1:]``.

    Points inside lie on a hexagonal lattice, shaken a little by ``seed``.
    """
    random = np.random.default_rng(seed)
    rim = np.concatenate([_sampled(loop, size) for loop in loops])
    low, high = rim.min(axis=0), rim.max(axis=0)
    rows = np.arange(low[1], high[1], size * np.sqrt(3) / 2)
    lattice = np.concatenate(
        [
            np.stack(np.broadcast_arrays(np.arange(low[0] + k % 2 * size / 2, high[0], size), y), axis=1)
            for k, y in enumerate(rows)
        ]
    )
    lattice += random.uniform(-0.2, 0.2, lattice.shape) * size
    apart = np.sqrt(((lattice[:, None] - rim) ** 2).sum(axis=2).min(axis=1))
    points = np.concatenate([rim, lattice[inside(lattice, loops) & (apart > 0.6 * size)]])
    cells = Delaunay(points).simplices.astype(np.int64)
    corner = points[cells]
    longest = np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=2).max(axis=1)
    height = np.abs(determinants(points, cells)) / longest
    keep = inside(corner.mean(axis=1), loops) & (height > FLATTEST * longest)
    points, cells = used_only(points, cells[keep])
    return points, oriented(points, cells)


def relaxed(points: FloatArray, cells: IntArray, rounds: int = 3) -> Arrays:
    """The mesh with each inner node ``rounds`` times put at the centroid of its cells: no slender cells at a rim."""
    rim = np.unique(SimplexMesh(points, cells).boundary_facets)
    for _ in range(rounds):
        mesh = SimplexMesh(points, cells)
        moments = mesh.volumes[:, None] * cell_means(points, cells)
        points = np.stack([mesh.gathered(column) for column in moments.T], axis=1)
        points /= mesh.gathered(mesh.volumes)[:, None]
        points[rim] = mesh.points[rim]
    return points, oriented(points, cells)


def circle(centre: tuple[float, float], radius: float, size: float) -> FloatArray:
    """``(k, 2)`` a loop of edges of about ``size``."""
    count = max(16, round(2 * np.pi * radius / size))
    angle = 2 * np.pi * np.arange(count) / count
    return np.array(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
L_SHAPE = np.array([[0.0, 0], [0.5, 0], [0.5, 0.5], [1, 0.5], [1, 1], [0, 1]])
#: The channel of the flow past a cylinder, DFG benchmark 2D, and its cylinder: centre and radius.
CHANNEL = np.array([[0.0, 0], [2.2, 0], [2.2, 0.41], [0, 0.41]])
CYLINDER = ((0.2, 0.2), 0.05)


def random_domain(kind: str, nodes: int, seed: int) -> Arrays:
    """A mesh of about ``nodes`` nodes of a domain of one of `KINDS`."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    if kind in ("block", "bent block", "cube", "bent cube", "cube with a notch"):
        return _random_block(kind, nodes, random)
    area = {"channel": 2.2 * 0.41, "L": 0.75}.get(kind, 1.0)
    size = float(np.sqrt(area / nodes / 0.87))
    makers: dict[str, Callable[[], list[FloatArray]]] = {
        "square": lambda: [SQUARE],
        "L": lambda: [L_SHAPE],
        "channel": lambda: [CHANNEL, circle(*CYLINDER, min(size, 0.02))],
        "disc": lambda: [circle((0.5, 0.5), 0.56, size)],
        "star": lambda: [_star(random)],
        "holes": lambda: [SQUARE, *_holes(random, size)],
    }
    loops = makers[kind]()
    return polygon_mesh(loops, size, int(random.integers(2**31)))


KINDS_2D = ("square", "L", "channel", "disc", "star", "holes", "block", "bent block")
KINDS_3D = ("cube", "bent cube", "cube with a notch")
KINDS = KINDS_2D + KINDS_3D


def _random_block(kind: str, nodes: int, random: np.random.Generator) -> Arrays:
    dim = 3 if "cube" in kind else 2
    points, cells = block(dim, max(3, round(nodes ** (1 / dim)) - 1))
    if "bent" in kind:
        wave = random.uniform(0.03, 0.08, dim) * np.sin(np.pi * points[:, ::-1] * random.uniform(0.5, 2, dim))
        points = points + wave
    if "notch" in kind:
        centre = cell_means(points, cells)
        points, cells = used_only(points, cells[~(centre > 0.5).all(axis=1)])
    return points, cells


def _star(random: np.random.Generator) -> FloatArray:
    """A polygon seen whole from its middle, with corners in and out."""
    count = int(random.integers(5, 10))
    angle = 2 * np.pi * (np.arange(count) + random.uniform(-0.3, 0.3, count)) / count
    radius = random.uniform(0.3, 0.75, count)
    corners: FloatArray = 0.5 + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return corners


def _holes(random: np.random.Generator, size: float) -> list[FloatArray]:
    """One to three holes, round or square, one in each quarter at most."""
    quarters = random.permutation(4)[: random.integers(1, 4)]
    loops = []
    for quarter in quarters:
        x, y = 0.27 + 0.46 * (quarter % 2), 0.27 + 0.46 * (quarter // 2)
        radius = float(random.uniform(0.08, 0.17))
        square = (x, y) + radius * np.array([[-1.0, -1], [-1, 1], [1, 1], [1, -1]])
        loops.append(circle((x, y), radius, size) if random.random() < 0.5 else square)
    return loops


def inside(points: FloatArray, loops: Sequence[FloatArray]) -> BoolArray:
    """``(p,)`` whether a ray from each of ``points (p, 2)`` crosses the loops an odd number of times."""
    odd = np.zeros(len(points), dtype=bool)
    x, y = points.T
    for loop in loops:
        for (x0, y0), (x1, y1) in zip(loop, np.roll(loop, -1, axis=0), strict=True):
            if y0 != y1:
                odd ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd


def used_only(points: FloatArray, cells: IntArray) -> Arrays:
    """Without the nodes that no cell names."""
    used, renumbered = np.unique(cells, return_inverse=True)
    return points[used], renumbered.reshape(cells.shape).astype(np.int64)


def _sampled(loop: FloatArray, size: float) -> FloatArray:
    """``loop (k, 2)`` with its edges cut into parts of about ``size``."""
    parts = []
    for start, end in zip(loop, np.roll(loop, -1, axis=0), strict=True):
        count = max(1, round(float(np.linalg.norm(end - start)) / size))
        parts.append(start + np.linspace(0, 1, count, endpoint=False)[:, None] * (end - start))
    return np.concatenate(parts)
