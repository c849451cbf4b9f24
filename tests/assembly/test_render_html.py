import base64
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import trimesh
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from assembly import page, picture, render_html
from assembly.decimate import clustered
from assembly.meshes import TriangleMesh
from assembly.render_page import BACKGROUND
from structgen.web import WebGraph

#: A browser as far as the script needs one: it counts the lines drawn and lets the test turn the web.
BROWSER = """
const fs = require("fs"), text = fs.readFileSync(process.argv[2], "utf8");
const handlers = {}, lines = [];
let frame = null, from = null;
const pen = {
  clearRect() { lines.length = 0; }, beginPath() {}, moveTo(x, y) { from = [x, y]; },
  lineTo(x, y) { lines.push({from, to: [x, y]}); },
  stroke() { Object.assign(lines.at(-1), {width: pen.lineWidth, colour: pen.strokeStyle}); },
};
const canvas = {clientWidth: 800, clientHeight: 600, getContext: () => pen, setPointerCapture() {},
  addEventListener(name, handler) { handlers[name] = handler; }};
const data = text.match(/<script id="scene" type="application.json">(.*)<.script>/)[1];
global.document = {getElementById: id => id === "scene" ? {textContent: data} : canvas};
global.window = {addEventListener() {}, devicePixelRatio: 1};
global.requestAnimationFrame = draw => { frame = draw; };
eval(text.match(/<script>([^]*?)<.script>/)[1]);
frame();
const first = lines.slice();
handlers.pointermove({buttons: 1, movementX: 60, movementY: 25});
frame();
const turned = lines.slice();
handlers.wheel({deltaY: -400, preventDefault() {}});
frame();
console.log(JSON.stringify({first, turned, enlarged: lines}));
"""


@pytest.fixture
def web():
    pos = [[0, 0, 0], [40, 0, 0], [40, 30, 0], [0, 30, 10]]
    return WebGraph(np.array(pos, float), np.array([[0, 1, 2, 0], [1, 2, 3, 3]]), [0.5, 1.0, 2.0, 4.0], [1, 2, 3, 3])


def data_of(path):
    return json.loads(re.search(r'<script id="scene" type="application/json">(.*)</script>', path.read_text())[1])


def test_a_page_holds_the_web_and_needs_nothing_else(web, tmp_path):
    page(web, tmp_path / "new" / "web.html", "a web")
    text = (tmp_path / "new" / "web.html").read_text()
    assert not re.search(r"https?:|//[a-z]|src=|href=|import", text)
    assert "default-src 'none'" in text
    data = data_of(tmp_path / "new" / "web.html")
    pos = np.array(data["pos"]).reshape(-1, 3)
    lengths = np.linalg.norm(pos[data["edges"][::2]] - pos[data["edges"][1::2]], axis=1)
    np.testing.assert_allclose(lengths, web.lengths, rtol=1e-5)
    assert [data["radii"][k] for k in data["radius"]] == [0.5, 1.0, 2.0, 4.0]
    assert len(data["colours"]) == 3 and data["colour"][2] == data["colour"][3]
    for name in ("frame", "radial", "spiral", "4 nodes, 4 struts"):
        assert name in text


def test_texts_cannot_become_script(web, tmp_path):
    page(web, tmp_path / "a.html", "</title><script>alert(1)</script>")
    assert "<script>alert" not in (tmp_path / "a.html").read_text()


