import numpy as np
import pytest

from assembly import Shape, fill, skin_shell, skinned, write_stl
from assembly.meshes import read_mesh
from assembly.verify import find_self_intersections
from structgen.sources.procedural import boxed_tangle
from structgen.web import WebGraph


@pytest.mark.parametrize(
    ("name", "thickness"),
    [
        ("cube", 1.5),
        ("sphere", 3.0),
        ("torus", 2.0),
        ("bunny", 1.5),
        ("bracket", 0.8),
        ("bracket", 1.5),
        ("plate", 1.5),
    ],
)
def test_a_shell_is_closed_and_as_thick_as_asked(shape_of, name, thickness):
    shape = shape_of(name)
    shell = skin_shell(shape, thickness)
    assert shell.fault() == ""
    depth = -shape.distance(shell.vertices)
    inner = depth > thickness / 2
    # At edges the inner wall is cut round, never thinner.
    np.testing.assert_allclose(depth[~inner], 0, atol=1e-6)
    assert np.quantile(np.abs(depth[inner] - thickness), 0.95) < 0.02 * thickness
    assert np.abs(depth[inner] - thickness).max() < 0.1 * thickness
    assert shell.volume == pytest.approx(shape.mesh.area * thickness, rel=0.2)


def test_the_shell_of_a_cube_is_that_of_two_cubes_but_for_its_edges(shape_of):
    shell = skin_shell(shape_of("cube"), 2.0)
    assert shell.volume == pytest.approx(40**3 - 36**3, rel=0.02)


@pytest.mark.parametrize(("name", "thickness"), [("plate", 2.5), ("cube", 0), ("cube", 20)])
def test_too_thick_a_skin_is_told(shape_of, name, thickness):
    with pytest.raises(ValueError, match="thickness is"):
        skin_shell(shape_of(name), thickness)


def test_no_hollow_left_is_told(mesh_of):
    """The inner wall of a torus 24 mm thick: what is left of it is narrower than the grid."""
    with pytest.raises(ValueError, match="no hollow is left"):
        skin_shell(Shape(mesh_of("torus")), 11.9999)


def test_a_skinned_part_is_the_shape_less_the_hollow_that_the_web_leaves(shape_of, tmp_path):
    """Three bars through the middle of a cube with a wall of 2 mm."""
    ends = 19.0 * np.concatenate([np.eye(3), -np.eye(3)])
    web = WebGraph.from_edges([[0, 0, 0], *ends], [(0, k) for k in range(1, 7)], 1.0)
    part = skinned(web, shape_of("cube"), 2.0)
    report = part.report
    assert (report["bodies"], report["voids"], report["watertight"], report["genus"]) == (1, 1, True, 5)
    bars = 6 * np.pi * 18 - 2 * 8 * np.sqrt(2)  # three round bars of radius 1 have 8 sqrt(2) in common, twice over
    assert report["volume_mm3"] == pytest.approx(40**3 - 36**3 + bars, rel=0.02)
    np.testing.assert_allclose([part.vertices.min(axis=0), part.vertices.max(axis=0)], [[-20, -20, 0], [20, 20, 40]])
    write_stl(part, tmp_path / "part.stl")
    mesh = read_mesh(tmp_path / "part.stl")
    assert mesh.fault() == ""
    assert mesh.volume == pytest.approx(report["volume_mm3"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bunny", "bracket"])
def test_a_filled_shape_with_a_skin_is_sound(shape_of, name):
    modules = [boxed_tangle(k, (18, 18, 18), supports=6, threads=8, thread_length=10, radius=0.5) for k in range(2)]
    web = fill(shape_of(name), modules, skin=1.2, overlap=0.0).web
    part = skinned(web, shape_of(name), 1.2)
    assert not len(find_self_intersections(part.vertices, part.faces))
    assert part.report["bodies"] == 1 and part.report["voids"] >= 1
    shell = skin_shell(shape_of(name), 1.2)
    assert shell.volume < part.report["volume_mm3"] < shape_of(name).volume
    np.testing.assert_allclose(np.ptp(part.vertices, axis=0), shape_of(name).size, atol=1e-4)
    assert skinned(web, shape_of(name), 1.2).vertices.tobytes() == part.vertices.tobytes()
