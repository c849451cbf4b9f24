import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from PIL import Image

from assembly import render
from assembly.render import picture, turntable
from assembly.render_page import BACKGROUND, camera, captions, compose, framing, scenes_of, strut_colours
from assembly.solid import solidify
from structgen.web import WebGraph


@pytest.fixture(scope="module")
def solid(small_tangle):
    return solidify(small_tangle)


def needs_opengl():
    if not render._opengl_works():
        pytest.skip("VTK cannot draw off-screen here; on Debian it needs libx11-6, libegl1 and libgl1-mesa-dri")


@pytest.fixture(params=render.RENDERERS)
def renderer(request, monkeypatch):
    """Each back end in turn."""
    if request.param == "pyvista":
        needs_opengl()
    monkeypatch.setenv("STRUCTGEN_RENDERER", request.param)
    return request.param


@pytest.fixture
def probe(monkeypatch):
    """``probe(result)``: let the probe for OpenGL end with ``result``, a code or an exception; returns its calls."""
    calls = []

    def install(result):
        def run(command, **options):
            calls.append(options)
            if isinstance(result, Exception):
                raise result
            return SimpleNamespace(returncode=result)

        monkeypatch.setattr(subprocess, "run", run)
        return calls

    monkeypatch.delenv("STRUCTGEN_RENDERER", raising=False)
    render._opengl_works.cache_clear()
    yield install
    render._opengl_works.cache_clear()


def drawn(path):
    """``(height, width)``, true where a PNG is not the background."""
    return (np.abs(imread(path)[:, :, :3] - to_rgb(BACKGROUND)) > 0.05).any(axis=2)


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


@pytest.mark.parametrize("size", [(640, 320), (301, 403), (64, 64)])
def test_a_picture_has_the_size_asked_for_and_shows_web_and_solid(renderer, small_tangle, solid, tmp_path, size):
    path = tmp_path / "new" / "web.png"
    picture(small_tangle, solid, path, "a tangle", size)
    assert path.read_bytes().startswith(b"\x89PNG")
    ink = drawn(path)
    assert ink.shape == size[::-1]
    scene = ink[int(0.15 * size[1]) : int(0.75 * size[1])]
    half = size[0] // 2
    assert scene[:, :half].mean() > 0.01 and scene[:, half:].mean() > 0.01


def test_a_web_alone_fills_the_picture(renderer, small_tangle, tmp_path):
    picture(small_tangle, None, tmp_path / "web.png", size=(400, 300))
    columns = np.flatnonzero(drawn(tmp_path / "web.png")[:220].any(axis=0))
    assert np.ptp(columns) > 200


def test_nothing_is_cut_off(renderer, small_tangle, solid, tmp_path):
    """Neither by the picture's edge nor by the middle between the panels, however long the texts."""
    picture(small_tangle, solid, tmp_path / "web.png", "a very long title " * 20, (500, 250))
    ink = drawn(tmp_path / "web.png")
    for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1], ink[60:, 249:251]):
        assert not edge.any()


def test_both_back_ends_show_the_same_at_the_same_place(small_tangle, solid, tmp_path, monkeypatch):
    needs_opengl()
    for name in render.RENDERERS:
        monkeypatch.setenv("STRUCTGEN_RENDERER", name)
        picture(small_tangle, solid, tmp_path / f"{name}.png", "a tangle", (800, 400))
    one, other = (drawn(tmp_path / f"{name}.png") for name in render.RENDERERS)
    assert (one & other).sum() > 0.8 * min(one.sum(), other.sum())


def test_same_web_same_picture(renderer, small_tangle, solid, tmp_path):
    for name in ("a.png", "b.png"):
        picture(small_tangle, solid, tmp_path / name, "title", (200, 100))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_webs_without_depth_or_with_one_strut_are_drawn(renderer, tmp_path):
    for k, ends in enumerate(([[0, 0, 0], [0, 0, 5]], [[1, 1, 1], [1, 1, 1]])):
        picture(WebGraph.from_edges(ends, [(0, 1)]), None, tmp_path / f"{k}.png", size=(100, 100))
    assert drawn(tmp_path / "0.png")[:70].any()


def test_a_title_is_shown_as_it_is_written(renderer, small_tangle, tmp_path):
    """Signs of TeX and line ends do no harm."""
    for name, title in (("no.png", ""), ("some.png", r"$5 {a_b} \frac $ 100 % of" + "\nit")):
        picture(small_tangle, None, tmp_path / name, title, (300, 300))
    assert drawn(tmp_path / "some.png")[:22].sum() > drawn(tmp_path / "no.png")[:22].sum()


