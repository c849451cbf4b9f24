from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from structgen.generators.styles import FURTHEST, NEAR, ROWS, STYLE, Style, Styles
from structgen.generators.taut import BENDS
from structgen.generators.traits import TRAITS
from structgen.targets import DesignTargets


@pytest.fixture(scope="module")
def webs(dataset):
    return [dataset[int(k)] for k in dataset.indices("train")[:60]]


@pytest.fixture(scope="module")
def styles(webs):
    learned = Styles()
    learned.learn(webs)
    return learned


def test_styles_of_all_webs_are_kept_over_and_over_until_there_are_enough(styles, webs):
    for k in (0, 7, len(webs), ROWS - 1):
        own = Style.of(webs[k % len(webs)])
        np.testing.assert_allclose(styles.traits[k], own.traits, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(styles.bends[k], own.bends, rtol=1e-3, atol=1e-3)


def test_the_style_drawn_is_that_of_one_of_the_webs_with_the_nearest_targets(styles, webs):
    web = webs[3]
    drawn = [styles.drawn(DesignTargets.measure(web), np.random.default_rng(seed)) for seed in range(30)]
    kept = styles.traits.double().numpy()
    found = {int(np.abs(kept - style.traits).sum(1).argmin()) % len(webs) for style in drawn}
    # 60 webs are kept many times each: the web itself has more than `NEAR` rows with its very targets.
    assert ROWS // len(webs) > NEAR
    assert found == {3}
    again = styles.drawn(DesignTargets.measure(web), np.random.default_rng(0))
    np.testing.assert_array_equal(again.traits, drawn[0].traits)


def test_a_style_does_not_depend_on_place_turn_or_size(webs):
    web = webs[1]
    turn = Rotation.random(random_state=0).as_matrix()
    one, other = Style.of(web), Style.of(web.rotated(turn).scaled(3.0).translated(np.array([1.0, -2.0, 5.0])))
    np.testing.assert_allclose(one.traits, other.traits, atol=1e-6)
    np.testing.assert_allclose(one.bends, other.bends, atol=1e-3)


def test_what_is_told_is_of_order_one_and_nothing_where_there_is_no_style(styles, webs):
    strange = Style(np.full(STYLE, 1e9), np.zeros(BENDS))
    told = styles.told([*map(Style.of, webs), None, strange])
    own = told[: len(webs), :-1]
    assert own.mean(0).abs().max() < 0.1
    assert own.std(0).max() < 1.5
    assert (told[:, -1] == torch.tensor([*[1.0] * len(webs), 0.0, 1.0])).all()
    assert not told[-2].any()
    assert (told[-1, :-1] == FURTHEST).all()


def test_webs_are_as_unlike_a_style_as_their_traits_are_off(styles, webs):
    style = Style.of(webs[0])
    spread = styles.scale.double().numpy()
    seen = np.zeros((3, TRAITS))
    seen[:, :STYLE] = style.traits
    inner = np.abs(style.traits - styles.mean.double().numpy()) < 2 * spread  # so that no limit is met
    seen[1, :STYLE] += inner * spread
    seen[2, :STYLE] += 1.5 * inner * spread
    seen[:, STYLE:] = np.arange(3)[:, None]  # counts are no part of it
    np.testing.assert_allclose(styles.unlike(seen, style), inner.mean() * np.array([0, 1, 1.5**2]), atol=1e-6)