def test_same_web_same_page(web, tmp_path):
    for name in ("a.html", "b.htm"):
        page(web, tmp_path / name, "x")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.htm").read_bytes()


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the page's script")
def test_the_script_draws_turns_and_enlarges(web, tmp_path):
    page(web, tmp_path / "web.html")
    (tmp_path / "browser.js").write_text(BROWSER)
    words = ["node", tmp_path / "browser.js", tmp_path / "web.html"]
    seen = json.loads(subprocess.run(words, capture_output=True, check=True, timeout=60).stdout)
    for lines in seen.values():
        assert len(lines) == web.m
    ends = np.array([[line["from"], line["to"]] for line in seen["first"]])
    assert (ends >= 0).all() and (ends <= [800, 600]).all()
    widths = sorted(line["width"] for line in seen["first"])
    np.testing.assert_allclose(np.array(widths) / widths[0], [1, 2, 4, 8])
    turned = np.array([[line["from"], line["to"]] for line in seen["turned"]])
    assert np.abs(turned - ends).max() > 20
    larger = max(line["width"] for line in seen["enlarged"]) / max(line["width"] for line in seen["turned"])
    assert larger == pytest.approx(np.exp(0.48))
    # Turning keeps lengths in space, so no projected strut is longer than the strut.
    scale = widths[0] / (2 * 0.5)
    for lines in (ends, turned):
        assert np.linalg.norm(lines[:, 0] - lines[:, 1], axis=1).max() <= scale * web.lengths.max() * (1 + 1e-6)


#: As `BROWSER`, with what the solid's script needs of WebGL: it keeps the uniforms and counts what is drawn.
BROWSER_3D = """
const fs = require("fs"), text = fs.readFileSync(process.argv[2], "utf8");
const handlers = {}, frames = [], uniforms = {}, texts = {textContent: ""};
let next = null, buffers = [];
const known = {
  getContext: 0, shaderSource(shader, source) { if (!source.startsWith("#version 300 es")) throw Error("version"); },
  getUniformLocation: (_, name) => name, bufferData: (_, data) => buffers.push(data.length),
  uniformMatrix3fv(name, transpose, value) { if (!transpose) throw Error("rows"); uniforms[name] = value.slice(); },
  uniform4f(name, ...value) { uniforms[name] = value; }, uniform3fv(name, value) { uniforms[name] = value; },
  uniform1f(name, value) { uniforms[name] = value; },
  drawElements(_, count) { frames.push({count, view: uniforms.view, fit: uniforms.fit, deep: uniforms.deep}); },
};
const gl = new Proxy(known, {get: (have, name) => name in have ? have[name] : () => name});
const canvas = {clientWidth: 800, clientHeight: 600, setPointerCapture() {},
  getContext: kind => kind === "webgl2" && process.argv[3] !== "none" ? gl : null,
  addEventListener(name, handler) { handlers[name] = handler; }};
const data = text.match(/<script id="scene" type="application.json">(.*)<.script>/)[1];
global.document = {getElementById: id => ({scene: {textContent: data}, canvas, texts})[id]};
global.window = {addEventListener() {}, devicePixelRatio: 1};
global.requestAnimationFrame = draw => { next = draw; };
eval(text.match(/<script>([^]*?)<.script>/)[1]);
next();
handlers.pointermove({buttons: 1, movementX: 60, movementY: 25});
next();
handlers.wheel({deltaY: -400, preventDefault() {}});
next();
console.log(JSON.stringify({frames, buffers, told: texts.textContent}));
"""


@pytest.fixture(scope="module")
def ball():
    mesh = trimesh.creation.icosphere(3, 7)
    return TriangleMesh(mesh.vertices + np.array([5, 6, 7]), mesh.faces)


def test_a_page_holds_a_solid(ball, tmp_path):
    page(ball, tmp_path / "ball.html", "a ball")
    text = (tmp_path / "ball.html").read_text()
    assert not re.search(r"https?:|//[a-z]|src=|href=|import", text) and "1,280 faces" in text
    data = data_of(tmp_path / "ball.html")
    points = np.frombuffer(base64.b64decode(data["points"]), "<f4").reshape(-1, 3)
    faces = np.frombuffer(base64.b64decode(data["faces"]), "<u4").reshape(-1, 3)
    np.testing.assert_allclose(points, ball.vertices - [5, 6, 7], atol=1e-5)
    np.testing.assert_array_equal(faces, ball.faces)
    assert data["deep"] == pytest.approx(7.07, rel=1e-3)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the page's script")
