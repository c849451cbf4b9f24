from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import simulate
from simulate.mechanics.grips import punch_of
from simulate.mechanics.law import Law
from simulate.mechanics.tension_picture import _sides, plot
from simulate.mechanics.virtual_tests import indentation, tension
from structgen.web import WebGraph

STIFF = Law.elastic(1000, 0.2)


def star(arms, length=10.0, radius=0.1):
    """``arms`` threads from the middle to as many ends in the plane z = 3."""
    angle = 2 * np.pi * np.arange(arms) / arms
    pos = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(arms)]) * length
    web = WebGraph.from_edges(np.concatenate([[[0, 0, 0]], pos]), [(0, k) for k in range(1, arms + 1)], radius)
    return web.translated([1, 2, 3])


def mesh(side=9, seed=0):
    """A square net with a little disorder, in the plane z = 0."""
    number = np.arange(side * side).reshape(side, side)
    edges = [*zip(number[:-1].ravel(), number[1:].ravel(), strict=True),
             *zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True)]  # fmt: skip
    pos = np.zeros((side * side, 3))
    pos[:, :2] = np.indices((side, side)).reshape(2, -1).T
    pos[:, :2] += np.random.default_rng(seed).normal(scale=0.05, size=(side * side, 2))
    return WebGraph.from_edges(pos, edges, 0.05)


@pytest.mark.parametrize("arms", [2, 4, 5])
def test_threads_pushed_in_the_middle_follow_the_closed_form(arms):
    """Each of k arms L carries E A (s/L - 1) with s^2 = L^2 + d^2, of which d/s is along the push."""
    length, area = 10.0, np.pi * 0.1**2
    result = indentation(star(arms, length), STIFF, 8.0)
    depth = result.displacement
    stretched = np.hypot(length, depth)
    force = arms * 1000 * area * (stretched / length - 1) * depth / stretched
    whole = result.broken == 0
    np.testing.assert_allclose(result.load[whole], force[whole], atol=5e-3 * force[whole].max())
    # They break at s = 1.2 L, all at one depth.
    assert depth[result.first_drop] == pytest.approx(length * np.sqrt(1.2**2 - 1), rel=0.01)
    work = arms * area * length * STIFF.toughness
    assert result.work[-1] == pytest.approx(work, rel=0.02)
    assert result.toughness == pytest.approx(STIFF.toughness, rel=0.02)
    assert result.balance < 0.01
    assert result.end == "apart"
    assert result.notes == []


def test_a_prestrained_cross_is_as_stiff_as_a_string():
    """Small depths: k T / L with the tension T."""
    result = indentation(star(4), Law.elastic(1000, 0.2), 0.05, prestrain=0.05)
    tense = 1000 * np.pi * 0.1**2 * 0.05
    assert result.load[-1] / 0.05 == pytest.approx(4 * tense / 10, rel=0.02)
    assert result.as_dict()["stiffness_N_mm"] == pytest.approx(4 * tense / 10, rel=0.02)


def test_a_wider_punch_meets_more_resistance():
    web = mesh()
    loads = [indentation(web, STIFF, 0.7, punch=punch).load[-1] for punch in (0.5, 1.5, 2.5)]
    assert loads == sorted(loads)
    assert loads[0] < 0.8 * loads[2]


def test_a_turned_and_moved_web_gives_the_same_curve():
    web = mesh()
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    first = indentation(web, "frame", 3.0, at=web.pos[40], punch=1.2)
    turned = web.rotated(turn).translated([7, -2, 5])
    second = indentation(turned, "frame", 3.0, at=turned.pos[40], punch=1.2, axis=turn[:, 2])
    assert second.breaks[:, 0].tolist() == first.breaks[:, 0].tolist() != []
    assert second.strength == pytest.approx(first.strength, rel=1e-3)
    assert second.length == pytest.approx(first.length)