@pytest.mark.parametrize("result", [1, -11, subprocess.TimeoutExpired("probe", 60), OSError("no process")])
def test_matplotlib_draws_where_the_probe_fails(probe, result, small_tangle, tmp_path, monkeypatch):
    calls = probe(result)
    monkeypatch.setattr(render, "compose", lambda page, scenes, legend, painter, *_: _Page(painter))
    for name in ("a.png", "b.png"):
        picture(small_tangle, None, tmp_path / name)
        assert (tmp_path / name).read_text() == "assembly.render_matplotlib"
    assert len(calls) == 1
    assert calls[0]["timeout"] > 0


def test_pyvista_draws_where_the_probe_succeeds(probe, small_tangle, tmp_path, monkeypatch):
    probe(0)
    monkeypatch.setattr(render, "compose", lambda page, scenes, legend, painter, *_: _Page(painter))
    picture(small_tangle, None, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_text() == "assembly.render_pyvista"


@pytest.mark.parametrize("name", render.RENDERERS)
def test_the_environment_decides_without_a_probe(probe, name, monkeypatch):
    calls = probe(OSError("must not run"))
    monkeypatch.setenv("STRUCTGEN_RENDERER", name)
    assert render._renderer() == name
    assert calls == []


class _Page:
    def __init__(self, painter):
        self.painter = painter

    def savefig(self, path, **_):
        path.write_text(self.painter.__name__)


def test_an_unknown_renderer_is_refused(small_tangle, tmp_path, monkeypatch):
    monkeypatch.setenv("STRUCTGEN_RENDERER", "povray")
    with pytest.raises(ValueError, match=r"^STRUCTGEN_RENDERER is 'povray', must be pyvista or matplotlib$"):
        picture(small_tangle, None, tmp_path / "web.png")
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("name", ["web.jpg", "web", "png", ""])
def test_a_path_that_is_no_png_is_refused(small_tangle, tmp_path, name):
    with pytest.raises(ValueError, match=r"^path .* must end in .png$"):
        picture(small_tangle, None, tmp_path / name)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((63, 100), "width in size is 63, must be a whole number in 64..8192"),
        ((100, 8193), "height in size is 8193"),
        ((100.5, 100), "width in size is 100.5"),
        ((100, None), "height in size is None"),
        ((100,), r"size is \(100,\), must be \(width, height\)"),
        ((1, 2, 3), "size is"),
        (800, "size is 800"),
    ],
)
def test_a_wrong_size_is_refused(small_tangle, tmp_path, size, message):
    with pytest.raises(ValueError, match=message) as error:
        picture(small_tangle, None, tmp_path / "web.png", size=size)
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be_written_is_named(small_tangle, tmp_path, monkeypatch):
    monkeypatch.setenv("STRUCTGEN_RENDERER", "matplotlib")
    (tmp_path / "file").write_text("not a folder")
    path = tmp_path / "file" / "web.png"
    with pytest.raises(OSError, match=f"cannot write {path}"):
        picture(small_tangle, None, path)
    assert files_in(tmp_path) == ["file"]


def test_a_drawing_that_fails_leaves_no_file(small_tangle, tmp_path, monkeypatch):
    def broken(*_):
        raise MemoryError

    monkeypatch.setenv("STRUCTGEN_RENDERER", "matplotlib")
    monkeypatch.setattr("assembly.render_matplotlib.paint_web", broken)
    with pytest.raises(MemoryError):
        picture(small_tangle, None, tmp_path / "web.png")
    assert files_in(tmp_path) == []


def test_texts_are_as_large_as_there_is_room(small_tangle, solid):
    painter = SimpleNamespace(paint_web=lambda *_: None, paint_solid=lambda *_: None)
    for size in ((1600, 800), (200, 400)):
        figure = compose(size, *scenes_of(small_tangle, solid), painter, "word " * 100)
        boxes = [text.get_window_extent() for text in figure.texts]
        assert len(boxes) == 5
        assert all(box.x0 >= 0 and box.x1 <= size[0] and box.y0 >= 0 and box.y1 <= size[1] for box in boxes)
        for k, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[k + 1 :])


