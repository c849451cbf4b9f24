"""The page that both back ends draw on: panels, captions, legend, colours and the point of view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from assembly.files.surface import Surface
from structgen.web import KINDS, FloatArray, WebGraph

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: One point is one pixel.
DPI = 72
BACKGROUND = "#f7f6f2"
INK = "#333333"
SOLID_COLOUR = (0.80, 0.70, 0.54)
#: Colours of the silk types, by code; codes beyond the list share the first.
KIND_COLOURS = (
    "#5b6770", "#7a4b2a", "#d08c1d", "#2a7fb8", "#6aa84f", "#8e63b5", "#c2577a", "#3c3c3c", "#d6402b",
)  # fmt: skip
#: Direction to the viewer for a web as wide as deep as high.
VIEW = np.array([0.9, -1.5, 0.95])
#: Direction to the light.
LIGHT = np.array([0.35, -0.6, 0.9])
MARGIN = 1.06
#: Least width in pixels of a strut that is drawn to scale.
THINNEST = 0.5
#: Texts are made smaller to fit, down to this share of their size.
SMALLEST_LETTER = 0.6


@dataclass(frozen=True)
class Frame:
    """Where and how a panel shows its scene.

    Arguments:
        box: left, bottom, width and height of the panel in pixels of the page.
        view: ``(3, 3)`` orthonormal rows right, up, towards the viewer.
        centre: ``(2,)`` mm along the first two rows, in the middle of the panel.
        half_height: mm from the middle of the panel to its upper edge.
        to_scale: whether struts are drawn as wide as they are.
    """

    box: tuple[int, int, int, int]
    view: FloatArray
    centre: FloatArray
    half_height: float
    to_scale: bool = False

    @property
    def aspect(self) -> float:
        """Width of the panel over its height."""
        return self.box[2] / self.box[3]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a panel shows.

    Arguments:
        thing: a web or a solid.
        colours: ``(m, 3)`` of struts or ``(f, 3)`` of faces in 0..1; None for a solid all of one colour.
        caption: the line below.
    """

    thing: WebGraph | Surface
    colours: FloatArray | None
    caption: str

    @property
    def points(self) -> FloatArray:
        """``(n, 3)`` what must be seen, mm."""
        return self.thing.pos if isinstance(self.thing, WebGraph) else self.thing.vertices


#: Texts and their colours.
Legend = list[tuple[str, str]]


class Painter(Protocol):
    """A back end."""

    def paint_web(self, figure: Figure, frame: Frame, web: WebGraph, colours: FloatArray) -> None:
        """Draw the struts in their ``colours`` (m, 3)."""

    def paint_solid(self, figure: Figure, frame: Frame, solid: Surface, colours: FloatArray | None) -> None:
        """Draw the surface, its faces in ``colours`` (f, 3) if given."""


def scenes_of(
    web: WebGraph | None, solid: Surface | None, marked: tuple[FloatArray, Legend] | None = None
) -> tuple[list[Scene], Legend]:  # fmt: skip
    """Panels for a web, a solid or both, and the legend.

    ``marked``: colours of the struts of ``web``, without one of the faces of ``solid``, in place of the usual, and
    the legend.
    """
    scenes: list[Scene] = []
    legend: Legend = []
    texts = captions(web, solid)
    if web is not None:
        colours, legend = strut_colours(web) if marked is None else marked
        scenes.append(Scene(web, colours, texts[0]))
    if solid is not None:
        colours_of_faces = None
        if web is None and marked is not None:
            colours_of_faces, legend = marked
        scenes.append(Scene(solid, colours_of_faces, texts[-1]))
    if not scenes:
        raise ValueError("there is neither a web nor a solid to draw")
    return scenes, legend


