import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.supply import Supply, symmetries
from structgen.web import WebGraph


def box_web(*sides):
    """A web of one strut across a box."""
    return WebGraph.from_edges([[1, 2, 3], np.add([1, 2, 3], sides)], [(0, 1)])


def test_there_are_48_symmetries_half_of_them_turns():
    turns = np.array(symmetries())
    assert len(np.unique(turns, axis=0)) == 48
    np.testing.assert_array_equal(np.unique(np.linalg.det(turns), return_counts=True)[1], [24, 24])


@given(st.lists(st.floats(1, 30), min_size=3, max_size=3), st.integers(0, 99), st.booleans())
def test_a_turned_web_still_fits_and_is_centred(sides, seed, upright):
    webs = Supply([box_web(*sides)], upright=upright)(np.zeros((10, 3)), seed)
    for web in webs:
        assert (np.abs(web.extents - sides) <= 0.1 * min(sides) * (1 + 1e-6)).all()
        np.testing.assert_allclose(web.pos.min(axis=0), -web.pos.max(axis=0), atol=1e-9)
        if upright:
            assert web.extents[2] == pytest.approx(sides[2])


def test_a_cube_is_turned_every_way_and_webs_are_used_in_turn():
    webs = Supply([box_web(5, 5, 5), box_web(6, 6, 6)], size=5)(np.zeros((400, 3)), 0)
    assert [web.extents[0] for web in webs[:4]] == pytest.approx([5, 6, 5, 6])
    ways = {tuple(np.sign(web.pos[1] - web.pos[0]).astype(int).tolist()) for web in webs}
    assert len(ways) == 8


def test_the_size_of_a_module_is_the_median_of_the_boxes():
    np.testing.assert_array_equal(Supply([box_web(5, 6, 7), box_web(9, 6, 5), box_web(4, 8, 9)]).size, [5, 6, 7])


def test_a_source_is_told_places_size_and_seed():
    asked = []

    def source(centres, size, seed):
        asked.append((centres.tolist(), size.tolist(), seed))
        return [box_web(*size)] * len(centres)

    webs = Supply(source, size=(5, 4, 3))(np.array([[1.0, 2, 3], [4, 5, 6]]), 7)
    assert asked == [([[1, 2, 3], [4, 5, 6]], [5, 4, 3], 7)]
    np.testing.assert_allclose(webs[1].pos, [[-2.5, -2, -1.5], [2.5, 2, 1.5]])


@pytest.mark.parametrize(
    ("webs", "size", "said"),
    [
        ([], None, "webs is empty"),
        (lambda centres, size, seed: [], None, "size is None"),
        (lambda centres, size, seed: [box_web(1, 1, 1)], 5, "made 1 webs for 2 places"),
        ([box_web(1, 1, 1)], 0, "size is"),
        ([box_web(1, 1, 1)], [1, 2], "size is"),
        ([box_web(1, 1, 0)], None, "must be > 0"),
    ],
)
def test_what_is_no_supply_is_told(webs, size, said):
    with pytest.raises(ValueError, match=said):
        Supply(webs, size)(np.zeros((2, 3)), 0)
