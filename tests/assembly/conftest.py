"""Webs that the tests of assembly share."""

import functools
import itertools

import manifold3d
import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from assembly.meshes import TriangleMesh, lump
from assembly.shape import Shape
from structgen.sources.procedural import boxed_tangle
from structgen.web import WebGraph


@pytest.fixture(scope="session")
def random_web():
    """``random_web(seed, n, size, radius)``: a connected web of n nodes spread evenly over a cube of ``size`` mm."""

    def make(seed, n=12, size=20.0, radius=0.3):
        rng = np.random.default_rng(seed)
        pos = rng.uniform(0, size, (n, 3))
        tree = [(int(np.linalg.norm(pos[:k] - pos[k], axis=1).argmin()), k) for k in range(1, n)]
        more = rng.integers(0, n, (n // 2, 2))
        edges = np.concatenate([tree, more[more[:, 0] != more[:, 1]]])
        return WebGraph.from_edges(pos, edges, radius * rng.uniform(0.7, 1.3, len(edges)), 5)

    return make


@pytest.fixture(scope="session")
def lattice():
    """``lattice(k, turn)``: a cubic lattice of k nodes a side, 10 mm apart, turned at random if a seed is given."""

    def make(k=3, turn=None, radius=0.4):
        nodes = list(itertools.product(range(k), repeat=3))
        number = {node: i for i, node in enumerate(nodes)}
        steps = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
        ends = [(node, tuple(np.add(node, step).tolist())) for node in nodes for step in steps]
        edges = [(number[a], number[b]) for a, b in ends if b in number]
        web = WebGraph.from_edges(10.0 * np.array(nodes), edges, radius)
        return web if turn is None else web.rotated(Rotation.random(rng=turn).as_matrix())

    return make


@pytest.fixture(scope="session")
def reference_union():
    """``reference_union(web, sides)``: manifold3d's union of cylinders and balls, independent of ours."""

    def make(web, sides=32):
        widen = np.sqrt(2 * np.pi / (sides * np.sin(2 * np.pi / sides)))
        ball = manifold3d.Manifold.sphere(1.0, sides)
        ball = ball.scale([(4 / 3 * np.pi / ball.volume()) ** (1 / 3)] * 3)
        thickest, parts = np.zeros(web.n), []
        for ends in web.edge_index:
            np.maximum.at(thickest, ends, web.radius)
        for (i, j), radius in zip(web.edge_index.T, web.radius, strict=True):
            along = web.pos[j] - web.pos[i]
            if (length := np.linalg.norm(along)) > 0:
                frame = Rotation.align_vectors(along[None], [[0, 0, 1]])[0].as_matrix()
                bar = manifold3d.Manifold.cylinder(length, widen * radius, widen * radius, sides)
                parts.append(bar.transform(np.column_stack([frame, web.pos[i]])))
        parts += [ball.scale([radius] * 3).translate(p) for p, radius in zip(web.pos, thickest, strict=True)]
        return manifold3d.Manifold.batch_boolean(parts, manifold3d.OpType.Add)

    return make


@pytest.fixture(scope="session")
def cross():
    """Four struts of 20 mm and radius 1 mm that meet at right angles in the origin's plane."""
    pos = [[0, 0, 0], [20, 0, 0], [-20, 0, 0], [0, 20, 0], [0, -20, 0]]
    return WebGraph.from_edges(pos, [(0, 1), (0, 2), (0, 3), (0, 4)], 1.0)


@pytest.fixture(scope="session")
def small_tangle():
    """A tangle web of some hundred struts."""
    return boxed_tangle(0, (30, 25, 20), supports=20, threads=40, thread_length=8, radius=0.3)


def bracket(thickness=12.0):
    """An L-bracket of two legs 60 mm long and 40 mm wide, with a bolt hole of 10 mm through each."""
    cube, cylinder = manifold3d.Manifold.cube, manifold3d.Manifold.cylinder
    legs = cube([60, 40, thickness]) + cube([thickness, 40, 60])
    hole = cylinder(100, 5, 5, 32)
    legs -= hole.translate([42, 20, -20])
    legs -= hole.rotate([0, 90, 0]).translate([-20, 20, 42])
    return of_manifold(legs)


def of_manifold(solid):
    mesh = solid.to_mesh64()
    return TriangleMesh(np.array(mesh.vert_properties[:, :3]), np.array(mesh.tri_verts, np.int64))


def of_trimesh(mesh):
    return TriangleMesh.welded(mesh.vertices, mesh.faces)


MESHES = {
    "cube": lambda: of_trimesh(trimesh.creation.box((40, 40, 40))),
    "sphere": lambda: of_trimesh(trimesh.creation.icosphere(4, 25)),
    "torus": lambda: of_trimesh(trimesh.creation.torus(30, 12, 96, 48)),
    "bunny": lambda: lump(50.0),
    "bracket": bracket,
    "plate": lambda: of_trimesh(trimesh.creation.box((60, 45, 5))),
}


@pytest.fixture(scope="session")
def mesh_of():
    """``mesh_of(name)``: a closed mesh; cube, sphere, torus, bunny, bracket (with holes) or plate (thin)."""
    return lambda name: MESHES[name]()


@pytest.fixture(scope="session")
def shape_of(mesh_of):
    """``shape_of(name)``: the `Shape` of `mesh_of`, the same one each time."""
    return functools.cache(lambda name: Shape(mesh_of(name)))


def unit(rng, count):
    vectors = rng.normal(size=(count, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def grown(rng, pos, radius):
    """Each node joined to the nearest of those before it, and some more struts."""
    tree = [(int(np.linalg.norm(pos[:k] - pos[k], axis=1).argmin()), k) for k in range(1, len(pos))]
    more = rng.integers(0, len(pos), (len(pos) // 2, 2))
    edges = np.concatenate([tree, more[more[:, 0] != more[:, 1]]])
    return WebGraph.from_edges(pos, edges, radius(len(edges)))


def even(rng):
    return lambda count: 0.4 * rng.uniform(0.7, 1.3, count)


def sparse(rng):
    return grown(rng, rng.uniform(0, 30, (rng.integers(4, 20), 3)), even(rng))


def crowded(rng):
    return grown(rng, rng.uniform(0, 10, (rng.integers(4, 20), 3)), even(rng))


def planar(rng):
    return grown(rng, rng.uniform(0, 25, (rng.integers(4, 20), 3)) * [1, 1, 0], lambda count: np.full(count, 0.4))


def thick_and_thin(rng):
    return grown(rng, rng.uniform(0, 25, (rng.integers(4, 16), 3)), lambda count: 10 ** rng.uniform(-1.3, 0.3, count))


def hub(rng):
    """A node of degree 12."""
    ends = unit(rng, 12) * rng.uniform(5, 12, (12, 1))
    return WebGraph.from_edges([[0, 0, 0], *ends], [(0, k) for k in range(1, 13)], even(rng)(12))


def nearly_parallel(rng):
    ends = (unit(rng, 1) + unit(rng, 6) * 10 ** rng.uniform(-6, -1, (6, 1))) * rng.uniform(5, 15, (6, 1))
    return WebGraph.from_edges([[0, 0, 0], *ends], [(0, k) for k in range(1, 7)], even(rng)(6))


def on_one_line(rng):
    """Struts in the same few directions."""
    ends = np.unique(unit(rng, 3)[rng.integers(0, 3, 6)] * rng.integers(1, 6, (6, 1)) * 3.0, axis=0)
    return WebGraph.from_edges([[0, 0, 0], *ends], [(0, k) for k in range(1, len(ends) + 1)])


def tiny_edges(rng):
    """Down to edges that weld."""
    web, twins = sparse(rng), 4
    node = rng.integers(0, web.n, twins)
    pos = np.concatenate([web.pos, web.pos[node] + unit(rng, twins) * 10 ** rng.uniform(-9, 0, (twins, 1))])
    twin = web.n + np.arange(twins)
    pairs = np.concatenate([web.edge_index.T, np.column_stack([node, twin]), np.column_stack([twin, np.roll(node, 1)])])
    return WebGraph.from_edges(pos, pairs)


def regular(rng):
    """A cubic lattice with diagonals that cross."""
    pos = np.stack(np.meshgrid(*[np.arange(3)] * 3), -1).reshape(-1, 3) * float(rng.choice([2, 4, 8]))
    i, j = np.triu_indices(27, 1)
    near = np.linalg.norm(pos[i] - pos[j], axis=1) < 0.9 * pos.max()
    chosen = near & (rng.random(len(i)) < 0.5)
    return WebGraph.from_edges(pos, np.column_stack([i, j])[chosen]).largest_component()


def through_one_point(rng):
    """Struts that cross in one point without a node there."""
    ends = 8 * unit(rng, 6)
    return WebGraph.from_edges([*-ends, *ends], [(k, 6 + k) for k in range(6)] + [(k, k + 1) for k in range(6, 11)])


def fine_helix(rng):
    """Edges shorter than they are thick."""
    t = np.linspace(0, 2 * np.pi, 40)
    pos = np.column_stack([5 * np.cos(t), 5 * np.sin(t), rng.uniform(0.1, 0.6) * t])
    return WebGraph.from_edges(pos, [(k, k + 1) for k in range(39)])


KINDS = (
    sparse, crowded, planar, thick_and_thin, hub, nearly_parallel, on_one_line, tiny_edges, regular, through_one_point,
    fine_helix,
)  # fmt: skip


@pytest.fixture(scope="session")
def hard_web():
    """``hard_web(seed)``: a small web of one of eleven kinds."""
    return lambda seed: KINDS[seed % len(KINDS)](np.random.default_rng(seed))