def test_captions_tell_nodes_struts_size_volume_and_faces(cross):
    web, solid = captions(cross, solidify(cross))
    assert web == "web: 5 nodes, 4 struts, 40 x 40 x 0 mm"
    assert solid.startswith("solid: 25") and " mm³, 42" in solid and " x 2 mm, " in solid and solid.endswith(" faces")
    one = WebGraph.from_edges([[0, 0, 0], [1, 0, 0]], [(0, 1)])
    assert captions(one, None) == ["web: 2 nodes, 1 strut, 1 x 0 x 0 mm"]


def test_struts_are_coloured_by_kind_where_there_are_several_and_else_by_length():
    web = WebGraph.from_edges([[0, 0, 0], [1, 0, 0], [4, 0, 0]], [(0, 1), (1, 2)], kind=[8, 77])
    colours, legend = strut_colours(web)
    assert [text for text, _ in legend] == ["bridge", "kind 77"]
    np.testing.assert_array_equal(colours, [to_rgb(colour) for _, colour in legend])
    colours, legend = strut_colours(WebGraph(web.pos, web.edge_index))
    assert [text for text, _ in legend] == ["shortest strut, 1 mm", "longest strut, 3 mm"]
    np.testing.assert_allclose(colours, [to_rgb(colour) for _, colour in legend], atol=1 / 255)
    colours, legend = strut_colours(WebGraph(web.pos[:2], web.edge_index[:, :1]))
    assert [text for text, _ in legend] == ["struts of 1 mm"]
    assert colours.shape == (1, 3)


@pytest.mark.parametrize("aspect", [0.3, 1.0, 2.5])
def test_the_camera_sees_all_of_a_web_upright(random_web, aspect):
    pos = random_web(1, n=30).pos * [3, 1, 0.5]
    view = camera(pos)
    np.testing.assert_allclose(view @ view.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(view) == pytest.approx(1)
    assert view[0, 2] == 0 and view[1, 2] > 0 and view[2, 2] > 0
    centre, half_height = framing(pos, view, aspect)
    seen = np.abs(pos @ view[:2].T - centre).max(axis=0) / [aspect, 1]
    assert seen.max() < half_height < 1.1 * seen.max()


def frames_of(path):
    with Image.open(path) as film:
        times = [film.seek(k) or film.info["duration"] for k in range(film.n_frames)]
        pictures = [film.seek(k) or np.asarray(film.convert("RGB"), float) for k in range(film.n_frames)]
        return pictures, times, film.info.get("loop")


def test_a_turntable_turns_once_for_ever(renderer, small_tangle, solid, tmp_path):
    for thing in (small_tangle, solid):
        turntable(thing, tmp_path / "turn.gif", "a tangle", frames=3, size=(160, 120), seconds=1.5)
        pictures, times, loop = frames_of(tmp_path / "turn.gif")
        assert [picture.shape for picture in pictures] == [(120, 160, 3)] * 3
        assert times == [500] * 3 and loop == 0
        for one, other in ((0, 1), (1, 2), (2, 0)):
            assert np.abs(pictures[one] - pictures[other]).max() > 50
        background = np.array(to_rgb(BACKGROUND)) * 255
        for picture_ in pictures:
            ink = np.abs(picture_ - background).max(axis=2) > 40
            # All of it stays within the picture.
            assert ink[20:90].mean() > 0.005 and not ink[:, :2].any() and not ink[:, -2:].any()


def test_same_part_same_film(small_tangle, tmp_path):
    told = []
    for name in ("a.gif", "b.gif"):
        turntable(small_tangle, tmp_path / name, frames=3, size=(100, 80), progress=lambda *done: told.append(done))
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    assert told == [(1, 3), (2, 3), (3, 3)] * 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "a.png"}, "path 'a.png' must end in .gif"),
        ({"frames": 1}, "frames is 1, must be a whole number in 2..360"),
        ({"seconds": 0}, "seconds is 0, must be 0.1 to 600"),
        ({"size": (10, 100)}, "width in size is 10"),
    ],
)
def test_a_wrong_film_is_refused(small_tangle, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        turntable(small_tangle, **{"path": tmp_path / "a.gif", **options})
    assert files_in(tmp_path) == []


def test_a_solid_alone_fills_the_picture(renderer, solid, tmp_path):
    picture(None, solid, tmp_path / "solid.png", size=(400, 300))
    columns = np.flatnonzero(drawn(tmp_path / "solid.png")[:220].any(axis=0))
    assert np.ptp(columns) > 200
    with pytest.raises(ValueError, match="neither a web nor a solid"):
        picture(None, None, tmp_path / "none.png")
