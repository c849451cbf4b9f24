import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.field.blocks import BITS, SIDE, Blocks
from assembly.field.surface import MARGIN, surface
from assembly.verify import find_open_vertices, find_self_intersections, shells_of

few = settings(max_examples=25, deadline=None)


def in_blocks(dense):
    """Samples and blocks of a dense ``(x, y, z)`` array of samples; blocks with positive samples only are left out."""
    shape = -(-np.array(dense.shape) // SIDE)
    padded = np.ones(shape * SIDE, np.float32)
    padded[tuple(slice(n) for n in dense.shape)] = dense
    near = np.pad(padded < 0, 2 * SIDE)
    places, values = [], []
    for place in np.ndindex(*shape[::-1]):
        place = np.array(place)[::-1]
        low = place * SIDE + 2 * SIDE
        if near[tuple(slice(k - 1, k + SIDE + 1) for k in low)].any():
            places.append(place)
            values.append(padded[tuple(slice(k, k + SIDE) for k in place * SIDE)].transpose(2, 1, 0).ravel())
    places = np.array(places)
    key = (places << BITS * np.arange(3)).sum(axis=1)
    number = {tuple(place): k for k, place in enumerate(places.tolist())}
    beside = [
        [number.get(tuple(place + [corner >> a & 1 for a in range(3)]), -1) for corner in range(8)] for place in places
    ]
    empty = np.zeros(len(key) + 1, np.int64)
    return np.array(values), Blocks(key, empty, empty[:0], np.array(beside, np.int32))


@few
@given(st.integers(0, 10_000), st.sampled_from([3, 6, 11]), st.floats(0.2, 0.8))
def test_the_surface_of_noise_is_closed_manifold_and_does_not_cross_itself(seed, size, share):
    """Every pattern of signs comes up, with neighbours of all kinds."""
    rng = np.random.default_rng(seed)
    dense = np.full((size + 4,) * 3, 1.0)
    dense[1:-3, 1:-3, 1:-3] = rng.uniform(-share, 1 - share, (size,) * 3)
    if not (dense < 0).any():
        return
    vertices, faces = surface(*in_blocks(dense))
    vertices = vertices.astype(np.float32).astype(np.float64)
    assert len(find_open_vertices(len(vertices), faces)) == 0
    assert len(find_self_intersections(vertices, faces)) == 0
    shells = shells_of(vertices, faces)
    np.testing.assert_array_equal(shells.around, shells.volume < 0)


@pytest.mark.parametrize("corner", [(2, 2, 2), (3, 3, 3), (3, 4, 4), (4, 3, 7)])
def test_one_inner_sample_is_an_octahedron(corner):
    """Within a block and across several."""
    dense = np.full((12, 12, 12), 1.0)
    dense[corner] = -1
    vertices, faces = surface(*in_blocks(dense))
    assert vertices.shape == (6, 3) and faces.shape == (8, 3)
    np.testing.assert_allclose(np.abs(vertices - corner).sum(axis=1), 0.5)
    assert shells_of(vertices, faces).volume.tolist() == pytest.approx([4 / 3 * 0.5**3])


def test_vertices_lie_where_the_field_is_zero_but_for_the_margin():
    dense = np.full((8, 8, 8), 1.0)
    dense[3, 3, 3], dense[4, 3, 3], dense[2, 3, 3] = -1, 3, 1e-9
    vertices, _ = surface(*in_blocks(dense))
    along = np.sort(vertices[(vertices[:, 1:] == 3).all(axis=1), 0])
    np.testing.assert_allclose(along, [2 + MARGIN, 3.25], rtol=1e-6)
