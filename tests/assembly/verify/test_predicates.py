from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.verify.predicates import collinear, grow, orientation, turn, two_product, two_sum

some = settings(max_examples=300, deadline=None)
number = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-40)
# Few different steps from a few places: nearly in a plane, on it, or far from it.
near = st.builds(lambda a, k, s: a + k * s, st.sampled_from([0, 1 / 3, 0.5, 12.0, 1e5]), st.integers(-2, 2),
                 st.sampled_from([0, 2.0**-52, 1e-13, 2.0**-20]))  # fmt: skip
points = st.lists(st.one_of(near, number), min_size=12, max_size=12).map(lambda x: np.array(x, float).reshape(4, 3))


def sign(x):
    return int(x > 0) - int(x < 0)


def determinant(rows):
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def exact(v):
    return [[Fraction(x) for x in row] for row in v.tolist()]


@some
@given(points)
def test_orientation_is_the_sign_of_the_determinant(v):
    *rows, d = exact(v)
    assert orientation(v, 0, 1, 2, 3) == sign(
        determinant([[x - y for x, y in zip(row, d, strict=True)] for row in rows])
    )


@some
@given(points, st.integers(-3, 3), st.integers(-3, 3))
def test_points_of_a_plane_have_no_orientation_and_a_nudged_one_has(v, k, m):
    """Exact in float64: numbers of few bits."""
    v = np.round(v % 64)
    v[3] = v[0] + k * (v[1] - v[0]) + m * (v[2] - v[0])
    assert orientation(v, 0, 1, 2, 3) == 0
    normal = np.cross(v[1] - v[0], v[2] - v[0])
    nudged = v + np.array([[0], [0], [0], [1]]) * np.sign(normal) * 2.0**-40
    assert orientation(nudged, 0, 1, 2, 3) == (-1 if normal.any() else 0)


@some
@given(points)
def test_turn_is_the_sign_of_the_determinant_in_a_plane(v):
    a, b, c, _ = exact(v)
    for x, y in ((0, 1), (1, 2), (2, 0)):
        assert turn(v, 0, 1, 2, x, y) == sign((a[x] - c[x]) * (b[y] - c[y]) - (a[y] - c[y]) * (b[x] - c[x]))


def test_plain_arithmetic_would_err():
    """The classical failure: points by steps of one unit in the last place along a line."""
    wrong = 0
    for i in range(32):
        for j in range(32):
            v = np.array([[0.5 + i * 2.0**-53, 0.5 + j * 2.0**-53, 0], [12.0, 12.0, 0], [24.0, 24.0, 0]])
            plain = (v[0, 0] - v[2, 0]) * (v[1, 1] - v[2, 1]) - (v[0, 1] - v[2, 1]) * (v[1, 0] - v[2, 0])
            a, b, c = exact(v)
            right = sign((a[0] - c[0]) * (b[1] - c[1]) - (a[1] - c[1]) * (b[0] - c[0]))
            assert turn(v, 0, 1, 2, 0, 1) == right
            wrong += sign(plain) != right
    assert wrong > 0


@some
@given(number, number)
def test_sums_and_products_lose_nothing(a, b):
    for operation, value in ((two_sum, Fraction(a) + Fraction(b)), (two_product, Fraction(a) * Fraction(b))):
        high, low = operation(a, b)
        assert Fraction(high) + Fraction(low) == value
        assert high + low == high


@some
@given(st.lists(st.floats(-1e18, 1e18), min_size=1, max_size=30))
def test_an_expansion_is_the_exact_sum_and_its_last_term_tells_the_sign(terms):
    expansion, count = np.empty(32), 0
    for term in terms:
        count = grow(expansion, count, term)
    total = sum(Fraction(term) for term in terms)
    assert sum((Fraction(x) for x in expansion[:count].tolist()), Fraction(0)) == total
    assert (sign(expansion[count - 1]) if count else 0) == sign(total)


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (3, -2, 7)])
def test_collinear_in_any_direction(direction):
    v = np.array([np.multiply(k, direction) for k in (0, 1, 5)], float)
    assert collinear(v, 0, 1, 2)
    v[1] += [0, 2.0**-50, 2.0**-50] if direction[0] else [2.0**-50, 0, 0]
    assert not collinear(v, 0, 1, 2)
