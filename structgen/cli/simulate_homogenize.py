"""`structgen simulate homogenize`: the stiffness of webs as if they were solids."""

from __future__ import annotations

from pathlib import Path

import click

from structgen.cli.console import Console
from structgen.cli.options import common


@click.command("homogenize", short_help="Effective stiffness of a web: moduli in all directions, anisotropy.")
@click.argument("web", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for stiffness.json and stiffness.png.",
)
@click.option(
    "--material",
    default="pla",
    show_default=True,
    help="Material of struts: pla, petg, tpu, resin, nylon, or a .csv file with columns strain and stress_MPa.",
)
@click.option(
    "--boundary",
    type=click.Choice(["kinematic", "static", "periodic"]),
    default="kinematic",
    show_default=True,
    help="kinematic: an upper bound; static: a lower one; periodic: the web is a cell that repeats.",
)
@click.option(
    "--depth",
    type=click.FloatRange(0, 0.25, min_open=True),
    default=0.05,
    show_default=True,
    help="Nodes so near to a face of the box, as a share of its side, are on it; not for periodic.",
)
@click.option(
    "--radius",
    type=click.FloatRange(0, min_open=True),
    metavar="MM",
    help="Radius of all struts.  [default: as in the file]",
)
@click.option("--shear", is_flag=True, help="Beams that shear as well, for struts shorter than about ten radii.")
@common
def command(
    console: Console, web: Path, output: Path, material: str, boundary: str, depth: float, radius: float | None,
    shear: bool,
) -> None:  # fmt: skip
    """Measure the effective stiffness tensor of WEB in the box around it, as a frame of beams with rigid joints.

    \b
    Example: structgen simulate homogenize web.npz --material pla --boundary static -o run
    """
    from simulate.mechanics.homogenize import homogenize
    from structgen.files import check_writable
    from structgen.io import read_web

    with console.stage("read"):
        source = read_web(web)
    check_writable(output / "stiffness.json")
    with console.stage("homogenize"):
        found = homogenize(source, material, boundary, depth, radius, shear)
    with console.stage("write"):
        files = found.save(output)
    moduli = ", ".join(f"{axis} {value:.4g}" for axis, value in zip("xyz", found.young, strict=True))
    shears = ", ".join(f"{plane} {value:.4g}" for plane, value in zip(("yz", "xz", "xy"), found.shear, strict=True))
    console.result(
        {"web": str(web), "output": str(output), "files": [str(file) for file in files], **found.as_dict()},
        f"{output}\nYoung's moduli {moduli} MPa; shear moduli {shears} MPa ({boundary})\n"
        f"Zener's ratio {found.zener:.3g}, universal anisotropy {found.universal_anisotropy:.3g}; "
        f"relative density {found.relative_density:.4g}",
    )
