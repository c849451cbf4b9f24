"""Options that commands share.

An option's parameter is named as the option is: its variable (STRUCTGEN_DEMO_CURVE_RADIUS) and its key in the TOML
file are made from that name.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from structgen.cli.console import Console

Function = Callable[..., Any]

#: The options that ask for targets, as parameters of commands.
TARGETS = ("nodes", "edges", "mean_degree", "mean_edge_length", "extents")


class Sizes(click.ParamType):  # type: ignore[type-arg]
    """Three lengths in mm, ``100x80x60``."""

    name = "XxYxZ"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The three numbers; a `click.BadParameter` for anything else."""
        if isinstance(value, tuple):
            return value
        try:
            sides = tuple(float(side) for side in str(value).lower().split("x"))
        except ValueError:
            sides = ()
        if len(sides) != 3 or not all(0 < side <= 1e6 for side in sides):
            self.fail(f"{value!r} is not three lengths > 0 in mm as 100x80x60", param, ctx)
        return sides


def common(command: Function) -> Function:
    """``--json``, ``-v``, ``-q`` and ``--config``; the command is called with ``console=Console(...)`` instead."""

    @functools.wraps(command)
    def wrapped(*, json: bool, verbose: bool, quiet: bool, **options: Any) -> Any:
        if verbose and quiet:
            raise click.UsageError("--verbose and --quiet exclude each other")
        return command(console=Console(json, verbose - quiet), **options)

    for option in (
        click.option("--config", type=click.Path(path_type=Path), is_eager=True, expose_value=False,
                     callback=_configured, envvar="STRUCTGEN_CONFIG", show_envvar=True,
                     help="TOML file with option values, a table for each command: [generate] nodes = 48."),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings, errors and --json."),
        click.option("-v", "--verbose", is_flag=True, help="Say more, with times."),
        click.option("--json", is_flag=True, help="Print the result as JSON on standard output."),
    ):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped


def seeded(command: Function) -> Function:
    """``--seed``; the variable STRUCTGEN_SEED holds for all commands."""
    return click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True,
                        envvar="STRUCTGEN_SEED", show_envvar=True,
                        help="Same seed, same files, byte for byte.")(command)  # fmt: skip


def model_option(command: Function) -> Function:
    """``--model``."""
    return click.option("--model", default="autoregressive", show_default=True, metavar="MODEL",
                        help="A shipped model, or a .safetensors file of `structgen train`.")(command)  # fmt: skip


def processes(what: str, default: int) -> Callable[[Function], Function]:
    """``--workers`` and ``--scheduler``, which do ``what``."""

    def decorate(command: Function) -> Function:
        command = click.option("--scheduler", metavar="ADDRESS",
                               help=f"A dask.distributed scheduler (tcp://host:8786) whose workers {what} instead.",
                               )(command)  # fmt: skip
        return click.option("--workers", type=click.IntRange(0, 4096), default=default, show_default=True,
                            help=f"Processes that {what}; 0 for all cores. The result does not depend on it.",
                            )(command)  # fmt: skip

    return decorate


def targets(along_curve: bool = False) -> Callable[[Function], Function]:
    """The target options: numbers, or texts that may be expressions in the place where they vary along a curve."""
    kind: Any = click.STRING if along_curve else click.FLOAT
    note = (
        " This and the next four may be expressions in the place of a web: s, 0 at the start of the curve, 1 at its "
        "end, and x, y, z, mm."
    )
    metavar = "EXPRESSION" if along_curve else "NUMBER"

    def decorate(command: Function) -> Function:
        for name, help in (
            ("--extents", "Sides of the bounding box, mm; on a curve DX runs along it."),
            ("--mean-edge-length", "Mean edge length, mm."),
            ("--mean-degree", "Mean number of edges at a node, 2 edges / nodes."),
            ("--edges", "Number of edges."),
            ("--nodes", "Number of nodes." + note * along_curve),
        ):
            shape = {"nargs": 3, "metavar": "DX DY DZ"} if name == "--extents" else {"metavar": metavar}
            command = click.option(name, type=kind, help=help, **shape)(command)  # type: ignore[arg-type]
        return command

    return decorate


#: Options that tell of a curve, as parameters of commands and of the functions of `assembly.curves`.
CURVE_OPTIONS = (
    "radius", "pitch", "turns", "end_radius", "inner_radius", "length", "p", "q", "tube_radius", "frequencies",
    "amplitudes", "phases", "t0", "t1", "smooth", "closed", "corner_radius", "path", "size",
)  # fmt: skip


