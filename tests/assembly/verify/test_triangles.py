import itertools

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assembly.verify.triangles import segment_meets, triangles_meet

some = settings(max_examples=200, deadline=None)
corner = st.tuples(*[st.integers(0, 4)] * 3)
#: Many of the triangles lie in one plane, or touch.
triangle = st.lists(corner, min_size=3, max_size=3).map(lambda x: np.array(x, np.int64))
pair = st.tuples(triangle, triangle)
flat_pair = pair.map(lambda pair: tuple(t * [1, 1, 0] for t in pair))


def has_area(t):
    return np.cross(t[1] - t[0], t[2] - t[0]).any()


def disjoint(p, q):
    """Whether two convex polygons of whole-number corners have no point in common: by separating axes, exactly."""
    edges = [np.roll(x, -1, axis=0) - x for x in (p, q)]
    normals = [np.cross(e[0], e[1]) for e in edges]
    axes = [*normals, *(np.cross(a, b) for a in edges[0] for b in edges[1])]
    axes += [np.cross(n, e) for n, own in zip(normals, edges, strict=True) for e in own]
    return any((p @ a).max() < (q @ a).min() or (q @ a).max() < (p @ a).min() for a in axes if a.any())


def meet(first, second):
    """`triangles_meet` in every order of the corners, which must agree; equal corners have one number."""
    v, number = np.unique(np.concatenate([first, second]), axis=0, return_inverse=True)
    v, number = v * 2.0**-7, number.reshape(2, 3)
    answers = {
        triangles_meet(v, *f, *g)
        for one, two in (number, number[::-1])
        for f in itertools.permutations(one)
        for g in itertools.permutations(two)
    }
    assert len(answers) == 1
    return answers.pop()


def common(p, q):
    return [corner for corner in p.tolist() if corner in q.tolist()]


@some
@given(st.one_of(pair, flat_pair))
def test_triangles_without_a_common_corner_meet_unless_an_axis_separates_them(pair):
    assume(has_area(pair[0]) and has_area(pair[1]) and not common(*pair))
    assert meet(*pair) == (not disjoint(*pair))


@some
@given(st.one_of(pair, flat_pair))
def test_triangles_with_a_common_corner_meet_if_they_do_with_the_corner_cut_off(pair):
    p, q = pair
    q = q + (p[0] - q[0])
    assume(has_area(p) and has_area(q) and common(p, q) == [p[0].tolist()])
    # More than the corner in common is a segment far longer than what is cut off.
    many = 10_000
    cut = np.array([many * p[0] + (p[1] - p[0]), many * p[1], many * p[2], many * p[0] + (p[2] - p[0])])
    assert meet(p, q) == (not disjoint(cut, many * q))


@some
@given(triangle, corner, st.booleans())
def test_triangles_with_a_common_edge_meet_if_folded_onto_each_other(t, fourth, flat):
    t, fourth = (x * [1, 1, 0] if flat else x for x in (t, np.array(fourth)))
    other = np.array([t[1], t[0], fourth])
    assume(has_area(t) and has_area(other) and len(common(t, other)) == 2)
    one, two = np.cross(t[1] - t[0], t[2] - t[0]), np.cross(t[1] - t[0], fourth - t[0])
    assert meet(t, other) == (not np.cross(one, two).any() and one @ two > 0)


@given(triangle)
def test_a_face_twice_meets_itself(t):
    assume(has_area(t))
    assert meet(t, t[[0, 2, 1]])


def test_a_touch_counts_and_a_gap_of_one_rounding_does_not():
    v = np.array([[0, 0, 0], [3, 0, 0], [0, 3, 0], [1, 1, 0], [1, 1, 1], [2, 1, 1]], float)
    assert triangles_meet(v, 0, 1, 2, 3, 4, 5)
    v[3, 2] = 5e-324 + 2.0**-80
    assert not triangles_meet(v, 0, 1, 2, 3, 4, 5)
    assert segment_meets(v, 3, 4, 0, 1, 2) is False
    v[3, 2] = -(2.0**-80)
    assert triangles_meet(v, 0, 1, 2, 3, 4, 5)
    assert segment_meets(v, 3, 4, 0, 1, 2) is True
