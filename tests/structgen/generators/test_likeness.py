from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import Delaunay

from structgen import load_model
from structgen.generators.likeness import STREAM, part_of
from structgen.generators.model import OutOfRangeWarning
from structgen.generators.styles import ENOUGH, STYLE, Style
from structgen.generators.traits import OF_SILK, SHARES, THICKNESS
from structgen.seeds import generator
from structgen.sources.procedural import orb
from structgen.targets import DesignTargets
from structgen.validity import validity
from structgen.web import KINDS, WebGraph

RADIAL, SPIRAL = (number for number, name in KINDS.items() if name in ("radial", "spiral"))


@pytest.fixture(scope="module")
def web():
    """A whole orb web, as no model has seen it."""
    return orb(seed=5, radii=20, mesh=5.0)


@pytest.fixture(scope="module")
def model():
    return load_model("autoregressive")


def ring(n: int) -> WebGraph:
    turn = 2 * np.pi * np.arange(n) / n
    pos = 10 * np.column_stack([np.cos(turn), np.sin(turn), 0 * turn])
    return WebGraph.from_edges(pos, np.column_stack([np.arange(n), np.roll(np.arange(n), -1)]))


def rng(seed=0):
    return np.random.default_rng(seed)


# -- parts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nodes", [2, 8, 48, 200])
def test_a_part_is_connected_and_has_the_nodes_asked_for(web, nodes):
    part = part_of(web, nodes, rng())
    assert part.n == nodes
    assert part.is_connected
    assert part == part_of(web, nodes, rng())
    assert part != part_of(web, nodes, rng(1))
    places = {tuple(place) for place in web.pos.tolist()}
    assert all(tuple(place) in places for place in part.pos.tolist())


def test_the_part_of_a_web_with_no_more_nodes_is_all_of_it(web):
    assert part_of(web, web.n, rng()) is web
    assert part_of(web, 10 * web.n, rng()) is web


# -- requests ----------------------------------------------------------------------------------------------


def asked_like(model, web, *targets, n=1, seed=0):
    """The requests, and the part that each is made from."""
    requests = model.requests_like(targets, web, n, seed)
    return requests, [part_of(web, r.target.nodes, generator(seed, k, STREAM)) for k, r in enumerate(requests)]


def test_what_is_not_asked_for_is_as_in_a_part_of_the_web(web, model):
    sizes = DesignTargets(nodes=40), DesignTargets(nodes=60, mean_degree=2.6)
    requests, parts = asked_like(model, web, *sizes, n=3)
    assert [request.target.nodes for request in requests] == [40] * 3 + [60] * 3
    for request, part in zip(requests[:3], parts[:3], strict=True):
        assert request.target == DesignTargets.measure(part)
        assert request.filled == ("mean_edge_length", "dx", "dy", "dz", "edges", "mean_degree")
    for request, part in zip(requests[3:], parts[3:], strict=True):
        assert request.target.edges == 78
        assert request.target.extents == tuple(part.extents.tolist())
        assert request.filled == ("mean_edge_length", "dx", "dy", "dz")
    for request, part in zip(requests, parts, strict=True):
        np.testing.assert_array_equal(request.style.traits, Style.of(part).traits)
    assert len({request.target for request in requests}) == 6


def test_at_another_size_it_is_the_same_in_shape(web, model):
    (request,), (part,) = asked_like(model, web, DesignTargets(mean_edge_length=2.0, nodes=30))
    factor = 2.0 / part.lengths.mean()
    np.testing.assert_allclose(request.target.extents, factor * part.extents, rtol=1e-12)


def test_nothing_asked_for_is_a_web_of_the_same_numbers(web, model):
    whole = part_of(web, 100, rng())
    (request,) = model.requests_like([DesignTargets()], whole, 1, 0)
    assert request.target == DesignTargets.measure(whole)
    np.testing.assert_array_equal(request.style.traits, Style.of(whole).traits)


def test_of_a_web_in_pieces_the_largest_is_what_counts(web, model):
    far = ring(30).translated([500.0, 0, 0])
    both = WebGraph(
        np.concatenate([far.pos, web.pos]), np.concatenate([far.edge_index, web.edge_index + far.n], axis=1),
        np.concatenate([far.radius, web.radius]), np.concatenate([far.kind, web.kind]),
    )  # fmt: skip
    one, other = (model.requests_like([DesignTargets(nodes=40)], given, 1, 0)[0] for given in (both, web))
    assert one.target == other.target
    np.testing.assert_array_equal(one.style.traits, other.style.traits)