def test_the_script_of_a_solid_draws_turns_and_enlarges(ball, tmp_path):
    page(ball, tmp_path / "ball.html")
    (tmp_path / "browser.js").write_text(BROWSER_3D)
    words = ["node", tmp_path / "browser.js", tmp_path / "ball.html"]
    seen = json.loads(subprocess.run(words, capture_output=True, check=True, timeout=60).stdout)
    first, turned, enlarged = seen["frames"]
    assert seen["buffers"] == [3 * len(ball.vertices), 3 * len(ball.faces)] and first["count"] == 3 * len(ball.faces)
    one, other = (np.array(frame["view"]).reshape(3, 3) for frame in (first, turned))
    np.testing.assert_allclose(other @ other.T, np.eye(3), atol=1e-6)
    assert np.abs(one - other).max() > 0.1
    # All of the ball is within the picture, and larger by the turn of the wheel.
    assert max(first["fit"][:2]) * 7 < 1 < 1.3 * max(first["fit"][:2]) * 7
    assert enlarged["fit"][0] / turned["fit"][0] == pytest.approx(np.exp(0.48))
    none = json.loads(subprocess.run([*words, "none"], capture_output=True, check=True, timeout=60).stdout)
    assert none["frames"] == [] and "lacks WebGL 2" in none["told"]


def test_a_large_solid_is_shown_coarser_and_that_is_told(ball, tmp_path, monkeypatch):
    monkeypatch.setattr("assembly.render_html_solid.MOST_FACES", 300)
    with pytest.warns(UserWarning, match=r"the page shows \d+ faces in place of the 1,280 that the solid has"):
        page(ball, tmp_path / "ball.html")
    assert 60 < len(base64.b64decode(data_of(tmp_path / "ball.html")["faces"])) / 12 <= 300


@pytest.mark.parametrize("most", [1279, 400, 50])
def test_fewer_faces_look_alike(ball, most):
    fewer = clustered(ball.vertices, ball.faces, most)
    assert most / 6 < len(fewer.faces) <= most
    away = np.linalg.norm(fewer.vertices - [5, 6, 7], axis=1)
    assert (away < 7.001).all() and (away > 4).all()
    same = clustered(ball.vertices, ball.faces, 1280)
    assert same.faces is ball.faces


def test_webs_without_depth_are_shown(tmp_path):
    for k, ends in enumerate(([[0, 0, 0], [0, 0, 5]], [[1, 1, 1], [1, 1, 1]])):
        page(WebGraph.from_edges(ends, [(0, 1)]), tmp_path / f"{k}.html")
        assert np.isfinite(data_of(tmp_path / f"{k}.html")["half"]).all()


def test_wrong_arguments(web, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"path 'web.txt' must end in .html"):
        page(web, "web.txt")
    monkeypatch.setattr(render_html, "MAX_STRUTS", 3)
    with pytest.raises(ValueError, match="web has 4 struts, a page shows at most 3"):
        page(web, tmp_path / "a.html")


def test_a_picture_to_scale_shows_struts_as_wide_as_they_are(tmp_path):
    widths = []
    for radius in (2.0, 4.0, 6.0):
        web = WebGraph.from_edges([[0, 0, 0], [100, 0, 0], [0, 0, 60], [100, 0, 60]], [(0, 1), (2, 3)], radius)
        picture(web, None, tmp_path / "a.png", size=(600, 500), to_scale=True)
        ink = (np.abs(imread(tmp_path / "a.png")[:, :, :3] - to_rgb(BACKGROUND)) > 0.05).any(axis=2)
        widths.append(ink[:400, 300].sum())
    # Smoothed edges add the same to each.
    assert widths[1] - widths[0] > 20 and widths[2] - widths[1] == pytest.approx(widths[1] - widths[0], abs=4)