def curves(radius: float = 20, pitch: float = 8, turns: float = 3) -> Callable[[Function], Function]:
    """``--along`` and what describes it, see `modules.curve_of`; the arguments are what a helix has by default."""

    return together(
        click.option("--along", default="helix", show_default=True, metavar="CURVE",
                     help="helix, line, spiral, logarithmic-spiral, torus-knot, lissajous or attractor; three "
                          "expressions in t, in mm, 'x; y; z'; a .csv or .svg file; or SVG path data, 'M ...'."),
        _length("--radius", f"Radius of a helix [{radius:g}], of a spiral's end [40], of the ring of a torus knot "
                            "[30] or the attractor [24], mm."),
        _length("--pitch", f"Rise in one turn, mm, of a helix [{pitch:g}] or a spiral [0, flat]."),
        click.option("--turns", type=float, help=f"Turns of a helix [{turns:g}] or a spiral [3]."),
        _length("--end-radius", "Radius at the end of a conical helix, mm."),
        _length("--inner-radius", "Radius at the start of a spiral [5], mm."),
        _length("--length", "Length of a line, mm."),
        click.option("--p", type=int, help="Times that a torus knot goes round its axis [2]."),
        click.option("--q", type=int, help="Times that a torus knot goes round its ring [3]."),
        _length("--tube-radius", "Half the thickness of a torus knot's ring [12], mm."),
        click.option("--frequencies", type=int, nargs=3, metavar="A B C",
                     help="Frequencies of a Lissajous curve in x, y, z [3 2 7]."),
        click.option("--amplitudes", type=float, nargs=3, metavar="X Y Z",
                     help="Half the sides of a Lissajous curve, mm [40 40 40]."),
        click.option("--phases", type=float, nargs=3, metavar="U V W",
                     help="Phases of a Lissajous curve, radians [0.7 0.2 0]."),
        click.option("--t0", type=float, help="First value of t in the expressions [0]."),
        click.option("--t1", type=float, help="Last value of t in the expressions [1]."),
        click.option("--smooth", is_flag=True, default=None, help="A spline through the points of a .csv file."),
        click.option("--closed", is_flag=True, default=None, help="From a .csv file's last point to its first."),
        _length("--corner-radius", "Round the corners of a .csv file's straight legs [0], mm."),
        click.option("--path", metavar="ID|NUMBER", help="Which path of a .svg file, if it has several."),
        _length("--size", "Longer side of an SVG path's box, mm.  [default: as drawn]"),
    )  # fmt: skip


def _length(name: str, help: str) -> Callable[[Function], Function]:
    return click.option(name, type=float, metavar="MM", help=help)


def _configured(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Take defaults for the options of the running command from its table in the TOML file ``path``."""
    if path is None:
        return
    table, place = _table_of(context, path)
    known = {str(option.name): option for option in context.command.params if option.name != "config"}
    defaults = {}
    for key, value in table.items():
        option = known.get(key.replace("-", "_"))
        if option is None:
            allowed = ", ".join(sorted(name.replace("_", "-") for name in known))
            raise click.UsageError(f"--config {path}: {place} has no option {key!r}, allowed are {allowed}")
        several = option.nargs != 1 or option.multiple
        items = value if isinstance(value, list) and several else [value]
        if isinstance(value, list) != several or not all(isinstance(item, str | int | float) for item in items):
            wanted = "a list of values" if several else "one value"
            raise click.UsageError(f"--config {path}: {place} {key} is {value!r}, must be {wanted}")
        # As text, so that a value is checked as one from the command line is.
        defaults[str(option.name)] = [str(item) for item in items] if several else str(value)
    context.default_map = {**(context.default_map or {}), **defaults}


def _table_of(context: click.Context, path: Path) -> tuple[dict[str, Any], str]:
    """The table of the running command in the TOML file ``path``, empty if it has none, and its name."""
    try:
        with path.open("rb") as stream:
            table: Any = tomllib.load(stream)
    except OSError as error:
        raise click.UsageError(f"--config {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--config {path}: not TOML ({error})") from None
    chain = [context]
    while chain[0].parent is not None:
        chain.insert(0, chain[0].parent)
    names: list[str] = []
    for group, inner in pairwise(chain):
        commands = group.command.commands if isinstance(group.command, click.Group) else {}
        unknown = [name for name in table if name not in commands]
        if unknown:
            allowed = ", ".join(commands)
            raise click.UsageError(f"--config {path}: {unknown[0]!r} is no command, tables are of {allowed}")
        names.append(str(inner.info_name))
        table = table.get(names[-1], {})
        if not isinstance(table, dict):
            raise click.UsageError(f"--config {path}: {'.'.join(names)} is {table!r}, must be a table of options")
    return table, f"[{'.'.join(names)}]"


def together(*options: Function) -> Callable[[Function], Function]:
    """One decorator of several, whose options are listed in this order."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
