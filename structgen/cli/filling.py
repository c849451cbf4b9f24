"""`structgen assemble --fill` and `--wrap`: shapes filled with webs, surfaces covered with them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from structgen.cli.console import CheckError, Console
from structgen.cli.options import CURVE_OPTIONS, TARGETS, together

if TYPE_CHECKING:
    from assembly import Filled, Shape, Solid, Wrapped
    from assembly.fields import Field
    from assembly.supply import Source
    from assembly.surfaces import Surface
    from structgen.generators.model import WebGenerator
    from structgen.targets import DesignTargets
    from structgen.web import FloatArray, WebGraph

Function = Callable[..., Any]

#: Of a cylinder, mm.
RADIUS, HEIGHT = 20.0, 60.0
#: Random points from which the box of a surface is known.
BOX_POINTS = 10_000
#: Curve options that tell of a surface.
SHARED = {"cylinder": ("radius",), "revolved": ("t0", "t1")}


def coverings(command: Function) -> Function:
    """``--fill``, ``--wrap`` and what goes with them; see `cover`."""
    positive = click.FloatRange(0, min_open=True)
    return together(
        click.option("--fill", type=click.Path(path_type=Path), metavar="SHAPE",
                     help="Fill this closed shape (.stl, .obj, .ply, .3mf) instead of following a curve."),
        click.option("--skin", type=positive, metavar="MM",
                     help="With --fill: a skin of this thickness, in which the web is anchored; it is part of the "
                          "solid, name one with -o part.stl."),
        click.option("--frame", type=positive, metavar="MM",
                     help="With --fill: a frame of struts of this thickness along the shape's surface and edges."),
        click.option("--wrap", metavar="SURFACE",
                     help="Cover a surface instead: 'cylinder' (--radius, --height), two expressions in t, 'r; z', of "
                          "a profile that turns about z (--t0, --t1), or a mesh file."),
        click.option("--height", type=positive, metavar="MM", help=f"Height of the cylinder of --wrap [{HEIGHT:g}]."),
        click.option("--offset", type=float, metavar="MM",
                     help="With --wrap: of the webs' middles from the surface, outward [0]."),
    )(command)  # fmt: skip


def cover(
    console: Console, webs: Sequence[Path], options: dict[str, Any], overlap: float, bridges: int,
    weld: float | None, strut_radius: float | None, output: Sequence[Path], workers: int, scheduler: str | None,
    model: str, seed: int,
) -> None:  # fmt: skip
    """Fill the shape ``options["fill"]``, or cover the surface ``options["wrap"]``, and write the files ``output``."""
    from structgen.cli.part import keep_inputs, make_solid, read_connected, write_part

    _check_options(options | {"scheduler": scheduler, "strut_radius": strut_radius}, bool(webs))
    keep_inputs(webs, output)
    if options["fill"] is not None and options["fill"].resolve() in {path.resolve() for path in output}:
        raise click.UsageError(f"--output: {options['fill']} is read here and would be written over, name another")
    with console.stage("read"):
        shape, surface = _shape(options), _surface(options)
    grey = _grey(options, shape, surface)
    radii = _radii(options, strut_radius, grey)
    facts = _facts(options, shape, surface)
    rows: list[dict[str, Any]] = []
    modules: Sequence[WebGraph] | Source
    size: tuple[float, ...] | None = None
    if webs:
        with console.stage("read"):
            modules = [read_connected(path, console) for path in webs]
        facts |= {"sources": [str(path) for path in webs]}
    else:
        from structgen.cli.generate import provenance

        with console.stage("load"):
            loaded = console.loaded(model)
        targets = functools.partial(targets_in_space, options, grey)
        size = module_size(loaded, targets, shape)
        modules = _generated(loaded, targets, size, strut_radius, workers, scheduler, rows, console)
        facts |= provenance(loaded, model, seed)
    common: dict[str, Any] = {"size": size, "overlap": overlap, "bridges": bridges, "tolerance": weld, "seed": seed}
    with console.stage("assemble"):
        joined = _joined(shape, surface, modules, options, radii, common, console)
    facts |= ({"modules": rows} if rows else {}) | {"joined": _joints(joined)}
    solid: Solid | None = None
    if needs_solid(output):
        if shape is not None and options["skin"] is not None:
            solid = skinned_solid(joined.web, shape, options["skin"], console)
        else:
            solid = make_solid(joined.web, 8, 1.24, console)
    report = write_part(joined.web, solid, output, facts, output[0].stem, console)
    from structgen.cli.assemble import joint_line

    text = f"{', '.join(map(str, output))}: {joined.web!r} of {joined.modules} webs\n{joint_line(joined)}"
    if solid is not None:
        from structgen.cli.export import solid_line

        text += "\n" + solid_line(solid.report)
    elif options["skin"] is not None:
        text += f"\nthe skin of {options['skin']:g} mm is in no web's file: name the part with -o part.stl"
    console.result(report, text)


def needs_solid(output: Sequence[Path]) -> bool:
    """Whether one of the files is of the solid, or tells of it."""
    from structgen.cli.part import PICTURE, REPORT, SOLIDS

    return any(path.suffix.lower() in (*SOLIDS, PICTURE, REPORT) for path in output)


def skins(command: Function) -> Function:
    """``--skin-of`` and ``--skin`` for a web that is written already; see `shape_with_skin`."""
    return together(
        click.option("--skin-of", type=click.Path(path_type=Path), metavar="SHAPE",
                     help="Closed shape (.stl, .obj, .ply, .3mf) that WEB fills: its skin becomes part of the solid."),
        click.option("--skin", type=click.FloatRange(0, min_open=True), metavar="MM", help="Thickness of that skin."),
    )(command)  # fmt: skip


def shape_with_skin(skin_of: Path | None, skin: float | None, others: Sequence[str]) -> Shape | None:
    """The shape ``--skin-of``, None without it; refuses ``others``, the options given that would move the web."""
    from assembly import Shape

    if (skin_of is None) != (skin is None):
        raise click.UsageError("--skin-of and --skin go together, give both")
    if skin_of is None:
        return None
    if others:
        raise click.UsageError(f"{others[0]} does not go with --skin-of")
    return Shape.read(skin_of)


def skinned_solid(
    web: WebGraph, shape: Shape, skin: float, console: Console, sides: int = 8, density: float = 1.24
) -> Solid:
    """`assembly.skinned` with progress; `CheckError` where no sound solid is found."""
    from assembly import skinned

    try:
        with console.stage("solid"):
            return skinned(web, shape, skin, sides, density, progress=console.detail)
    except RuntimeError as error:
        raise CheckError(str(error)) from None


def module_size(
    model: WebGenerator, targets: Callable[[Sequence[float]], DesignTargets], shape: Shape | None
) -> tuple[float, float, float]:
    """Sides of the modules in mm: as asked for in the middle of the shape, or as such webs typically have."""
    middle = (0.0, 0.0, 0.0) if shape is None else shape.bounds.mean(axis=0).tolist()
    sides = model.range.complete(targets(middle)).target.extents
    assert sides is not None  # completed
    return sides


def targets_in_space(options: Mapping[str, Any], grey: Field | None, point: Sequence[float]) -> DesignTargets:
    """The targets at a point in mm, from options that may be expressions in x, y, z, and p with a picture."""
    from structgen.cli.modules import targets_at

    place = dict(zip("xyz", map(float, point), strict=True))
    return targets_at(options, place if grey is None else place | {"p": float(grey([point])[0])})


def _grey(options: Mapping[str, Any], shape: Shape | None, surface: Surface | None) -> Field | None:
    """The grey of the picture, which covers the box of shape or surface; None without one."""
    from assembly.fields import from_picture
    from structgen.seeds import generator

    if options["picture"] is None:
        return None
    if shape is not None:
        return from_picture(options["picture"], shape.bounds, options["picture_axis"])
    assert surface is not None
    points, _ = surface.scatter(BOX_POINTS, generator(0))
    return from_picture(options["picture"], [points.min(axis=0), points.max(axis=0)], options["picture_axis"])


def _radii(options: Mapping[str, Any], strut_radius: float | None, grey: Field | None) -> Field | None:
    """The strut radii by place that ``--radius-field`` tells; None without it."""
    from assembly.fields import expression

    text = options["radius_field"]
    if text is None:
        return None
    if strut_radius is not None:
        raise click.UsageError("--radius-field and --strut-radius exclude each other")
    try:
        return expression(text, None, None if grey is None else {"p": grey})
    except ValueError as error:
        raise ValueError(f"--radius-field {text!r}: {error}") from None


def _generated(
    model: WebGenerator, targets: Callable[[Sequence[float]], DesignTargets], size: tuple[float, float, float],
    strut_radius: float | None, workers: int, scheduler: str | None, rows: list[dict[str, Any]], console: Console,
) -> Source:  # fmt: skip
    """A source of webs of ``size`` that ``model`` makes for the targets at their places; tells of them in ``rows``."""
    from structgen.cli.generate import row
    from structgen.cli.modules import MAX_MODULES

    def source(centres: FloatArray, _: FloatArray, seed: int) -> list[WebGraph]:
        if len(centres) > MAX_MODULES:
            raise ValueError(f"{len(centres)} webs are needed, at most {MAX_MODULES} are made; ask for larger ones")
        wanted = [replace(targets(point), extents=size) for point in centres.tolist()]
        for target in wanted:
            model.range.complete(target)  # refuses what is inconsistent before the work begins
        console.say(f"generating {len(centres)} webs")
        results = model.generate(
            wanted, 1, seed, radius=strut_radius, workers=workers, scheduler=scheduler,
            progress=lambda done, total: console.progress(done, total, "web"),
        )  # fmt: skip
        rows.extend(row(result) for result in results)
        return [result.web for result in results]

    return source


def _joined(
    shape: Shape | None, surface: Surface | None, modules: Sequence[WebGraph] | Source, options: Mapping[str, Any],
    radii: Field | None, common: Mapping[str, Any], console: Console,
) -> Filled | Wrapped:  # fmt: skip
    from assembly import fill, wrap
    from assembly.fields import graded_radius

    if shape is not None:
        anchors = {name: options[name] for name in ("skin", "frame")}
        return fill(shape, modules, **anchors, strut_radius=radii, progress=console.detail, **common)
    assert surface is not None
    joined = wrap(surface, modules, offset=options["offset"] or 0.0, **common)
    return joined if radii is None else replace(joined, web=graded_radius(joined.web, radii))


def _check_options(options: Mapping[str, Any], webs_given: bool) -> None:
    """Refuse options that do not go together."""
    fills = options["fill"] is not None
    if fills and options["wrap"] is not None:
        raise click.UsageError("--fill and --wrap exclude each other")
    allowed = () if fills else SHARED.get(_kind(options["wrap"]), ())
    unfit = [name for name in CURVE_OPTIONS if options[name] is not None and name not in allowed]
    unfit += [name for name in (("height", "offset") if fills else ("skin", "frame")) if options[name] is not None]
    unfit += [name for name in ("count", "rigid", "seams") if options[name]]
    if not fills and _kind(options["wrap"]) != "cylinder" and options["height"] is not None:
        unfit.append("height")
    if unfit:
        where = f"--fill {options['fill']}" if fills else f"--wrap {options['wrap']!r}"
        raise click.UsageError(f"--{unfit[0].replace('_', '-')} does not go with {where}")
    if options["skin"] is not None and options["frame"] is not None:
        raise click.UsageError("--skin and --frame exclude each other")
    given = [name for name in (*TARGETS, "scheduler", "strut_radius") if options[name] is not None]
    if webs_given and given:
        raise click.UsageError(f"--{given[0].replace('_', '-')} is for generated webs, but WEBS are given")


def _kind(text: str) -> str:
    """What ``--wrap`` names: ``cylinder``, ``revolved`` or ``mesh``."""
    return "cylinder" if text == "cylinder" else "revolved" if ";" in text else "mesh"


def _shape(options: Mapping[str, Any]) -> Shape | None:
    from assembly import Shape

    return None if options["fill"] is None else Shape.read(options["fill"])


def _surface(options: Mapping[str, Any]) -> Surface | None:
    from assembly import read_mesh
    from assembly.surfaces import MeshSurface, cylinder, revolved

    text = options["wrap"]
    if text is None:
        return None
    if _kind(text) == "mesh":
        return MeshSurface(read_mesh(text))
    try:
        if _kind(text) == "cylinder":
            radius, height = (
                default if options[name] is None else options[name]
                for name, default in (("radius", RADIUS), ("height", HEIGHT))
            )
            return cylinder(radius, height)
        return revolved(text, *(default if options[t] is None else options[t] for t, default in (("t0", 0), ("t1", 1))))
    except ValueError as error:
        raise ValueError(f"--wrap {text!r}: {error}") from None


def _facts(options: Mapping[str, Any], shape: Shape | None, surface: Surface | None) -> dict[str, Any]:
    """What the report says of shape or surface."""
    from structgen.files import sha256

    if shape is not None:
        sizes = {"volume_mm3": shape.volume, "size_mm": shape.size.tolist()}
        thickness = {f"{name}_mm": options[name] for name in ("skin", "frame") if options[name] is not None}
        path = options["fill"]
        return {"fill": {"shape": str(path), "sha256": sha256(path), **sizes, **thickness}}
    assert surface is not None
    text = options["wrap"]
    known = {"sha256": sha256(text)} if _kind(text) == "mesh" else {}
    return {"wrap": {"surface": text, **known, "area_mm2": surface.area}}


def _joints(joined: Filled | Wrapped) -> dict[str, Any]:
    from assembly import Filled
    from structgen.cli.assemble import joint_facts

    cut = {"anchored": len(joined.anchored), "left_out": joined.left_out} if isinstance(joined, Filled) else {}
    return joint_facts(joined, joined.modules) | cut
