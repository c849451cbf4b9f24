"""A web or solid as one HTML file that turns it: a canvas and a few lines of script, no network."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import numpy as np

from assembly.files.surface import Surface
from assembly.render_page import BACKGROUND, INK, Legend, camera, captions, framing, strut_colours
from structgen.files import whole_file
from structgen.web import WebGraph

#: More struts than a browser turns at ease.
MAX_STRUTS = 200_000

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body {{ margin: 0; height: 100%; overflow: hidden; background: {background}; color: {ink}; font: 1em sans-serif }}
canvas {{ display: block; width: 100%; height: 100%; cursor: grab; touch-action: none }}
#texts {{ position: fixed; left: 1em; bottom: 1em; pointer-events: none; line-height: 1.5 }}
#texts i {{ display: inline-block; width: 2em; height: .3em; margin-right: .6em; vertical-align: middle }}
h1 {{ position: fixed; left: .8em; top: .6em; margin: 0; font-size: 1.3em; font-weight: normal; pointer-events: none }}
</style>
</head>
<body>
<canvas id="canvas"></canvas>
<h1>{title}</h1>
<div id="texts">
{legend}
{caption}<br>drag to turn, shift-drag to move, wheel to enlarge, double click to begin again
</div>
<script id="scene" type="application/json">{data}</script>
<script>
"use strict";
{script}
</script>
</body>
</html>
"""

#: Before the script that draws: what is shown, and how it is looked at.
HEAD = """
const scene = JSON.parse(document.getElementById("scene").textContent);
const canvas = document.getElementById("canvas");
let view, shift, zoom, asked = false;

function reset() { view = scene.view.slice(); shift = [0, 0]; zoom = 1; ask(); }
function ask() { if (!asked) { asked = true; requestAnimationFrame(draw); } }

function fill() {
  asked = false;
  const sharp = window.devicePixelRatio || 1;
  const width = canvas.clientWidth * sharp, height = canvas.clientHeight * sharp;
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  return [sharp, width, height, zoom * Math.min(width / 2 / scene.half[0], height / 2 / scene.half[1])];
}
"""

#: After it: what the mouse does.
TAIL = """
function turn(dx, dy) {
  const a = 0.008 * dx, b = 0.008 * dy;
  const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
  const right = [0, 1, 2].map(k => ca * view[k] - sa * view[6 + k]);
  const front = [0, 1, 2].map(k => sa * view[k] + ca * view[6 + k]);
  const up = [0, 1, 2].map(k => cb * view[3 + k] + sb * front[k]);
  view = [...right, ...up, ...front.map((f, k) => cb * f - sb * view[3 + k])];
}

canvas.addEventListener("pointerdown", event => canvas.setPointerCapture(event.pointerId));
canvas.addEventListener("pointermove", event => {
  if (!event.buttons) return;
  if (event.shiftKey || event.buttons & 6) { shift[0] += event.movementX; shift[1] += event.movementY; }
  else turn(event.movementX, event.movementY);
  ask();
});
canvas.addEventListener("wheel", event => {
  event.preventDefault();
  zoom = Math.min(Math.max(zoom * Math.exp(-0.0012 * event.deltaY), 0.05), 500);
  ask();
}, {passive: false});
canvas.addEventListener("contextmenu", event => event.preventDefault());
canvas.addEventListener("dblclick", reset);
window.addEventListener("resize", ask);
reset();
"""

