import numpy as np
import pytest

from assembly.meshes import TriangleMesh
from assembly.printability import check_printability, fix
from assembly.shape import Shape
from assembly.solid import solidify
from structgen.web import WebGraph


def same(one, other):
    if isinstance(one, WebGraph):
        return one == other
    return np.array_equal(one.vertices, other.vertices) and np.array_equal(one.faces, other.faces)


@pytest.mark.parametrize(
    ("name", "process", "change"),
    [
        ("pin", "fdm", "walls thickened to 0.8 mm"), ("wall", "fdm", "walls thickened to 0.8 mm"),
        ("wall", "resin", "walls thickened to 0.4 mm"), ("tee", "fdm", "turned, support"),
        ("table", "fdm", "turned, support"), ("hook", "resin", "turned, support"),
        ("floating", "fdm", "1 loose part left out"), ("hollow", "resin", "1 hollow drilled open"),
        ("hollow", "sls", "1 hollow drilled open"), ("long", "fdm", "turned, to fit the plate"),
    ],
)  # fmt: skip
def test_each_bad_part_is_mended_once_and_for_all(part_of, name, process, change):
    plate = (310, 210, 220)
    fixed = fix(part_of(name), process, plate)
    assert fixed.report.prints
    assert len(fixed.changes) == 1 and fixed.changes[0].startswith(change)
    Shape(fixed.part)  # closed and manifold
    again = fix(fixed.part, process, plate)
    assert again.changes == () and same(again.part, fixed.part)


@pytest.mark.parametrize("name", ["thread", "dangling", "gantry", "arm", "loose"])
def test_each_bad_web_is_mended_once_and_for_all(web_of, name):
    fixed = fix(web_of(name))
    assert fixed.report.prints and fixed.changes
    again = fix(fixed.part)
    assert again.changes == () and same(again.part, fixed.part)
    assert check_printability(solidify(fixed.part)).prints


def test_a_tangle_is_mended(small_tangle):
    fixed = fix(small_tangle)
    assert not check_printability(small_tangle).prints and fixed.report.prints
    assert fixed.changes[0] == f"{(small_tangle.radius < 0.4).sum()} struts thickened to 0.8 mm"
    assert "pillar" in fixed.changes[-1]
    assert fixed.part.is_connected and fixed.part.radius.min() == pytest.approx(0.4)
    assert fix(fixed.part).changes == ()


def test_what_prints_is_left_as_it_is(part_of, web_of):
    for part in (part_of("block"), part_of("roof"), web_of("tripod"), web_of("slope")):
        standing = part.translated([0, 0, 0.4]) if isinstance(part, WebGraph) else part
        fixed = fix(standing)
        assert fixed.changes == () and same(fixed.part, standing)


def test_what_cannot_be_mended_is_told(part_of):
    for part in (part_of("long"), TriangleMesh(part_of("block").vertices, part_of("block").faces[1:])):
        fixed = fix(part, plate=(30, 30, 50))
        assert fixed.changes == () and not fixed.report.prints


def test_pillars_where_turning_does_not_help(part_of):
    """A hook on every side of a post: whatever is down, something begins in the air."""
    from manifold3d import Manifold

    post, arm, drop = (Manifold.cube(size, True) for size in ((6, 6, 40), (40, 6, 6), (6, 6, 12)))
    cross = post + arm + arm.rotate([0, 0, 90])
    for sign in (1, -1):
        cross += drop.translate([17 * sign, 0, -9]) + drop.translate([0, 17 * sign, 9])
    made = cross.to_mesh64()
    mesh = TriangleMesh(np.array(made.vert_properties[:, :3]), np.array(made.tri_verts, np.int64))
    assert check_printability(mesh, orient=False).counts["island"] == 2
    fixed = fix(mesh)
    assert fixed.report.prints and "pillar" in fixed.changes[-1]
    assert fixed.report.numbers["parts"] == 1
    Shape(fixed.part)
    assert fix(fixed.part).changes == ()


def test_drilled_hollows_are_open(part_of):
    before = part_of("hollow")
    fixed = fix(before, "resin").part
    assert len(fixed.shell_volumes) == 1
    bore = np.pi * (3.5 / 2) ** 2 * 2 * 2
    assert before.volume - fixed.volume == pytest.approx(bore, rel=0.15)


def test_supports_allowed_leave_islands_alone(part_of):
    assert fix(part_of("hook"), supports=True).changes == ()
