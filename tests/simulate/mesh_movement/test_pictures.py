"""Pictures before and after: of the size of the mesh's box, two different panels; what cannot be drawn is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from simulate.mesh_movement.pictures import before_after


@pytest.mark.parametrize(("stretch", "tall"), [(1, False), (5, True)])
def test_panels_lie_beside_each_other_or_one_above_the_other(arrays, tmp_path, stretch, tall):
    points, cells = arrays("square", 8)
    points = points * (stretch, 1)
    moved = points + 0.05 * np.sin(2 * np.pi * points / (stretch, 1))
    before_after(tmp_path / "a.png", points, cells, moved, points[:, 0], label="x")
    image = Image.open(tmp_path / "a.png").convert("RGB")
    width, height = image.size
    assert width == 1200 and 300 < height < 800
    pixels = np.asarray(image).astype(int)
    halves = (pixels[: height // 2, :1000], pixels[height - height // 2 :, :1000]) if tall else (
        pixels[:, :550], pixels[:, 550:1100])  # fmt: skip
    assert all(half.std() > 10 for half in halves)
    assert np.abs(halves[0] - halves[1]).mean() > 1


def test_the_same_picture_the_same_bytes(arrays, tmp_path):
    points, cells = arrays("square", 4)
    for name in ("a.png", "b.png"):
        before_after(tmp_path / name, points, cells, points, points[:, 1], points[:, 0])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_what_cannot_be_drawn_is_refused(arrays, tmp_path, refused):
    points, cells = arrays("square", 3)
    with refused("must end in .png"):
        before_after(tmp_path / "a.jpg", points, cells, points, points[:, 0])
    with refused("moved has the shape"):
        before_after(tmp_path / "a.png", points, cells, points[:-1], points[:, 0])
    with refused("field has the shape"):
        before_after(tmp_path / "a.png", points, cells, points, points)
    solid, tetrahedra = arrays("cube", 2)
    with refused("pictures are made of meshes in the plane"):
        before_after(tmp_path / "a.png", solid, tetrahedra, solid, solid[:, 0])
    assert not list(tmp_path.iterdir())
