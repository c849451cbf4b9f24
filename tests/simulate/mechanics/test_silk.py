from __future__ import annotations

import numpy as np
import pytest

from simulate.mechanics.silk import LAWS, ORB, laws_by_edge, radii
from structgen.web import WebGraph


@pytest.fixture
def web():
    """Five threads of as many kinds: unspecified, frame, radial, spiral, anchor."""
    return WebGraph(np.eye(3)[[0, 1, 2, 0, 1, 2]] * np.arange(1, 7)[:, None], [range(5), range(1, 6)], 0.2,
                    [0, 1, 2, 3, 7])  # fmt: skip


def test_dragline_is_that_of_cranford():
    law = LAWS["dragline"]
    d = 0.3 - 0.1356
    assert law.stress_at(0.1) == pytest.approx(87.59)
    assert law.stress_at(0.3) == pytest.approx(875.9 * 0.1356 + np.exp(14.2 * d) - 1 + 180 * d, rel=1e-3)
    assert law.break_strain == 0.6725
    assert law.strength == pytest.approx(1380, rel=0.01)


def test_every_law_names_its_source():
    assert all(law.source for law in LAWS.values())


def test_laws_by_kind(web):
    laws, number = laws_by_edge(web, "orb")
    assert [laws[k].name for k in number] == ["radial", "frame", "radial", "spiral", "frame"]
    laws, number = laws_by_edge(web, {3: LAWS["viscid"], "default": LAWS["dragline"]})
    assert [laws[k].name for k in number] == ["dragline", "dragline", "dragline", "viscid", "dragline"]
    laws, number = laws_by_edge(web, "pla")
    assert (len(laws), laws[0].name, number.tolist()) == (1, "pla", [0] * 5)


def test_radii(web):
    assert radii(web, None) is web.radius
    np.testing.assert_allclose(radii(web, "silk"), [1.75e-3, 2.5e-3, 1.75e-3, 1.15e-3, 2.5e-3])
    np.testing.assert_allclose(radii(web, {"frame": 0.3, "default": 0.1}), [0.1, 0.3, 0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("law", "words"),
    [
        ("steel", ("law is 'steel'", "dragline")),
        (7, ("law is 7",)),
        ({"frame": 3}, ("law has 'frame': 3",)),
        ({"steel": LAWS["pla"]}, ("law names 'steel'", "frame")),
        ({"frame": LAWS["pla"]}, ("law has nothing for silk kind unspecified",)),
    ],
)
def test_refused_laws(refused, web, law, words):
    with refused(*words):
        laws_by_edge(web, law)


@pytest.mark.parametrize(
    ("radius", "words"),
    [
        ("thick", ("radius is 'thick'",)),
        (-1.0, ("radius is -1 mm",)),
        ([1.0, 2.0], ("radius has shape (2,)", "(5,)")),
        ({"frame": 1.0}, ("radius has nothing for silk kind unspecified",)),
    ],
)
def test_refused_radii(refused, web, radius, words):
    with refused(*words):
        radii(web, radius)


def test_orb_laws_are_of_the_library():
    assert set(ORB.values()) <= set(LAWS.values())
