import itertools

import numpy as np
import pytest

from assembly.field.table import EDGES, FACES, NO_EDGE, loops, triangle_table, triangulations
from assembly.verify.triangles import triangles_meet

CORNERS = np.array([[corner >> axis & 1 for axis in range(3)] for corner in range(8)], float)


def triangles(inside):
    return [row for row in triangle_table()[inside].tolist() if row[0] != NO_EDGE]


def cut(shares):
    """``(12, 3)`` points on the edges of a cell."""
    points = np.array([CORNERS[corner] for _, corner in EDGES])
    points[np.arange(12), [axis for axis, _ in EDGES]] += shares
    return points


def sides(edge):
    """Faces of the cell that an edge lies in, and its two corners."""
    axis, corner = EDGES[edge]
    ends = {corner, corner | 1 << axis}
    return {k for k, face in enumerate(FACES) if ends <= set(face)}, ends


@pytest.mark.parametrize("inside", range(256))
def test_loops_go_through_every_crossed_edge_once_and_triangles_fill_them(inside):
    crossed = [e for e in range(12) if len({inside >> corner & 1 for corner in sides(e)[1]}) == 2]
    found = loops(inside)
    assert sorted(itertools.chain(*found)) == crossed
    assert sorted(set(itertools.chain(*triangles(inside)))) == crossed
    steps = [(t[k], t[(k + 1) % 3]) for t in triangles(inside) for k in range(3)]
    assert len(steps) == len(set(steps))
    border = {step for step in steps if step[::-1] not in steps}
    assert border == {(loop[k - 1], loop[k]) for loop in found for k in range(len(loop))}
    for a, b in steps:
        assert (a, b) in border or not sides(a)[0] & sides(b)[0], "a diagonal in a face"


@pytest.mark.parametrize("inside", range(256))
def test_triangles_of_a_cell_never_meet_wherever_its_edges_are_cut(inside):
    rng = np.random.default_rng(inside)
    for k in range(60):
        points = cut(rng.uniform(0.05, 0.95, 12) if k % 2 else rng.choice([0.05, 0.5, 0.95], 12))
        for one, two in itertools.combinations(triangles(inside), 2):
            assert not triangles_meet(points, *one, *two)


@pytest.mark.parametrize("corner", range(8))
def test_one_corner_is_cut_off_with_the_outside_on_the_outer_side(corner):
    (triangle,) = triangles(1 << corner)
    a, b, c = cut(np.full(12, 0.5))[triangle]
    assert np.cross(b - a, c - a) @ (CORNERS[corner] - 0.5) < 0


@pytest.mark.parametrize("face", FACES)
def test_cells_agree_on_the_face_they_share(face):
    """What the surface does on a face depends on its four corners alone, and inner corners across are joined."""
    steps_on = {}
    for inside in range(256):
        on = {k: inside >> corner & 1 for k, corner in enumerate(face)}
        steps = {
            (loop[k - 1], loop[k])
            for loop in loops(inside)
            for k in range(len(loop))
            if all(sides(e)[1] <= set(face) for e in (loop[k - 1], loop[k]))
        }
        assert steps_on.setdefault(tuple(on.values()), steps) == steps
    assert len(steps_on) == 16
    for pattern, corners in (((1, 0, 1, 0), (1, 3)), ((0, 1, 0, 1), (0, 2))):
        around = [set.intersection(*(sides(e)[1] for e in step)) for step in steps_on[pattern]]
        assert sorted(map(list, around)) == sorted([face[k]] for k in corners)


def test_diagonals_in_a_face_are_left_out():
    hexagon = max(loops(0b01111110), key=len)
    assert all(len(way) == len(hexagon) - 2 for way in triangulations(hexagon))
    assert 0 < len(list(triangulations(hexagon))) <= 14
