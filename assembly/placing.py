"""Where a part stands: on the plate, in the middle, as large as a box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np

from assembly.files.surface import Arrays, Surface
from structgen.web import FloatArray, WebGraph

#: What stands this near to where it should, mm, stays where it is.
STANDS = 1e-6


def node_radius(web: WebGraph) -> FloatArray:
    """``(n,)`` radius of the thickest strut at each node, mm; 0 where there is none."""
    radius = np.zeros(web.n)
    for ends in web.edge_index:
        np.maximum.at(radius, ends, web.radius)
    return radius


def box_of(thing: WebGraph | Surface) -> FloatArray:
    """``(2, 3)`` least and greatest x, y, z in mm, of a web with its radii."""
    if isinstance(thing, WebGraph):
        radius = node_radius(thing)[:, None]
        return np.stack([(thing.pos - radius).min(axis=0), (thing.pos + radius).max(axis=0)])
    return np.stack([thing.vertices.min(axis=0), thing.vertices.max(axis=0)])


@overload
def moved(thing: WebGraph, offset: FloatArray) -> WebGraph: ...
@overload
def moved(thing: Surface, offset: FloatArray) -> Surface: ...
def moved(thing: WebGraph | Surface, offset: FloatArray) -> WebGraph | Surface:
    """``thing`` moved by ``offset`` (3,) mm; itself where that is next to nothing."""
    if (np.abs(offset) <= STANDS).all():
        return thing
    if isinstance(thing, WebGraph):
        return thing.translated(offset)
    return Arrays(thing.vertices + offset, thing.faces)


@overload
def scaled(thing: WebGraph, factor: float) -> WebGraph: ...
@overload
def scaled(thing: Surface, factor: float) -> Surface: ...
def scaled(thing: WebGraph | Surface, factor: float) -> WebGraph | Surface:
    """``thing`` with lengths times ``factor``, radii too; itself where that changes next to nothing."""
    if abs(factor - 1) < 1e-9:
        return thing
    if isinstance(thing, WebGraph):
        return thing.scaled(factor).with_radius(thing.radius * factor)
    return Arrays(thing.vertices * factor, thing.faces)


@dataclass(frozen=True)
class Placing:
    """How to lay a part, and with it what belongs to it: lengths times ``factor``, then moved by ``offset`` mm."""

    factor: float
    offset: tuple[float, float, float]

    @classmethod
    def of(
        cls, thing: WebGraph | Surface, centre: tuple[float, float] | None = None,
        fit: tuple[float, float, float] | None = None,
    ) -> Placing:  # fmt: skip
        """What sets ``thing`` down on z = 0.

        Arguments:
            thing: a web, the radii of which count and are scaled with it, or a solid.
            centre: x and y of the middle of its box, mm; None leaves it where it is.
            fit: sides of a box in mm that it is to fill as far as its proportions allow.
        """
        factor = 1.0 if fit is None else _factor(thing, fit)
        low, high = factor * box_of(thing)
        x, y = (0.0, 0.0) if centre is None else (np.asarray(centre) - (low + high)[:2] / 2).tolist()
        return cls(factor, (x, y, float(-low[2])))

    @overload
    def __call__(self, thing: WebGraph) -> WebGraph: ...
    @overload
    def __call__(self, thing: Surface) -> Surface: ...
    def __call__(self, thing: WebGraph | Surface) -> WebGraph | Surface:
        """``thing`` laid so."""
        return moved(scaled(thing, self.factor), np.array(self.offset))


def _factor(thing: WebGraph | Surface, fit: tuple[float, float, float]) -> float:
    if len(fit) != 3 or not all(np.isfinite(side) and side > 0 for side in fit):
        raise ValueError(f"fit is {tuple(fit)} mm, must be three sides > 0")
    low, high = box_of(thing)
    size = high - low
    solid = size > 0
    if not solid.any():
        raise ValueError("the part has no size: it lies in one point")
    return float((np.asarray(fit)[solid] / size[solid]).min())
