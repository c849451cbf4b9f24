"""What sort of web is meant: the targets leave that open, so it is drawn first, as numbers of a training web like it.

A web drawn node by node may begin as an orb and lose sight of that. Told what the whole is to look like, by its
`traits`, a model keeps to it; and traits are drawn as they are in the data: those of a training web with targets near
those asked for. After A. Casanova et al., Instance-conditioned GAN (NeurIPS 2021), and T. Li, D. Katabi, K. He, Return
of unconditional generation (NeurIPS 2024), with measured numbers in place of a learned representation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from structgen.generators.request import scale_free
from structgen.generators.taut import BENDS, bends_of
from structgen.generators.traits import TRAITS, traits
from structgen.targets import DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: Traits that are of style: all but how many nodes and edges there are, which is asked for.
STYLE = TRAITS - 2
#: Training webs whose style is kept, and how many of them, the nearest, one is drawn from.
ROWS, NEAR = 3584, 8
#: Numbers further from the mean than so many standard deviations count as so far.
FURTHEST = 4.0
#: Edges that a given web needs to tell its style.
ENOUGH = 12


@dataclass(frozen=True)
class Style:
    """traits ``(STYLE,)``; bends ``(BENDS,)``: quantiles of how far threads turn at junctions, see `taut.bends_of`."""

    traits: FloatArray
    bends: FloatArray

    @classmethod
    def of(cls, web: WebGraph) -> Style:
        """Of a web with edges."""
        edges = web.edge_index.T
        return cls(traits(web.pos, edges, web.kind, np.log(web.radius))[:STYLE], bends_of((web.pos, edges)))


class Styles(nn.Module):
    """Those of training webs: features of targets ``(ROWS, 6)``, traits ``(ROWS, STYLE)``, bends ``(ROWS, BENDS)``, in
    16 bits, as there are many; mean and scale ``(STYLE,)`` of the traits.
    """

    features: Tensor
    traits: Tensor
    bends: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("features", torch.zeros(ROWS, 6, dtype=torch.float16))
        self.register_buffer("traits", torch.zeros(ROWS, STYLE, dtype=torch.float16))
        self.register_buffer("bends", torch.full((ROWS, BENDS), -1.0, dtype=torch.float16))
        self.register_buffer("mean", torch.zeros(STYLE))
        self.register_buffer("scale", torch.ones(STYLE))

    @torch.no_grad()
    def learn(self, webs: Sequence[WebGraph]) -> None:
        """Keep the styles of ``webs``, over and over where there are fewer than `ROWS`."""
        some = webs[:ROWS]
        targets = np.array([DesignTargets.measure(web).as_array() for web in some])
        styles = [Style.of(web) for web in some]
        own = np.stack([style.traits for style in styles])
        bends = np.stack([style.bends for style in styles])
        turn = np.arange(ROWS) % len(some)
        for kept, rows in ((self.features, scale_free(targets)), (self.traits, own), (self.bends, bends)):
            kept.copy_(torch.from_numpy(rows[turn]))
        self.mean.copy_(torch.from_numpy(own.mean(0)))
        self.scale.copy_(torch.from_numpy(own.std(0) + 1e-3))

    def drawn(self, target: DesignTargets, rng: np.random.Generator) -> Style:
        """That of one of the training webs with targets nearest to ``target``, which is complete."""
        rows = self.features.double().numpy()
        spread = rows.std(0) + 1e-6
        away = np.square((rows - scale_free(target.as_array()[None])) / spread).sum(1)
        row = int(rng.choice(np.argpartition(away, NEAR)[:NEAR]))
        return Style(self.traits[row].double().numpy(), self.bends[row].double().numpy())

    def told(self, styles: Sequence[Style | None]) -> Tensor:
        """``(B, STYLE + 1)`` numbers of order one; where there is no style all are 0, the last of them too."""
        rows = torch.zeros(len(styles), STYLE + 1)
        for row, style in zip(rows, styles, strict=True):
            if style is not None:
                row[:-1] = torch.from_numpy(self._scaled(style.traits)).float()
                row[-1] = 1.0
        return rows

    def unlike(self, seen: FloatArray, style: Style) -> FloatArray:
        """``(k,)`` mean square distance of `traits` ``(k, TRAITS)`` from those of ``style``, in standard deviations."""
        away: FloatArray = np.square(self._scaled(seen[:, :STYLE]) - self._scaled(style.traits)).mean(1)
        return away

    def _scaled(self, rows: FloatArray) -> FloatArray:
        mean, scale = (value.cpu().double().numpy() for value in (self.mean, self.scale))
        scaled: FloatArray = np.clip((rows - mean) / scale, -FURTHEST, FURTHEST)
        return scaled
