"""Webs that the tests of assembly share."""

import functools
import itertools

import manifold3d
import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from assembly.meshes import TriangleMesh
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
    """``reference_union(web, sides)``: manifold3d's union of cylinders and of balls at the nodes, independent of ours."""

    def make(web, sides=48):
        widen = np.sqrt(2 * np.pi / (sides * np.sin(2 * np.pi / sides)))
        parts = []
        for (i, j), radius in zip(web.edge_index.T, web.radius, strict=True):
            along = web.pos[j] - web.pos[i]
            if (length := np.linalg.norm(along)) > 0:
                frame = Rotation.align_vectors(along[None], [[0, 0, 1]])[0].as_matrix()
                bar = manifold3d.Manifold.cylinder(length, widen * radius, widen * radius, sides)
                parts.append(bar.transform(np.column_stack([frame, web.pos[i]])))
            parts += [manifold3d.Manifold.sphere(1.01 * radius, sides).translate(web.pos[end]) for end in (i, j)]
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


def bunny(size=50.0, subdivisions=5):
    """A smooth closed lump with a head, two ears, a tail and feet, ``size`` mm high, like Stanford's bunny."""
    ball = trimesh.creation.icosphere(subdivisions)
    bumps = [  # direction, height, width
        ((0.8, 0, 0.7), 0.55, 0.5), ((0.45, 0.3, 1.0), 1.2, 0.16), ((0.45, -0.3, 1.0), 1.2, 0.16),
        ((-1.0, 0, -0.2), 0.35, 0.25), ((0.5, 0.6, -0.8), 0.4, 0.3), ((0.5, -0.6, -0.8), 0.4, 0.3),
    ]  # fmt: skip
    radius = np.ones(len(ball.vertices))
    for direction, height, width in bumps:
        cosine = ball.vertices @ (np.array(direction) / np.linalg.norm(direction))
        radius += height * np.exp(-(np.arccos(np.clip(cosine, -1, 1)) ** 2) / (2 * width**2))
    vertices = radius[:, None] * ball.vertices
    return TriangleMesh(vertices * (size / np.ptp(vertices[:, 2])), ball.faces)


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
    "bunny": bunny,
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
