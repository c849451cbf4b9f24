import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.curves import helix, line
from assembly.join import join
from assembly.place import assemble
from structgen.validity import crossing_pairs
from structgen.web import WebGraph

few = settings(max_examples=15, deadline=None)


def grown(web, region, targets, seed=0):
    """As a generator extends a web: new nodes in the region, each tied to the nearest one on either side of it."""
    rng = np.random.default_rng(seed)
    pos = rng.uniform(*region, (targets.nodes, 3))
    every = np.concatenate([web.pos, pos])
    edges = []
    for k in range(web.n, len(every)):
        for side in (every[:, 0] < every[k, 0], every[:, 0] > every[k, 0]):
            others = np.flatnonzero(side)
            if len(others):
                other = int(others[np.linalg.norm(every[others] - every[k], axis=1).argmin()])
                edges.append((min(other, k), max(other, k)))
    edges = sorted(set(edges))
    return WebGraph(
        every,
        np.concatenate([web.edge_index, np.array(edges).T], axis=1),
        np.concatenate([web.radius, np.full(len(edges), 0.02)]),
        np.concatenate([web.kind, np.full(len(edges), 3)]),
    )


def module(seed, length=40.0):
    """80 nodes spread evenly over a box, each joined to one or two near ones."""
    rng = np.random.default_rng(seed)
    pos = rng.uniform(0, [length, 12, 12], (80, 3))
    pos[:2, 0] = 0, length
    near = [np.argsort(np.linalg.norm(pos[:k] - pos[k], axis=1))[: 1 + k % 2] for k in range(1, 80)]
    edges = [(int(other), k) for k, others in enumerate(near, start=1) for other in others]
    return WebGraph.from_edges(pos, edges, 0.02, 5)


def modules(count, seed=0):
    return [module(seed + k) for k in range(count)]


@few
@given(st.integers(0, 10**6), st.integers(2, 5), st.booleans())
def test_generated_seams_join_all_modules_without_crossings(seed, count, bend):
    webs = modules(count, seed)
    calls = []

    def extend(web, region, targets):
        calls.append((web, region, targets))
        return grown(web, region, targets, seed)

    curve = line(count * 35.0 + 5) if seed % 2 else helix(60, 40, (count * 35 + 5) / 380)
    joined = assemble(curve, webs, bend=bend, extend=extend)
    assert joined.seams == len(calls) / 2 == count - 1
    assert joined.web.is_connected
    assert len(crossing_pairs(joined.web)) == 0
    assert joined.web.degree.max() <= 8 or joined.web.degree.max() <= max(web.degree.max() for web in webs)
    for web, region, targets in calls:
        assert (region[0] < region[1]).all()
        assert 0 in region[:, 0]
        assert targets.edges > targets.nodes > 0
        assert targets.mean_edge_length == pytest.approx(np.mean([w.lengths.mean() for w in webs]), rel=0.5)
        inside = (web.pos > region[0]).all(axis=1) & (web.pos < region[1]).all(axis=1)
        assert inside.sum() <= 0.2 * web.n


def test_struts_that_end_far_away_are_shown_as_they_are():
    """New nodes are joined to one of an earlier seam, which the next seam is too far from to be shown of itself."""
    made, calls = [], []

    def extend(web, region, targets):
        of_seams = web.lengths[web.kind == 3]
        assert all(np.isclose(length, made).any() for length in of_seams)
        calls.append(len(of_seams))
        larger = grown(web, region, targets, 1)
        # What was made last comes last.
        ends = np.column_stack([larger.edge_index, [web.n - 1, web.n]])
        found = WebGraph(larger.pos, ends, np.r_[larger.radius, 0.02], np.r_[larger.kind, 3])
        made.extend(found.lengths[web.m :].tolist())
        return found

    assemble(line(4 * 35.0 + 5), modules(4), extend=extend)
    assert calls[0] == 0 and all(calls[1:]), "later seams are shown struts of those before"


