"""Options that commands of `structgen simulate` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from structgen.cli.options import Function, together


def tested(files: str) -> Callable[[Function], Function]:
    """The web, and the folder that ``files`` go to."""
    return together(
        click.argument("web", type=click.Path(path_type=Path)),
        click.option(
            "-o", "--output", type=click.Path(path_type=Path), required=True, help=f"Folder for {files}."
        ),
    )  # fmt: skip


def struts(depth: str) -> Callable[[Function], Function]:
    """What must be known of struts, and ``--depth``, which says ``depth``."""
    return together(
        click.option(
            "--material",
            default="pla",
            show_default=True,
            help="Material of struts: pla, petg, tpu, resin, nylon, or a .csv file with columns strain and stress_MPa.",
        ),
        click.option(
            "--depth", type=click.FloatRange(0, 0.25, min_open=True), default=0.05, show_default=True, help=depth
        ),
        click.option(
            "--radius",
            type=click.FloatRange(0, min_open=True),
            metavar="MM",
            help="Radius of all struts.  [default: as in the file]",
        ),
        click.option("--shear", is_flag=True, help="Beams that shear too, for struts shorter than about ten radii."),
    )  # fmt: skip


def filmed(function: Function) -> Function:
    """``--frames``, ``--animate`` and ``--vtu``."""
    return together(
        click.option(
            "--frames",
            type=click.IntRange(2, 10_000),
            default=60,
            show_default=True,
            help="States kept for --animate and --vtu.",
        ),
        click.option("--animate", is_flag=True, help="Write an animation, .gif, as well."),
        click.option(
            "--vtu", is_flag=True, help="Write the states as VTK files as well, states/*.vtp and states/states.pvd."
        ),
    )(function)
