"""Make `architectures.png` for the README: `python docs/make_pictures.py`.

`demo.png` is what `make demo` writes, `training_set.png` what `structgen data card` does for the default set,
`conditioning.png` what `python benchmarks/conditioning.py` does; `mesh_helmholtz.png` and `mesh_cylinder.png` what
`structgen mesh bench helmholtz --picture` and `structgen mesh bench cylinder --method um2n --picture` draw.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread

from assembly import picture
from structgen.sources.procedural import orb, sheet, tangle, tent

HERE = Path(__file__).parent


def architectures(path: Path, side: int = 700) -> None:
    """The four procedural architectures, two by two."""
    figure = Figure(figsize=(2 * side / 100, 2 * side / 100), dpi=100)
    FigureCanvasAgg(figure)
    with tempfile.TemporaryDirectory() as folder:
        for k, build in enumerate((orb, sheet, tangle, tent)):
            web = build(0)
            if build is orb:
                web = web.rotated([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
            one = Path(folder) / f"{build.__name__}.png"
            picture(web, None, one, build.__name__, (side, side))
            axes = figure.add_axes((k % 2 / 2, 0.5 - k // 2 / 2, 0.5, 0.5))
            axes.set_axis_off()
            axes.imshow(imread(one))
    figure.savefig(path)


if __name__ == "__main__":
    architectures(HERE / "architectures.png")
