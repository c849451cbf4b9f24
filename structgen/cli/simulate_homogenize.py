"""`structgen simulate homogenize`: the stiffness of webs as if they were solids."""

from __future__ import annotations

from pathlib import Path

import click

from structgen.cli.console import Console
from structgen.cli.options import common
from structgen.cli.simulate_options import struts, tested


@click.command("homogenize", short_help="Effective stiffness of a web: moduli in all directions, anisotropy.")
@tested("stiffness.json and stiffness.png")
@struts("Nodes so near to a face of the box, as a share of its side, are on it; not for periodic.")
@click.option(
    "--boundary",
    type=click.Choice(["kinematic", "static", "periodic"]),
    default="kinematic",
    show_default=True,
    help="kinematic: an upper bound; static: a lower one; periodic: the web is a cell that repeats.",
)
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
