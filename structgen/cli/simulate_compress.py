"""`structgen simulate compress`: crush printed webs between two platens."""

from __future__ import annotations

from pathlib import Path

import click

from structgen.cli.console import Console
from structgen.cli.options import common, seeded
from structgen.cli.simulate_options import filmed, struts, tested


@click.command("compress", short_help="Crush a printed web between two platens: stiffness, buckling, yield.")
@tested("result.json, curve.csv, compression.npz and curve.png")
@struts("Nodes so near to either end, as a share of the length, are held by the platens.")
@click.option("--axis", type=click.Choice(["x", "y", "z"]), default="z", show_default=True, help="Axis of the test.")
@click.option(
    "--to-strain",
    type=click.FloatRange(-0.95, 0.95),
    default=0.1,
    show_default=True,
    help="Way of the platens over the length between them; below 0 they pull.",
)
@click.option(
    "--lateral",
    type=click.Choice(["fixed", "free"]),
    default="fixed",
    show_default=True,
    help="Whether held nodes slide on the platens.",
)
@click.option(
    "--rotation",
    type=click.Choice(["fixed", "free"]),
    default="fixed",
    show_default=True,
    help="Whether held nodes turn.",
)
@click.option(
    "--parts",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="Beams a strut; 1 does for the stiffness.",
)
@click.option(
    "--imperfection",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Nodes are first displaced by up to so many mean radii in a mixture of buckling modes.",
)
@click.option(
    "--section",
    type=click.FloatRange(0, min_open=True),
    metavar="MM2",
    help="Area by which the force is divided.  [default: that of the box around the struts]",
)
@click.option(
    "--path",
    type=click.Choice(["stable", "arc"]),
    default="stable",
    show_default=True,
    help="stable: states that a test shows; arc: by arc-length through others too.",
)
@click.option("--steps", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Points, at least.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 0.01, min_open=True),
    default=1e-8,
    show_default=True,
    help="Largest force out of balance over the largest in a strut, at every point.",
)
@filmed
@seeded
@common
def command(
    console: Console, web: Path, output: Path, material: str, axis: str, to_strain: float, depth: float, lateral: str,
    rotation: str, radius: float | None, parts: int, shear: bool, imperfection: float, section: float | None,
    path: str, steps: int, tolerance: float, frames: int, animate: bool, vtu: bool, seed: int,
) -> None:  # fmt: skip
    """Crush WEB along an axis between two platens, or pull it, as a frame of beams with rigid joints.

    Displacements and rotations are large, struts buckle. They stay elastic: the point at which one first reaches the
    limit of its material is reported. Contact is ignored.

    \b
    Examples:
      structgen simulate compress web.npz --material pla --to-strain 0.2 -o run
      structgen simulate compress web.npz --material tpu --axis x --lateral free -o run
      structgen simulate compress web.npz --to-strain 0.3 --animate --vtu -o run
    """
    from simulate.mechanics import compression_picture
    from simulate.mechanics.compression import compression
    from structgen.files import check_writable
    from structgen.io import read_web

    with console.stage("read"):
        source = read_web(web)
    check_writable(output / "result.json")

    def tell(strain: float, force: float) -> None:
        done = min(100, int(100 * strain / to_strain))
        console.progress(done, 101, "crushed", f"strain {strain + 0.0:.3g}, force {force + 0.0:.4g} N")

    with console.stage("crush"):
        result = compression(
            source, material, axis, to_strain, depth=depth, lateral=lateral, rotation=rotation, radius=radius,
            parts=parts, shear=shear, imperfection=imperfection, section=section, path=path, steps=steps,
            tolerance=tolerance, frames=frames if animate or vtu else 2, seed=seed, tell=tell,
        )  # fmt: skip
    with console.stage("write"):
        files = [*result.save(output), output / "curve.png"]
        compression_picture.plot(result, files[-1])
        if animate:
            files.append(output / "compression.gif")
            compression_picture.animate(result, files[-1])
        if vtu:
            files += compression_picture.write_vtp(result, output / "states")
    found = result.as_dict()
    lines = [
        f"{output}",
        f"stiffness {result.stiffness:.4g} MPa; greatest force {found['greatest_force_N']:.4g} N",
        "buckling, by eigenvalue, "
        + _at(found["buckling_strain"], found["buckling_force_N"])
        + f"; first strut at {result.material.limit:g} MPa "
        + _at(found["yield_strain"], found["yield_force_N"]),
        f"absorbed {result.absorbed:.4g} MJ/m^3 to a strain of {result.strain[-1]:.3g}; {len(result.strain)} points, "
        f"residual at most {found['largest_residual']:.1e}",
        *(f"note: {note}" for note in result.notes),
    ]
    console.result(
        {"web": str(web), "output": str(output), "files": [str(file) for file in files], **found}, "\n".join(lines)
    )


def _at(strain: float | None, force: float | None) -> str:
    return "not reached" if strain is None else f"at a strain of {strain:.3g}, {force:.4g} N"
