import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from assembly.printability import check_printability
from assembly.printability.picture import COLOURS, marked_picture


@pytest.fixture(autouse=True)
def matplotlib_draws(monkeypatch):
    monkeypatch.setenv("STRUCTGEN_RENDERER", "matplotlib")


def share_of(path, colour):
    """Of the drawing above the legend that has nearly the hue of ``colour``."""
    image = imread(path)[:300, :, :3]
    wanted = np.array(to_rgb(colour))
    hue = image / np.maximum(image.max(axis=2, keepdims=True), 1e-3) - wanted / wanted.max()
    return (np.abs(hue).max(axis=2) < 0.08).mean()


@pytest.mark.parametrize(("name", "kind"), [("pin", "thin"), ("wall", "thin"), ("floating", "floating")])
def test_what_is_wrong_with_a_mesh_has_its_colour(part_of, tmp_path, name, kind):
    part = part_of(name)
    marked_picture(part, check_printability(part, orient=False), tmp_path / "a.png", size=(400, 400))
    assert share_of(tmp_path / "a.png", COLOURS[kind]) > 0.0005
    marked_picture(part_of("block"), check_printability(part_of("block")), tmp_path / "b.png", size=(400, 400))
    assert share_of(tmp_path / "b.png", COLOURS[kind]) == 0


@pytest.mark.parametrize(("name", "kind"), [("dangling", "island"), ("thread", "thin"), ("gantry", "bridge")])
def test_what_is_wrong_with_a_web_has_its_colour(web_of, tmp_path, name, kind):
    web = web_of(name)
    marked_picture(web, check_printability(web, orient=False), tmp_path / "a.png", size=(400, 400))
    assert share_of(tmp_path / "a.png", COLOURS[kind]) > 0.0005
