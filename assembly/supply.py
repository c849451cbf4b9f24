"""Where the modules of a fill or a wrap come from: webs used again and again, or a source that makes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from assembly.checks import web_list
from structgen.seeds import generator
from structgen.web import FloatArray, WebGraph

#: ``source(centres, size, seed)``: a web of about ``size (3,)`` mm for each place ``(k, 3)``, wherever it lies itself.
Source: TypeAlias = Callable[[FloatArray, FloatArray, int], Sequence[WebGraph]]
#: A web may be turned where its sides keep to a module's within this share.
ALIKE = 0.1


class Supply:
    """Modules of one size.

    Arguments:
        webs: webs, used in turn, each time mirrored or turned at random; or a `Source`.
        size: sides of a module in mm, one or three; the median of the webs' boxes by default, needed for a source.
        upright: only such turns as keep z along z.
    """

    def __init__(
        self, webs: Sequence[WebGraph] | Source, size: npt.ArrayLike | None = None, upright: bool = False
    ) -> None:
        if callable(webs):
            if size is None:
                raise ValueError("size is None, a source of webs needs the size of its modules in mm")
            self._source: Source = webs
        else:
            self._webs = web_list(webs)
            self._source = self._in_turn
            if size is None:
                size = np.median([web.extents for web in self._webs], axis=0)
        try:
            self.size: FloatArray = np.broadcast_to(np.asarray(size, float), 3).copy()
        except (TypeError, ValueError):
            raise ValueError(f"size is {size!r}, must be one number or three in mm") from None
        if not (np.isfinite(self.size).all() and (self.size > 0).all()):
            raise ValueError(f"size is {self.size.tolist()}, must be > 0 mm along each axis")
        self._turns = [turn for turn in symmetries() if not upright or abs(turn[2, 2]) == 1]

    def __call__(self, centres: FloatArray, seed: int) -> list[WebGraph]:
        """A web for each of ``centres (k, 3)``, its box centred on the origin."""
        webs = web_list(self._source(centres, self.size, seed))
        if len(webs) != len(centres):
            raise ValueError(f"source made {len(webs)} webs for {len(centres)} places, must make one for each")
        return [web.translated(-(web.pos.min(axis=0) + web.pos.max(axis=0)) / 2) for web in webs]

    def _in_turn(self, centres: FloatArray, size: FloatArray, seed: int) -> list[WebGraph]:
        rng = generator(seed, 0)
        return [self._turned(self._webs[k % len(self._webs)], rng) for k in range(len(centres))]

    def _turned(self, web: WebGraph, rng: np.random.Generator) -> WebGraph:
        sides = [np.abs(turn) @ web.extents for turn in self._turns]
        # Mirroring along an axis changes no side, so that there is always a choice.
        wrong = [float(np.abs(side - self.size).max()) for side in sides]
        allowed = max(min(wrong), ALIKE * float(self.size.min()))
        fit = [turn for turn, off in zip(self._turns, wrong, strict=True) if off <= allowed * (1 + 1e-9)]
        return web.rotated(fit[rng.integers(len(fit))])


def symmetries() -> list[FloatArray]:
    """The 48 ``(3, 3)`` turns and mirrorings of a cube."""
    axes = np.eye(3)
    return [
        np.array(signs)[:, None] * axes[list(order)]
        for order in itertools.permutations(range(3))
        for signs in itertools.product((1.0, -1.0), repeat=3)
    ]
