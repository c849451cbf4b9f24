"""States of a test as files: an animated GIF of pictures of them, and VTK files with a list by strain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from structgen.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Seconds a state is shown.
SHOWN = 0.08


def filmed(figure: Figure, axes: Axes, states: Iterable[Any], draw: Callable[..., None]) -> Iterator[Any]:
    """Pictures of ``figure``, ``(height, width, 3)`` bytes, after ``draw(*state)`` of each of ``states``.

    What was drawn of the last state, the collections of ``axes``, is taken away before.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    for state in states:
        for old in list(axes.collections):
            old.remove()
        draw(*state)
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def write_gif(images: Iterable[Any], path: str | Path) -> None:
    """Write ``images``, each ``(height, width, 3)`` bytes, as an animation that repeats.

    Raises `ValueError` for a suffix other than .gif, and for fewer than two images.
    """
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"{path}: suffix {path.suffix!r} is no animation, use .gif")
    pictures = [Image.fromarray(image) for image in images]
    if len(pictures) < 2:
        kept = "only the last state" if pictures else "no state"
        raise ValueError(f"frames: {kept} was kept, ask the test for more")
    with whole_file(path) as temporary:
        pictures[0].save(
            temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=int(1000 * SHOWN), loop=0
        )


def write_vtk(states: Iterable[tuple[float, Any]], folder: str | Path) -> list[Path]:
    """Write ``states``, strain and pyvista ``PolyData`` each, as state_NNNN.vtp, and states.pvd that lists them.

    Returns the .vtp files.
    """
    folder = Path(folder)
    paths, entries = [], []
    for number, (strain, mesh) in enumerate(states):
        path = folder / f"state_{number:04d}.vtp"
        with whole_file(path) as temporary:
            mesh.save(temporary)
        paths.append(path)
        entries.append(f'<DataSet timestep="{strain:.9g}" file="{path.name}"/>\n')
    with whole_file(folder / "states.pvd") as temporary:
        temporary.write_text(
            f'<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1">\n<Collection>\n{"".join(entries)}'
            "</Collection>\n</VTKFile>\n"
        )
    return paths
