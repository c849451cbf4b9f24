from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from structgen.generators import styles as styles_module
from structgen.generators.request import scale_free
from structgen.generators.styles import FURTHEST, NEAR, ROWS, STEPS, STYLE, Style, Styles
from structgen.generators.taut import BENDS, LARGEST
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


def test_styles_of_all_webs_are_kept_as_near_as_8_bits_tell_them(styles, webs):
    assert len(styles.traits) == len(webs)
    assert styles.traits.dtype == styles.bends.dtype == torch.uint8
    mean, scale = styles.mean.double().numpy(), styles.scale.double().numpy()
    for k in (0, 7, len(webs) - 1):
        own, kept = Style.of(webs[k]), styles._kept(k)
        near = np.clip(own.traits, mean - FURTHEST * scale, mean + FURTHEST * scale)
        np.testing.assert_array_less(np.abs(kept.traits - near), (1.001 * FURTHEST / STEPS) * scale + 1e-6)
        none = own.bends < 0
        np.testing.assert_array_equal(kept.bends[none], own.bends[none])
        # A step is smaller where bends are.
        np.testing.assert_allclose(np.sqrt(kept.bends[~none]), np.sqrt(own.bends[~none]), atol=np.sqrt(LARGEST) / STEPS)
    assert any((Style.of(web).bends < 0).all() for web in webs) and any((Style.of(web).bends > 0).any() for web in webs)


def test_no_more_styles_are_kept_than_there_is_room_for(webs, monkeypatch):
    monkeypatch.setattr(styles_module, "ROWS", 5)
    few = Styles()
    few.learn(webs)
    assert len(few.features) == len(few.traits) == len(few.bends) == 5
    np.testing.assert_allclose(few._kept(4).traits, Style.of(webs[4]).traits, atol=0.05)


def test_styles_are_read_as_many_as_there_are_and_no_more_than_there_is_room_for(styles, webs, monkeypatch):
    read = Styles()
    read.drawn(DesignTargets.measure(webs[3]), np.random.default_rng(0))
    read.load_state_dict(styles.state_dict())
    one, other = (kept.drawn(DesignTargets.measure(webs[3]), np.random.default_rng(0)) for kept in (styles, read))
    np.testing.assert_array_equal(one.traits, other.traits)
    uneven = styles.state_dict() | {"traits": styles.traits[:-1]}
    for state, most in ((uneven, ROWS), (styles.state_dict(), len(webs) - 1)):
        monkeypatch.setattr(styles_module, "ROWS", most)
        with pytest.raises(RuntimeError, match="traits"):
            Styles().load_state_dict(state)


def test_the_style_drawn_is_that_of_one_of_the_webs_with_the_nearest_targets(styles, webs):
    web = webs[3]
    drawn = [styles.drawn(DesignTargets.measure(web), np.random.default_rng(seed)) for seed in range(80)]
    rows = scale_free(np.array([DesignTargets.measure(other).as_array() for other in webs]))
    away = np.square((rows - rows[3]) / rows.std(0)).sum(1)
    kept = np.stack([styles._kept(k).traits for k in range(len(webs))])
    found = {int(np.abs(kept - style.traits).sum(1).argmin()) for style in drawn}
    assert found == set(np.argsort(away)[:NEAR].tolist())
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
