import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from assembly import page, picture, render_html
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
const data = text.match(/<script id="web" type="application.json">(.*)<.script>/)[1];
global.document = {getElementById: id => id === "web" ? {textContent: data} : canvas};
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
    return json.loads(re.search(r'<script id="web" type="application/json">(.*)</script>', path.read_text())[1])


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