def compose(
    size: tuple[int, int], scenes: list[Scene], legend: Legend, painter: Painter | Any, title: str,
    to_scale: bool = False, view: FloatArray | None = None, reach: float | None = None,
) -> Figure:  # fmt: skip
    """The page; see `assembly.render.picture`.

    ``view`` and ``reach`` fix the point of view and half the height seen in mm about the middle, as a film needs.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size[0] / DPI, size[1] / DPI), dpi=DPI, facecolor=BACKGROUND)
    FigureCanvasAgg(figure)
    width = size[0] // len(scenes)
    letter = min(size[1] / 36, width / 24)
    row, edge = 1.6 * letter, letter
    bottom = round(row * (1 + len(legend)) + edge)
    top = round(1.5 * row + edge) if title.strip() else 0
    if view is None:
        view = camera(scenes[0].points)
    for panel, scene in enumerate(scenes):
        box = (panel * width, bottom, width, max(size[1] - bottom - top, 1))
        if reach is None:
            centre, half_height = framing(scene.points, view, box[2] / box[3])
        else:
            middle = (scene.points.min(axis=0) + scene.points.max(axis=0)) / 2
            centre, half_height = view[:2] @ middle, reach / min(box[2] / box[3], 1.0)
        frame = Frame(box, view, centre, half_height, to_scale)
        if isinstance(scene.thing, WebGraph):
            assert scene.colours is not None
            painter.paint_web(figure, frame, scene.thing, scene.colours)
        else:
            painter.paint_solid(figure, frame, scene.thing, scene.colours)
        _write(figure, scene.caption, (panel * width + edge, edge), letter, width - 2 * edge)
    for line, (text, colour) in enumerate(reversed(legend)):
        height = edge + row * (1 + line)
        _swatch(figure, (edge, height + 0.35 * letter), 2 * letter, colour)
        _write(figure, text, (edge + 2.6 * letter, height), letter, width - 2 * edge - 2.6 * letter)
    _write(figure, " ".join(title.split()), (edge, size[1] - edge - 1.1 * letter), 1.4 * letter, size[0] - 2 * edge)
    return figure


def _write(figure: Figure, text: str, place: tuple[float, float], letter: float, room: float) -> None:
    """``text`` from ``place`` in pixels; where it would be wider than ``room`` first smaller, then shorter."""
    x, y = place
    width, height = figure.get_size_inches() * DPI
    written = figure.text(x / width, y / height, text, color=INK, size=letter, parse_math=False)
    wide = written.get_window_extent().width
    if wide > room:
        written.set_fontsize(max(0.98 * letter * room / wide, SMALLEST_LETTER * letter))
    while len(text) > 1 and (wide := written.get_window_extent().width) > room:
        text = text[: min(int(len(text) * room / wide), len(text) - 1)]
        written.set_text(text.rstrip() + "…")


def _swatch(figure: Figure, place: tuple[float, float], length: float, colour: str) -> None:
    from matplotlib.lines import Line2D

    width, height = figure.get_size_inches() * DPI
    (x, y), thick = place, max(length / 6, 1)
    ends = [x / width, (x + length) / width]
    figure.add_artist(Line2D(ends, [y / height] * 2, color=colour, linewidth=thick, solid_capstyle="butt"))


def captions(web: WebGraph | None, solid: Surface | None) -> list[str]:
    """A line below each panel."""
    lines = []
    if web is not None:
        lines.append(f"web: {web.n:,} nodes, {web.m:,} strut{'s' if web.m > 1 else ''}, {_sides(web.extents)} mm")
    if solid is not None:
        volume = _short(enclosed(solid))
        size = _sides(np.ptp(solid.vertices, axis=0))
        lines.append(f"solid: {volume} mm³, {size} mm, {len(solid.faces):,} faces")
    return lines


def enclosed(solid: Surface) -> float:
    """Volume in mm3."""
    a, b, c = (solid.vertices[solid.faces[:, k]] - solid.vertices[0] for k in range(3))
    return float(np.einsum("fi,fi->", a, np.cross(b, c)) / 6)


def _sides(box: FloatArray) -> str:
    return " x ".join(f"{side:.3g}" for side in box)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def strut_colours(web: WebGraph) -> tuple[FloatArray, list[tuple[str, str]]]:
    """``(m, 3)`` colours in 0..1 and a legend of (text, colour): by silk type if there are several, else by length."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex, to_rgb

    kinds = np.unique(web.kind)
    if len(kinds) > 1:
        table = {int(k): KIND_COLOURS[k] if k < len(KIND_COLOURS) else KIND_COLOURS[0] for k in kinds}
        colours = np.array([to_rgb(table[int(k)]) for k in web.kind])
        return colours, [(KINDS.get(k, f"kind {k}"), colour) for k, colour in table.items()]
    low, high = float(web.lengths.min()), float(web.lengths.max())
    scale = colormaps["viridis"]
    if high <= low * (1 + 1e-9):
        return np.tile(scale(0.0)[:3], (web.m, 1)), [(f"struts of {low:.3g} mm", to_hex(scale(0.0)))]
    # The pale end of the map would vanish on a light background.
    share = 0.85 * (web.lengths - low) / (high - low)
    legend = [(f"shortest strut, {low:.3g} mm", to_hex(scale(0.0)))]
    legend.append((f"longest strut, {high:.3g} mm", to_hex(scale(0.85))))
    return np.asarray(scale(share)[:, :3]), legend


def camera(points: FloatArray) -> FloatArray:
    """``(3, 3)`` orthonormal rows right, up, towards the viewer: z up, turned to the box's broad side."""
    extents = np.ptp(points, axis=0)
    towards = VIEW / (0.35 + extents / max(float(extents.max()), np.finfo(float).tiny))
    towards /= np.linalg.norm(towards)
    right = np.cross([0.0, 0.0, 1.0], towards)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(towards, right), towards])


def framing(points: FloatArray, view: FloatArray, aspect: float) -> tuple[FloatArray, float]:
    """Centre (2,) in the view plane and half height in mm with which ``points`` fill a panel of ``aspect``."""
    flat = points @ view[:2].T
    half = np.ptp(flat, axis=0) / 2
    half_height = max(float(half[1]), float(half[0]) / aspect, 1e-6) * MARGIN
    return (flat.min(axis=0) + flat.max(axis=0)) / 2, half_height


def strut_width(web: WebGraph, height: int) -> float:
    """Width in pixels of a strut in a panel ``height`` pixels high."""
    return float(max(height / 220 / max(web.m / 400, 1) ** 0.4, 0.8))


def true_widths(web: WebGraph, frame: Frame) -> FloatArray:
    """``(m,)`` widths in pixels of struts drawn to scale, at least `THINNEST`, below which they would vanish."""
    return np.maximum(web.radius * frame.box[3] / frame.half_height, THINNEST)


def nearness(depth: FloatArray) -> FloatArray:
    """Brightness by depth towards the viewer: what lies further back is darker, which tells crossing struts apart."""
    span = max(float(np.ptp(depth)), np.finfo(float).tiny)
    return np.asarray(0.7 + 0.3 * (depth - depth.min()) / span)
