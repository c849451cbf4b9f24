"""Parts that print, and parts with one thing wrong."""

from itertools import pairwise

import manifold3d
import numpy as np
import pytest

from assembly.meshes import TriangleMesh
from structgen.web import WebGraph

Manifold = manifold3d.Manifold


def mesh_of(solid):
    made = solid.to_mesh64()
    return TriangleMesh(np.array(made.vert_properties[:, :3]), np.array(made.tri_verts, np.int64))


def box(sides, foot):
    """A box of ``sides`` whose middle is above ``foot``, where it begins."""
    x, y, z = sides
    return Manifold.cube([x, y, z]).translate([foot[0] - x / 2, foot[1] - y / 2, foot[2]])


def together(*meshes):
    """Meshes as one, not united."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)]
    return TriangleMesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def hollow_ball(outer=10.0, inner=8.0):
    return mesh_of(Manifold.sphere(outer, 64) - Manifold.sphere(inner, 64))


def flask(*mouths, side=24.0, wall=2.0):
    """A hollow cube on the plate with round mouths of these diameters in its upright sides."""
    cube = Manifold.cube([side] * 3, True) - Manifold.cube([side - 2 * wall] * 3, True)
    for k, mouth in enumerate(mouths):
        cube -= Manifold.cylinder(side, mouth / 2, mouth / 2, 48).rotate([90, 0, 90 * k])
    return mesh_of(cube.translate([0, 0, side / 2]))


POST = box((6, 6, 20), (0, 0, 0))
PARTS = {
    "block": lambda: mesh_of(box((20, 20, 20), (0, 0, 0))),
    "pin": lambda: mesh_of(Manifold.cylinder(10, 0.2, 0.2, 8)),
    "wall": lambda: mesh_of(box((10, 0.3, 10), (0, 0, 0))),
    "tee": lambda: mesh_of(POST + box((40, 6, 3), (0, 0, 18))),
    "table": lambda: mesh_of(POST + POST.translate([40, 0, 0]) + box((46, 6, 3), (20, 0, 18))),
    "short table": lambda: mesh_of(POST + POST.translate([14, 0, 0]) + box((20, 6, 3), (7, 0, 18))),
    "hook": lambda: mesh_of(POST + box((20, 6, 3), (7, 0, 18)) + box((4, 6, 10), (15, 0, 10))),
    "floating": lambda: together(mesh_of(box((20, 20, 20), (0, 0, 0))), mesh_of(box((3, 3, 3), (0, 0, 30)))),
    "overlapping": lambda: together(mesh_of(box((10, 10, 10), (0, 0, 0))), mesh_of(box((10, 10, 10), (5, 0, 0)))),
    "two": lambda: together(mesh_of(box((20, 20, 20), (0, 0, 0))), mesh_of(box((3, 3, 3), (20, 0, 0)))),
    "hollow": hollow_ball,
    "long": lambda: mesh_of(box((10, 10, 300), (0, 0, 0))),
    "roof": lambda: mesh_of(Manifold.hull_points(
        [(x, y, z) for y in (-10, 10) for x, z in ((-2, 0), (2, 0), (30, 8), (-30, 8), (30, 12), (-30, 12))])),
}  # fmt: skip


@pytest.fixture(scope="session")
def flask_of():
    """``flask_of(*mouths)``: a hollow cube with round mouths of these diameters, at most four."""
    return flask


@pytest.fixture(scope="session")
def part_of():
    """``part_of(name)``: a mesh of `PARTS`."""
    return lambda name: PARTS[name]()


def web(*chains, radius=0.4):
    """A web of poly-lines; equal points are one node."""
    points = np.unique(np.array([point for chain in chains for point in chain], float), axis=0)
    number = {tuple(point): k for k, point in enumerate(points.tolist())}
    ends = [(number[tuple(map(float, a))], number[tuple(map(float, b))])
            for chain in chains for a, b in pairwise(chain)]  # fmt: skip
    return WebGraph.from_edges(points, ends, radius)


WEBS = {
    "tripod": lambda: web([(0, 0, 20), (9, 0, 0)], [(0, 0, 20), (-6, 7, 0)], [(0, 0, 20), (-6, -7, 0)]),
    "thread": lambda: web([(0, 0, 0), (0, 0, 10), (0, 5, 20)], radius=0.25),
    "dangling": lambda: web([(0, 0, 0), (0, 0, 20), (4, 0, 26), (9, 0, 14)]),
    "loose": lambda: web([(0, 0, 0), (0, 0, 20), (2, 0, 30)], [(20, 0, 15), (20, 0, 25)]),
    "gantry": lambda: web([(0, 0, 0), (0, 0, 20), (40, 0, 20), (40, 0, 0)]),
    "short gantry": lambda: web([(0, 0, 0), (0, 0, 20), (8, 0, 20), (8, 0, 0)]),
    "arm": lambda: web([(0, 0, 0), (0, 0, 20), (9, 0, 20)]),
    "slope": lambda: web([(0, 0, 0), (0, 0, 5), (20, 0, 15)]),
}


@pytest.fixture(scope="session")
def web_of():
    """``web_of(name)``: a web of `WEBS`."""
    return lambda name: WEBS[name]()
