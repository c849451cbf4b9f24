"""What sort of web is meant: the targets leave that open, so it is drawn first, as numbers of a training web like it.

A web drawn node by node may begin as an orb and lose sight of that. Told what the whole is to look like, by its
`traits`, a model keeps to it; and traits are drawn as they are in the data: those of a training web with targets near
those asked for. After A. Casanova et al., Instance-conditioned GAN (NeurIPS 2021), and T. Li, D. Katabi, K. He, Return
of unconditional generation (NeurIPS 2024), with measured numbers in place of a learned representation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from structgen.generators.request import scale_free
from structgen.generators.taut import BENDS, LARGEST, bends_of
from structgen.generators.traits import OF_SILK, SHARES, THICKNESS, TRAITS, traits
from structgen.targets import DesignTargets
from structgen.web import WebGraph

FloatArray = npt.NDArray[np.float64]

#: Traits that are of style: all but how many nodes and edges there are, which is asked for.
STYLE = TRAITS - 2
#: Training webs whose style is kept, at most, and how many of them, the nearest, one is drawn from.
ROWS, NEAR = 49152, 8
#: Numbers further from the mean than so many standard deviations count as so far.
FURTHEST = 4.0
#: Kept numbers are told apart in so many steps.
STEPS = 255
#: Training webs most like a part of a web, from which the silk of one that does not tell it is guessed, and how often.
LIKE, ROUNDS = 16, 2
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
    """Those of R training webs: features of their targets ``(R, 6)``; traits ``(R, STYLE)`` and bends ``(R, BENDS)``, 8
    bits each, as there are many; mean and scale ``(STYLE,)`` of the traits. One of no web until `learn`.
    """

    features: Tensor
    traits: Tensor
    bends: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self._make_room(1)
        self.register_buffer("mean", torch.zeros(STYLE))
        self.register_buffer("scale", torch.ones(STYLE))

    def _make_room(self, rows: int) -> None:
        self.register_buffer("features", torch.zeros(rows, 6, dtype=torch.float16))
        self.register_buffer("traits", torch.full((rows, STYLE), STEPS // 2, dtype=torch.uint8))
        self.register_buffer("bends", torch.zeros(rows, BENDS, dtype=torch.uint8))
        self._nearest: tuple[cKDTree, FloatArray] | None = None

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        features = state_dict.get(prefix + "features")
        if features is not None and features.dim() and 0 < len(features) <= ROWS:
            self._make_room(len(features))
        super()._load_from_state_dict(state_dict, prefix, *others)

    @torch.no_grad()
    def learn(self, webs: Sequence[WebGraph]) -> None:
        """Keep the styles of ``webs``, of the first `ROWS` of them."""
        some = webs[:ROWS]
        self._make_room(len(some))
        targets = np.array([DesignTargets.measure(web).as_array() for web in some])
        styles = [Style.of(web) for web in some]
        own = np.stack([style.traits for style in styles])
        self.mean.copy_(torch.from_numpy(own.mean(0)))
        self.scale.copy_(torch.from_numpy(own.std(0) + 1e-3))
        bends = np.stack([style.bends for style in styles])
        # Small bends are told apart best. 0: that there are none.
        turned = np.where(bends < 0, 0, 1 + np.rint((STEPS - 1) * np.sqrt(bends.clip(0, LARGEST) / LARGEST)))
        self.features.copy_(torch.from_numpy(scale_free(targets)))
        self.traits.copy_(torch.from_numpy(np.rint(self._steps(own))))
        self.bends.copy_(torch.from_numpy(turned))

    def of(self, web: WebGraph, silk: FloatArray | None = None) -> Style:
        """That of ``web``. What depends on silk is that of a training web like it where it has no silk kinds.

        silk ``(SILKS,)``: shares that this one is to be near to; by default those that ``web`` itself suggests.
        """
        own = Style.of(web)
        if web.kind.any():
            return own
        told, shares = _told(web), own.traits.copy()
        shares[SHARES] = self.silk_of([web]) if silk is None else silk
        like = self._away(own.traits, told) + self._away(shares, SHARES)
        return replace(own, traits=np.where(told, own.traits, self._kept(int(like.argmin())).traits))

    def silk_of(self, webs: Sequence[WebGraph]) -> FloatArray:
        """``(SILKS,)`` mean shares of silk in the training webs most like ``webs``, silk aside.

        As ``webs`` are of one sort, it is found again among those that have such shares too.
        """
        away = bare = [self._away(Style.of(web).traits, _told(web)) for web in webs]
        for _ in range(ROUNDS):
            near = np.concatenate([np.argsort(each, kind="stable")[:LIKE] for each in away])
            traits: FloatArray = np.mean([self._kept(int(row)).traits for row in near], axis=0)
            away = [each + self._away(traits, SHARES) for each in bare]
        return traits[SHARES]

    def _away(self, traits: FloatArray, columns: npt.NDArray[np.bool_] | slice) -> npt.NDArray[np.float32]:
        """``(R,)`` mean square distance in ``columns`` of each training web from ``traits (STYLE,)``."""
        steps = self._steps(traits).astype(np.float32)
        away: npt.NDArray[np.float32] = np.square(self.traits.numpy()[:, columns] - steps[columns]).mean(1)
        return away

    def drawn(self, target: DesignTargets, rng: np.random.Generator) -> Style:
        """That of one of the training webs with targets nearest to ``target``, which is complete."""
        if self._nearest is None:
            rows = self.features.double().numpy()
            spread = rows.std(0) + 1e-6
            self._nearest = cKDTree(rows / spread), spread
        tree, spread = self._nearest
        near = tree.query(scale_free(target.as_array()[None])[0] / spread, np.arange(1, min(NEAR, tree.n) + 1))[1]
        return self._kept(int(rng.choice(near)))

    def _kept(self, row: int) -> Style:
        """That in ``row``, as near as 8 bits tell it."""
        share = self.traits[row].double() / STEPS
        traits = self.mean.double() + self.scale.double() * FURTHEST * (2 * share - 1)
        turned = self.bends[row].double().numpy()
        bends = np.where(turned == 0, -1.0, LARGEST * np.square((turned - 1) / (STEPS - 1)))
        return Style(traits.numpy(), bends)

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

    def _steps(self, rows: FloatArray) -> FloatArray:
        """Traits in the steps that they are kept in, 0 to `STEPS`; not rounded."""
        steps: FloatArray = STEPS * ((self._scaled(rows) / FURTHEST + 1) / 2)
        return steps

    def _scaled(self, rows: FloatArray) -> FloatArray:
        mean, scale = (value.cpu().double().numpy() for value in (self.mean, self.scale))
        scaled: FloatArray = np.clip((rows - mean) / scale, -FURTHEST, FURTHEST)
        return scaled


def _told(web: WebGraph) -> npt.NDArray[np.bool_]:
    """``(STYLE,)`` which traits a web without silk kinds tells; where all threads are alike, not how thick they are."""
    told = ~OF_SILK[:STYLE]
    told[THICKNESS] = np.ptp(web.radius) > 0
    return told
