import manifold3d
import numpy as np
import pytest

from assembly.meshes import TriangleMesh
from assembly.printability import check_printability, draining, fix
from assembly.printability.draining import drainage, solid_points
from assembly.printability.layers import mesh_layers
from assembly.shape import Shape
from assembly.solid import solidify

DRAIN = 3.5


@pytest.mark.parametrize("mouths", [(0.6,), (1.5,), (2.5,), (1, 1, 1), (1.2, 2)])
def test_a_hollow_with_narrow_mouths_keeps_what_is_in_it(flask_of, mouths):
    mesh = flask_of(*mouths)
    (hollow,) = drainage(mesh, DRAIN).narrow
    assert hollow.width == pytest.approx(np.hypot.reduce(mouths), rel=0.12, abs=0.15)
    assert hollow.size == pytest.approx(20**3, rel=0.06)
    assert hollow.where == pytest.approx((0, 0, 12), abs=0.3)
    assert hollow.lowest[2] < 6 and hollow.highest[2] > 18


def test_a_pinhole_that_slips_through_the_grid_is_narrow(flask_of):
    (hollow,) = drainage(flask_of(0.2), DRAIN).narrow
    assert 0 < hollow.width < 0.5


@pytest.mark.parametrize("mouths", [(), (3.5,), (6,), (2.2, 2.2, 2.2)])
def test_closed_hollows_and_wide_mouths_are_no_narrow_ones(flask_of, mouths):
    assert drainage(flask_of(*mouths), DRAIN).narrow == ()


def test_two_hollows_are_told_apart_largest_first(flask_of):
    one, two = flask_of(1.0), flask_of(2.0, side=16.0)
    both = TriangleMesh(
        np.concatenate([two.vertices + np.array([40, 0, 0]), one.vertices]),
        np.concatenate([two.faces, one.faces + len(two.vertices)]),
    )
    found = drainage(both, DRAIN).narrow
    assert [round(hollow.width) for hollow in found] == [1, 2]
    assert [hollow.where[0] for hollow in found] == pytest.approx([0, 40], abs=0.3)


def test_what_a_ball_does_not_fit_in_is_no_hollow(flask_of):
    assert drainage(flask_of(0.6, side=7.0), DRAIN).narrow == ()


@pytest.mark.parametrize("radius", [0.4, 1.2])
def test_cells_of_a_web_drain_between_its_struts(lattice, radius):
    """A ball as wide as a drain is caged where struts are thick; windows are many all the same."""
    solid = solidify(lattice(4, turn=1, radius=radius))
    for drain in (DRAIN, 7.5, 8.5):
        assert drainage(TriangleMesh(solid.vertices, solid.faces), drain).narrow == ()


@pytest.mark.parametrize("seed", [8, 85, 96])
def test_cells_among_crossing_struts_are_no_hollows(hard_web, seed):
    """Small windows all about a cell are much of its surface."""
    solid = solidify(hard_web(seed))
    assert drainage(TriangleMesh(solid.vertices, solid.faces), DRAIN).narrow == ()


def test_points_of_the_grid_are_those_inside(shape_of):
    shape = shape_of("bunny")
    layers = mesh_layers(shape.mesh.vertices, shape.mesh.faces, 2.0, 2.0)
    inside = solid_points(layers)
    z, y, x = np.indices(inside.shape).reshape(3, -1)
    points = layers.corner + (np.column_stack([x, y, z]) + 0.5) * layers.height
    np.testing.assert_array_equal(inside.ravel(), shape.contains(points))


@pytest.mark.parametrize("process", ["resin", "sls"])
def test_narrow_mouths_are_reported_and_drilled_once_and_for_all(flask_of, process):
    part = flask_of(1.5)
    (finding,) = check_printability(part, process, orient=False, supports=True).errors
    assert (finding.kind, finding.limit) == ("trapped", DRAIN)
    assert finding.measured == pytest.approx(1.5, rel=0.1)
    assert "opens as a hole of 1.5 mm does, 3.5 mm let its" in finding.message
    fixed = fix(part, process, supports=True)
    assert fixed.report.prints
    assert fixed.changes == ("1 hollow drilled open by holes of 3.5 mm",)
    Shape(fixed.part)
    assert fix(fixed.part, process, supports=True).changes == ()


def test_filament_stays_nowhere(flask_of):
    assert check_printability(flask_of(1.5), "fdm", orient=False).of("trapped") == ()


def test_a_grid_too_coarse_to_tell_is_told(monkeypatch, flask_of):
    monkeypatch.setattr(draining, "MOST_POINTS", 20_000)
    report = check_printability(flask_of(), "sls", orient=False)
    assert "hollows were looked at every" in report.of("resolution")[0].message


def test_drilled_webs_in_skins_drain(shape_of, lattice):
    """Behind the holes struts are in a ball's way, but not in that of powder."""
    web = lattice(3, turn=None, radius=0.5)
    cube = manifold3d.Manifold.cube([24, 24, 24]).translate([-2, -2, -2])
    hollow = manifold3d.Manifold.cube([20, 20, 20])
    solid = solidify(web)
    struts = manifold3d.Manifold(manifold3d.Mesh64(solid.vertices - [0, 0, 0.5], solid.faces.astype(np.uint64)))
    made = ((cube - hollow) + struts).to_mesh64()
    part = TriangleMesh(np.array(made.vert_properties[:, :3]), np.array(made.tri_verts, np.int64))
    assert (part.shell_volumes < 0).sum() == 1
    fixed = fix(part, "sls")
    assert fixed.report.prints and fixed.changes == ("1 hollow drilled open by holes of 3.5 mm",)
