import math

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assembly import solidify, wrap
from assembly.meshes import TriangleMesh
from assembly.surfaces import MeshSurface, Plane, cylinder, revolved
from structgen.sources.procedural import boxed_tangle
from structgen.web import WebGraph


@pytest.fixture(scope="module")
def modules():
    return [boxed_tangle(k, (20, 16, 3), supports=8, threads=12, thread_length=8, radius=0.3) for k in range(3)]


def winds_round_the_axis(web):
    """Whether a closed way of struts goes round the z axis."""
    angle = np.arctan2(web.pos[:, 1], web.pos[:, 0])
    neighbours = [[] for _ in range(web.n)]
    for i, j in web.edge_index.T.tolist():
        step = (angle[j] - angle[i] + math.pi) % (2 * math.pi) - math.pi
        neighbours[i].append((j, step))
        neighbours[j].append((i, -step))
    total, waiting = {0: 0.0}, [0]
    while waiting:
        i = waiting.pop()
        for j, step in neighbours[i]:
            if j not in total:
                total[j] = total[i] + step
                waiting.append(j)
            elif abs(total[i] + step - total[j]) > math.pi:
                return True
    return False


def test_a_wrapped_cylinder_is_one_component_joined_around(modules):
    joined = wrap(cylinder(12, 14), modules)
    assert joined.web.is_connected
    assert winds_round_the_axis(joined.web)
    distance = np.hypot(joined.web.pos[:, 0], joined.web.pos[:, 1])
    assert distance.min() > 10 and distance.max() < 13.6
    assert np.ptp(joined.web.pos[:, 2]) == pytest.approx(14, abs=3)
    assert solidify(joined.web).report["watertight"]


def test_a_wrapped_plane_is_not_closed(modules):
    web = wrap(Plane(40, 30), modules).web
    assert web.is_connected
    np.testing.assert_allclose(web.extents, [40, 30, 3], atol=4)


@pytest.mark.parametrize("name", ["sphere", "bunny", "bracket", "torus"])
def test_a_mesh_is_wrapped_all_over_in_one_component(shape_of, modules, name):
    shape = shape_of(name)
    web = wrap(MeshSurface(shape.mesh), modules).web
    assert web.is_connected
    assert np.quantile(np.abs(shape.distance(web.pos)), 0.99) < 1.5 * 1.1
    points, _ = MeshSurface(shape.mesh).sample(3.0)
    assert cKDTree(web.pos).query(points)[0].max() < 8


def test_modules_can_lie_outside(modules):
    web = wrap(cylinder(20, 30), modules, offset=1.5).web
    distance = np.hypot(web.pos[:, 0], web.pos[:, 1])
    assert distance.min() > 19 and distance.max() < 23.1


def test_same_seed_same_web(mesh_of, modules):
    surface = MeshSurface(mesh_of("plate"))
    assert wrap(surface, modules, seed=3).web == wrap(surface, modules, seed=3).web
    assert wrap(surface, modules, seed=3).web != wrap(surface, modules, seed=4).web


def test_webs_are_made_for_their_places(modules):
    places = []

    def source(centres, size, seed):
        places.extend(centres.tolist())
        return [modules[0]] * len(centres)

    wrap(revolved([[20, 0], [10, 30]]), source, size=modules[0].extents)
    radius = np.hypot(*np.array(places)[:, :2].T)
    np.testing.assert_allclose(radius, 20 - np.array(places)[:, 2] / 3, atol=1e-6)


@pytest.mark.parametrize(
    ("surface", "options", "said"),
    [
        (cylinder(1.4, 30), {}, "too small for modules that reach"),
        (cylinder(20, 30), {"overlap": 1}, "overlap is 1"),
        (cylinder(20, 30), {"offset": math.nan}, "offset is nan"),
        (Plane(1e5, 1e5), {"size": 1}, "over 1000000 modules"),
    ],
)
def test_what_cannot_be_wrapped_is_told(modules, surface, options, said):
    with pytest.raises(ValueError, match=said):
        wrap(surface, modules, **options)


def test_an_open_mesh_may_be_wrapped(mesh_of, modules):
    mesh = mesh_of("cube")
    top_off = TriangleMesh(mesh.vertices, mesh.faces[mesh.normals[:, 2] < 0.5])
    web = wrap(MeshSurface(top_off), modules).web
    assert web.is_connected
    assert isinstance(web, WebGraph)