def test_the_inner_nodes_of_modules_stay_bit_for_bit():
    webs = modules(3)
    bridged, joined = (assemble(line(110), webs, tolerance=0, extend=extend) for extend in (None, grown))
    assert bridged.welded == 0
    width = 2 * np.mean([web.lengths.mean() for web in webs])
    places = set(map(tuple, joined.web.pos.tolist()))
    inner = np.abs(bridged.web.pos[:, [0]] - [37.5, 72.5]).min(axis=1) > 0.6 * width + 2.5
    stayed = [tuple(place) in places for place in bridged.web.pos[inner].tolist()]
    # What the cut parts from the rest of its module goes too.
    assert np.mean(stayed) > 0.9
    assert (joined.web.kind == 3).sum() > 10


def test_a_seam_is_asked_to_be_as_the_inside_of_the_modules_is():
    asked = []

    def extend(web, region, targets):
        asked.append((targets.nodes / (region[1, 0] - region[0, 0]), 2 * targets.edges / targets.nodes))
        return grown(web, region, targets)

    webs = modules(3)
    assemble(line(110), webs, extend=extend)
    density = sum(web.n for web in webs) / sum(web.extents[0] for web in webs)
    # Half of a slice's struts have one end in it alone, and all are edges of it.
    assert np.mean(asked, axis=0) == pytest.approx([density, 1.25 * 2 * webs[0].m / webs[0].n], rel=0.25)


def test_a_closed_curve_has_a_seam_at_its_end_too():
    ring = helix(33, 0, 1)
    joined = assemble(ring, modules(6), extend=grown)
    assert joined.seams == 6
    assert joined.web.is_connected


def test_seams_that_cannot_be_made_are_bridged_with_a_warning():
    webs = modules(3)
    calls = []

    def fails(web, region, targets):
        calls.append(region)
        if len(calls) > 2:
            raise ValueError("no valid extension")
        return grown(web, region, targets)

    with pytest.warns(UserWarning, match=r"1 of 2 seams could not be generated and are bridged \(no valid extension\)"):
        joined = assemble(line(110), webs, extend=fails)
    assert joined.seams == 1
    assert len(calls) == 5
    assert joined.bridges > 0
    assert joined.web.is_connected


def test_what_joins_one_module_alone_is_asked_for_again_and_bridged_at_last():
    webs, calls = modules(2), []

    def one_sided(web, region, targets):
        calls.append(region)
        corner = np.append(-0.5 - 0.1 * len(calls), region.mean(axis=0)[1:])
        nearest = int(np.linalg.norm(web.pos - corner, axis=1).argmin())
        return WebGraph(
            np.concatenate([web.pos, [corner]]), np.concatenate([web.edge_index, [[nearest], [web.n]]], axis=1),
            np.append(web.radius, 0.02), np.append(web.kind, 3),
        )  # fmt: skip

    joined = assemble(line(75), webs, extend=one_sided)
    assert len(calls) == 6
    assert (joined.seams, (joined.web.kind == 3).sum()) == (1, 2)
    assert joined.bridges >= 1
    assert joined.web.is_connected


def test_without_seams_the_nodes_come_back():
    def fails(web, region, targets):
        raise ValueError("no")

    webs = modules(2)
    with pytest.warns(UserWarning, match="1 of 1 seams could not be generated"):
        joined = assemble(line(75), webs, extend=fails)
    assert joined == assemble(line(75), webs)


def test_an_extension_that_changes_what_it_was_given_is_refused():
    with pytest.raises(RuntimeError, match="extend has changed the web that it was given"):
        assemble(line(75), modules(2), extend=lambda web, region, targets: web.translated([1, 0, 0]))


def test_modules_of_few_nodes_are_joined_all_the_same(random_web):
    webs = [random_web(k, n=6, size=4, radius=0.02) for k in range(4)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        joined = assemble(line(13), webs, extend=grown)
    assert joined.web.is_connected
    assert len(crossing_pairs(joined.web)) == 0


def test_modules_far_apart_are_joined_across_the_gap():
    webs = modules(2)
    with pytest.warns(UserWarning, match="leave gaps of up to 4"):
        joined = assemble(line(84), webs, extend=grown)
    assert (joined.seams, joined.bridges) == (1, 0)
    assert joined.web.is_connected


def test_same_webs_same_seams():
    webs = modules(3)
    assert assemble(line(110), webs, extend=grown) == assemble(line(110), webs, extend=grown)


def test_one_web_has_no_seam():
    web = modules(1)
    with pytest.warns(UserWarning, match="stick out"):
        assert assemble(line(10), web, extend=grown).seams == 0
    assert join(web).seams == 0