SCRIPT = """
const pen = canvas.getContext("2d");
const count = scene.edges.length / 2, nodes = scene.pos.length / 3;
const seen = new Float64Array(3 * nodes), depth = new Float64Array(count);
const order = Array.from({length: count}, (_, e) => e);

function draw() {
  const [sharp, width, height, scale] = fill();
  pen.clearRect(0, 0, width, height);
  const x0 = width / 2 + shift[0] * sharp, y0 = height / 2 + shift[1] * sharp;
  for (let n = 0; n < nodes; n++) {
    const x = scene.pos[3 * n], y = scene.pos[3 * n + 1], z = scene.pos[3 * n + 2];
    seen[3 * n] = x0 + scale * (view[0] * x + view[1] * y + view[2] * z);
    seen[3 * n + 1] = y0 - scale * (view[3] * x + view[4] * y + view[5] * z);
    seen[3 * n + 2] = view[6] * x + view[7] * y + view[8] * z;
  }
  for (let e = 0; e < count; e++) {
    depth[e] = seen[3 * scene.edges[2 * e] + 2] + seen[3 * scene.edges[2 * e + 1] + 2];
  }
  order.sort((a, b) => depth[a] - depth[b]);
  const low = depth[order[0]], span = Math.max(depth[order[count - 1]] - low, 1e-12);
  pen.lineCap = "round";
  for (const e of order) {
    const i = 3 * scene.edges[2 * e], j = 3 * scene.edges[2 * e + 1];
    pen.strokeStyle = scene.colours[scene.colour[e]];
    pen.globalAlpha = 0.55 + 0.45 * (depth[e] - low) / span;
    pen.lineWidth = Math.max(2 * scale * scene.radii[scene.radius[e]], 0.6 * sharp);
    pen.beginPath();
    pen.moveTo(seen[i], seen[i + 1]);
    pen.lineTo(seen[j], seen[j + 1]);
    pen.stroke();
  }
}
"""


def page(thing: WebGraph | Surface, path: str | Path, title: str = "") -> None:
    """Write an HTML file that shows a web or a solid, to be turned, moved and enlarged.

    Arguments:
        thing: a web of at most 200,000 struts, kinds of silk in colour, radii to scale; or a solid, of which more than
            300,000 faces are made fewer, which a `UserWarning` tells.
        path: a file name ending in ``.html`` or ``.htm``.
        title: a line at the top.

    The file needs nothing but a browser: no network, and for webs no WebGL either. Raises `ValueError`, `OSError`.
    """
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path {str(path)!r} must end in .html")
    if isinstance(thing, WebGraph):
        legend, data, script = _web_content(thing)
        caption = captions(thing, None)[0]
    else:
        from assembly.render_html_solid import SCRIPT as SOLID_SCRIPT
        from assembly.render_html_solid import solid_content

        legend, data, script = [], solid_content(thing), SOLID_SCRIPT
        caption = captions(None, thing)[0]
    swatches = [f'<i style="background: {shade}"></i>{html.escape(text)}<br>' for text, shade in legend]
    text = PAGE.format(
        title=html.escape(" ".join(title.split())),
        background=BACKGROUND,
        ink=INK,
        legend="\n".join(swatches),
        caption=html.escape(caption),
        data=json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
        script="\n".join(part.strip() for part in (HEAD, script, TAIL)),
    )
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _web_content(web: WebGraph) -> tuple[Legend, dict[str, Any], str]:
    """Legend, data and script of a web's page."""
    if web.m > MAX_STRUTS:
        raise ValueError(f"web has {web.m} struts, a page shows at most {MAX_STRUTS}")
    colours, legend = strut_colours(web)
    palette, colour = np.unique((255 * colours).round().astype(int), axis=0, return_inverse=True)
    radii, radius = np.unique(web.radius, return_inverse=True)
    pos = web.pos - (web.pos.min(axis=0) + web.pos.max(axis=0)) / 2
    view = camera(pos)
    centre, half_height = framing(pos, view, 1.0)
    pos = pos - centre @ view[:2]
    half = np.maximum(np.ptp(pos @ view[:2].T, axis=0) / 2, 1e-6 * half_height) * 1.2
    data = {
        # Seven digits: below a pixel at any zoom.
        "pos": [float(f"{value:.7g}") for value in pos.ravel().tolist()],
        "edges": web.edge_index.T.ravel().tolist(),
        "colours": [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in palette.tolist()],
        "colour": colour.ravel().tolist(),
        "radii": radii.tolist(),
        "radius": radius.ravel().tolist(),
        "view": view.ravel().round(9).tolist(),
        "half": half.tolist(),
    }
    return legend, data, SCRIPT
