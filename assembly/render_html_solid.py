"""The part of a page that shows a solid: its mesh, made coarser where it is large, and the script that draws it."""

from __future__ import annotations

import base64
import warnings
from typing import Any

import numpy as np

from assembly.decimate import clustered
from assembly.files.surface import Surface
from assembly.render_page import SOLID_COLOUR, camera, framing

#: More faces than a browser turns at ease, some 6 MB of page.
MOST_FACES = 300_000

SCRIPT = """
const gl = canvas.getContext("webgl2", {antialias: true});
const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
const points = new Float32Array(bytes(scene.points)), faces = new Uint32Array(bytes(scene.faces));
const program = gl && make();

function make() {
  const made = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, `#version 300 es
    in vec3 point; uniform mat3 view; uniform vec4 fit; uniform float deep; out vec3 at;
    void main() {
      at = view * point;
      gl_Position = vec4(at.xy * fit.xy + fit.zw, -at.z / deep, 1.0);
    }`], [gl.FRAGMENT_SHADER, `#version 300 es
    precision highp float; in vec3 at; uniform vec3 colour; uniform float deep; out vec4 seen;
    void main() {
      vec3 normal = normalize(cross(dFdx(at), dFdy(at)));
      float light = 0.4 + 0.65 * max(dot(normal, normalize(vec3(-0.3, 0.6, 0.9))), 0.0);
      seen = vec4(colour * light * (0.85 + 0.15 * at.z / deep), 1.0);
    }`]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  gl.useProgram(made);
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, points, gl.STATIC_DRAW);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, faces, gl.STATIC_DRAW);
  const place = gl.getAttribLocation(made, "point");
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 0, 0);
  gl.enable(gl.DEPTH_TEST);
  gl.uniform3fv(gl.getUniformLocation(made, "colour"), scene.colour);
  gl.uniform1f(gl.getUniformLocation(made, "deep"), scene.deep);
  return made;
}

function draw() {
  const [sharp, width, height, scale] = fill();
  if (!gl) {
    document.getElementById("texts").textContent = "This browser lacks WebGL 2, which the solid is drawn with.";
    return;
  }
  gl.viewport(0, 0, width, height);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  gl.uniformMatrix3fv(gl.getUniformLocation(program, "view"), true, view);
  gl.uniform4f(gl.getUniformLocation(program, "fit"), 2 * scale / width, 2 * scale / height,
    2 * shift[0] * sharp / width, -2 * shift[1] * sharp / height);
  gl.drawElements(gl.TRIANGLES, faces.length, gl.UNSIGNED_INT, 0);
}
"""


def solid_content(solid: Surface) -> dict[str, Any]:
    """What `SCRIPT` draws of ``solid``, about the middle of its box."""
    shown = clustered(solid.vertices, solid.faces, MOST_FACES)
    if len(shown.faces) < len(solid.faces):
        told = f"the page shows {len(shown.faces):,} faces in place of the {len(solid.faces):,} that the solid has"
        warnings.warn(told, UserWarning, stacklevel=3)
    points = shown.vertices - (solid.vertices.min(axis=0) + solid.vertices.max(axis=0)) / 2
    view = camera(points)
    _, half_height = framing(points, view, 1.0)
    half = np.maximum(np.abs(points @ view[:2].T).max(axis=0), 1e-6 * half_height) * 1.1
    return {
        "points": base64.b64encode(points.astype("<f4").tobytes()).decode(),
        "faces": base64.b64encode(shown.faces.astype("<u4").tobytes()).decode(),
        "colour": list(SOLID_COLOUR),
        "deep": float(np.sqrt((points**2).sum(axis=1).max())) * 1.01,
        "view": view.ravel().round(9).tolist(),
        "half": half.tolist(),
    }