def test_an_orb_gives_way_where_it_is_pushed(orb_web):
    result = indentation(orb_web, "orb", 60.0, radius="silk", prestrain=0.01, punch=6, frames=4)
    assert result.grips == "anchors"
    assert result.balance < 0.01
    assert result.residual.max() <= 1e-4
    assert len(result.breaks) > 0
    pos = orb_web.pos
    ends = pos[orb_web.edge_index[:, result.breaks[0, 0].astype(int)]]
    middle = (pos.min(axis=0) + pos.max(axis=0)) / 2
    assert np.linalg.norm(ends - middle, axis=1).min() < 0.25 * orb_web.extents.max()


def test_picture_is_seen_from_the_side(tmp_path):
    result = indentation(mesh(5), "frame", 1.0)
    plot(result, tmp_path / "curve.png")
    assert np.asarray(Image.open(tmp_path / "curve.png").convert("L")).std() > 10
    assert _sides(result)[1] == 2
    assert _sides(tension(mesh(5), "frame", to_strain=0.1)) == [0, 1]


# -- what is held and pushed -------------------------------------------------------------------


def test_rim_and_patch():
    web = mesh()
    grips = punch_of(web, punch=1.2, at=web.pos[40])
    pushed = grips.velocity[:, 2] > 0
    near = np.linalg.norm(web.pos - web.pos[40], axis=1) <= 1.2
    np.testing.assert_array_equal(pushed, near)
    outer = np.zeros((9, 9), bool)
    outer[[0, -1]] = outer[:, [0, -1]] = True
    np.testing.assert_array_equal(grips.held & ~pushed, outer.ravel())
    assert grips.length == pytest.approx(8 * np.sqrt(2), rel=0.05)
    assert (punch_of(web, at=[4, 4, 9]).velocity[:, 2] > 0).sum() == 1
    assert punch_of(star(4)).name == "anchors"
    assert punch_of(star(2)).held.all()
    by_number = punch_of(web, patch=[30, 31], rim=[0, 8, 72])
    assert by_number.held.sum() == 5
    np.testing.assert_array_equal(punch_of(web, axis=[0, 0, -2]).velocity, -punch_of(web).velocity)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"depth": 0}, ("depth is 0",)),
        ({"depth": float("inf")}, ("depth is inf",)),
        ({"depth": 1e6}, ("depth is 1e+06 mm", "rim")),
        ({"punch": -1}, ("punch is -1",)),
        ({"punch": 0.1, "at": [3.5, 3.5, 0]}, ("punch is 0.1 mm", "nearest")),
        ({"at": [1, 2]}, ("at is [1, 2]",)),
        ({"at": "here"}, ("at is 'here'",)),
        ({"axis": [0, 0, 0]}, ("axis is [0, 0, 0]",)),
        ({"patch": [40], "punch": 1}, ("patch names",)),
        ({"patch": []}, ("patch: no node",)),
        ({"patch": [999]}, ("patch holds 999",)),
        ({"patch": [0]}, ("rim: node 0 is held and pushed",)),
        ({"rim": "hands"}, ("rim is 'hands'", "anchors")),
        ({"rim": "anchors"}, ("rim: no node has a single thread",)),
        ({"rim": []}, ("rim: no node is named",)),
        ({"rim": [0]}, ("rim: all its nodes lie at the same place",)),
        ({"step": 0}, ("step is 0",)),
    ],
)
def test_refusals(refused, arguments, words):
    with refused(*words):
        indentation(mesh(), **{"depth": 1.0} | arguments)


def test_a_floating_part_is_refused(refused):
    web, other = mesh(), mesh().scaled(0.2).translated([3, 3, 0.5])
    both = WebGraph(
        np.concatenate([web.pos, other.pos]), np.concatenate([web.edge_index, other.edge_index + web.n], axis=1), 0.05
    )
    with refused("web: the part of 81 nodes"):
        indentation(both, depth=1.0, at=[4, 4, 0])


def test_results_say_which_test_they_are_of():
    assert simulate.indentation is indentation
    pulled, pushed = tension(mesh(5), to_strain=0.1), indentation(mesh(5), depth=0.1)
    assert (pulled.as_dict()["test"], pushed.as_dict()["test"]) == ("tension", "indentation")
    assert pushed.displacement[-1] == pytest.approx(0.1)