def test_too_small_a_web_to_be_like_is_refused(model):
    with pytest.raises(ValueError, match=f"like is a web of {ENOUGH - 1} edges in one piece, must have at least"):
        model.generate(DesignTargets(nodes=20), like=ring(ENOUGH - 1))
    assert model.requests_like([DesignTargets()], ring(ENOUGH), 1, 0)[0].target.edges == ENOUGH


def test_models_that_have_no_styles_refuse(web):
    with pytest.raises(ValueError, match="like is a web, but the model analog"):
        load_model("analog").generate(DesignTargets(nodes=20), like=web)


# -- webs --------------------------------------------------------------------------------------------------


def test_webs_are_more_like_the_web_than_those_of_the_same_numbers(web, model):
    results = model.generate(DesignTargets(nodes=40), 8, seed=0, like=web)
    others = model.sample([result.asked for result in results], 1, seed=0)
    parts = asked_like(model, web, DesignTargets(nodes=40), n=8)[1]

    def unlike(webs):
        away = [
            np.square((Style.of(one).traits - Style.of(part).traits) / model.styles.scale.numpy()).mean()
            for one, part in zip(webs, parts, strict=True)
        ]
        return np.median(away)

    webs = [result.web for result in results]
    assert unlike(webs) < 0.7 * unlike(others)
    for result, part in zip(results, parts, strict=True):
        assert validity(result.web, model.config.max_degree).ok
        assert result.asked == DesignTargets.measure(part)
        assert (result.web.n, result.web.m) == (part.n, part.m)


def test_the_same_seed_gives_the_same_webs_and_another_others(web, model):
    one, again, other = (model.sample(DesignTargets(nodes=16), 3, seed=seed, like=web) for seed in (4, 4, 5))
    assert one == again
    assert one != other


def test_a_larger_web_than_the_network_sees_is_begun_like_it_too(web, model):
    (result,) = model.generate(DesignTargets(nodes=160), seed=0, like=web)
    assert result.web.n == 160
    assert validity(result.web, model.config.max_degree).ok
    assert result.web != model.sample(result.asked, seed=0)[0]


def test_webs_past_the_training_range_are_warned_of_once(model):
    """A triangulation has more threads at a node than any web of a spider."""
    pos = np.column_stack([100 * rng().random((60, 2)), np.zeros(60)])
    triangles = Delaunay(pos[:, :2]).simplices
    edges = np.unique(np.sort(np.concatenate([triangles[:, :2], triangles[:, 1:], triangles[:, ::2]]), axis=1), axis=0)
    dense = WebGraph.from_edges(pos, edges)
    with pytest.warns(OutOfRangeWarning) as caught:
        results = model.generate(DesignTargets(nodes=30), 3, seed=0, like=dense)
    assert [bool(result.outside) for result in results] == [True] * 3
    (only,) = caught
    assert str(only.message).startswith(results[0].outside[0])
    assert str(only.message).endswith("; and 2 webs more")


# -- silk --------------------------------------------------------------------------------------------------


def bare(web, **changes):
    """The web without silk kinds."""
    return replace(web, kind=np.zeros(web.m, np.int64), **changes)


def test_a_web_without_silk_is_taken_to_have_that_of_webs_like_it(web, model):
    part = part_of(web, 40, rng())
    own, told = Style.of(bare(part)), model.styles.of(bare(part))
    known = ~OF_SILK[:STYLE]
    np.testing.assert_array_equal(told.traits[known], own.traits[known])
    np.testing.assert_array_equal(told.bends, own.bends)
    shares = told.traits[SHARES]
    assert shares[0] == pytest.approx(0, abs=0.02)
    assert shares.sum() == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(model.styles.of(part).traits, Style.of(part).traits)


def test_where_all_threads_are_alike_they_are_taken_to_be_as_thick_as_those_of_webs_like_it(web, model):
    part = part_of(web, 40, rng())
    assert np.ptp(part.radius) > 0
    told = model.styles.of(bare(part, radius=np.full(part.m, 0.2))).traits[THICKNESS]
    assert np.ptp(told) > 0
    np.testing.assert_allclose(told, Style.of(part).traits[THICKNESS], atol=0.1)


def test_all_parts_of_a_web_without_silk_are_taken_to_be_of_one_sort(web, model):
    """Of an orb web most threads are radial or spiral, also where a part alone looks like a tangle."""
    requests = model.requests_like([DesignTargets(nodes=40)], bare(web), 12, 0)
    alone = [model.styles.of(bare(part)) for part in asked_like(model, web, DesignTargets(nodes=40), n=12)[1]]
    of_orb, of_orb_alone = (
        np.mean([style.traits[SHARES][[RADIAL, SPIRAL]].sum() for style in styles])
        for styles in ([request.style for request in requests], alone)
    )
    assert of_orb > 0.6
    assert of_orb > of_orb_alone
