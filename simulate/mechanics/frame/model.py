"""Frames: their beams, how they are held and loaded, and the equations that follow."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulate.checks import whole
from simulate.mechanics.frame.element import beams, end_loads, turn
from simulate.mechanics.frame.material import Material
from structgen.web import FloatArray, IntArray, WebGraph

BoolArray = npt.NDArray[np.bool_]

#: Slenderness, length over radius, beyond which the stiffness of a strut in bending is lost in rounding.
MOST_SLENDER = 1e4


@dataclass(frozen=True)
class State:
    """Where nodes are, ``pos (n, 3)``, and how they have turned, ``rotation (n, 3, 3)``."""

    pos: FloatArray
    rotation: FloatArray

    @classmethod
    def at_rest(cls, pos: FloatArray) -> State:
        """Nodes at ``pos (n, 3)`` that have not turned."""
        return cls(pos.copy(), np.repeat(np.eye(3)[None], len(pos), axis=0))

    def moved(self, step: FloatArray) -> State:
        """Nodes moved on by ``step (n, 6)``: displacement, and spin in radians."""
        rotation = np.empty_like(self.rotation)
        turn(self.rotation, np.ascontiguousarray(step[:, 3:]), rotation)
        return State(self.pos + step[:, :3], rotation)


@dataclass(frozen=True, eq=False)
class Frame:
    """Straight beams between nodes, unstressed as they are, joined rigidly; sections bend alike in all directions.

    Arguments:
        pos: ``(n, 3)`` nodes, mm.
        ends: ``(2, m)`` node numbers of beams.
        area, inertia, torsion: ``(m,)`` area, mm^2, second moments of area for bending and for torsion, mm^4.
        modulus, shear_modulus: MPa.
        shear_area: ``(m,)`` mm^2 that resists shear: Timoshenko beams; without, Euler-Bernoulli.
    """

    pos: FloatArray
    ends: IntArray
    area: FloatArray
    inertia: FloatArray
    torsion: FloatArray
    modulus: float
    shear_modulus: float
    shear_area: FloatArray | None = None
    rest: FloatArray = field(init=False)
    triads: FloatArray = field(init=False)
    stiff: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        chord = self.pos[self.ends[1]] - self.pos[self.ends[0]]
        rest = np.linalg.norm(chord, axis=1)
        bending = self.modulus * self.inertia / rest
        same, other = 4.0 * np.ones(len(rest)), 2.0 * np.ones(len(rest))
        if self.shear_area is not None:
            soft = 12 * self.modulus * self.inertia / (self.shear_modulus * self.shear_area * rest**2)
            same, other = (4 + soft) / (1 + soft), (2 - soft) / (1 + soft)
        stiff = np.column_stack(
            [self.modulus * self.area / rest, same * bending, other * bending, self.shear_modulus * self.torsion / rest]
        )
        for name, array in (("rest", rest), ("triads", _triads(chord / rest[:, None])), ("stiff", stiff)):
            object.__setattr__(self, name, array)

    @classmethod
    def of_web(cls, web: WebGraph, material: Material, parts: int = 1, shear: bool = False) -> Frame:
        """The struts of ``web`` as round beams of ``material``, each cut into ``parts`` equal beams.

        The nodes of the web come first, then those within struts, strut by strut. ``shear``: Timoshenko beams, with
        the shear coefficient of G. R. Cowper, J. Appl. Mech. 33 (1966) 335. Raises `ValueError` for struts without
        length or more than `MOST_SLENDER` times as long as thick.
        """
        whole("parts", parts, 1)
        slender = web.lengths / web.radius
        if not web.lengths.all():
            raise ValueError(f"web: edge {int(web.lengths.argmin())} has no length")
        if slender.max() > MOST_SLENDER:
            worst = int(slender.argmax())
            raise ValueError(
                f"web: edge {worst} is {slender[worst]:.0f} times as long as its radius, frames need at most "
                f"{MOST_SLENDER:g}; pull such threads with tension instead"
            )
        pos, ends = cut(web.pos, web.edge_index, parts)
        radius = np.repeat(web.radius, parts)
        area, inertia = np.pi * radius**2, np.pi * radius**4 / 4
        nu = material.poisson
        return cls(
            pos, ends, area, inertia, 2 * inertia, material.modulus, material.shear_modulus,
            area * 6 * (1 + nu) / (7 + 6 * nu) if shear else None,
        )  # fmt: skip

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.pos)

    @property
    def m(self) -> int:
        """Number of beams."""
        return int(self.ends.shape[1])

    @property
    def size(self) -> float:
        """Mean length of beams, mm: an angle times this is compared with displacements."""
        return float(self.rest.mean())

    def respond(self, state: State, order: int) -> tuple[FloatArray, FloatArray, FloatArray] | None:
        """Energy ``(m,)``, force ``(m, 12)`` and tangent ``(m, 12, 12)`` of beams; see `element.beams`.

        None where a beam is bent too far for its length.
        """
        energy, force = np.empty(self.m), np.empty((self.m, 12))
        tangent = np.empty((self.m if order > 1 else 0, 12, 12))
        good = beams(
            state.pos, state.rotation, self.ends, self.triads, self.rest, self.stiff, order, energy, force, tangent
        )
        return (energy, force, tangent) if good else None

    def loads(self, state: State) -> FloatArray:
        """``(m, 4)`` normal force, bending moment at both ends, torque of beams: N, N mm."""
        found = np.empty((self.m, 4))
        end_loads(state.pos, state.rotation, self.ends, self.triads, self.rest, self.stiff, found)
        return found

    def stress(self, state: State) -> FloatArray:
        """``(m,)`` largest equivalent stress (von Mises) in round beams, MPa: of normal force, bending and torque."""
        normal, first, second, torque = self.loads(state).T
        radius = np.sqrt(self.area / np.pi)
        direct = np.abs(normal) / self.area + np.maximum(first, second) * radius / self.inertia
        shear = torque * radius / self.torsion
        stress: FloatArray = np.sqrt(direct**2 + 3 * shear**2)
        return stress


def cut(pos: FloatArray, ends: IntArray, parts: int) -> tuple[FloatArray, IntArray]:
    """Nodes and ends of beams of which each of ``ends (2, m)`` is cut into ``parts``; see `Frame.of_web`."""
    if parts == 1:
        return np.array(pos), np.array(ends)
    i, j = ends
    shares = np.arange(1, parts) / parts
    between = pos[i][:, None] * (1 - shares[:, None]) + pos[j][:, None] * shares[:, None]
    new = len(pos) + np.arange(len(i) * (parts - 1)).reshape(len(i), -1)
    chain = np.column_stack([i, new, j])
    return np.concatenate([pos, between.reshape(-1, 3)]), np.stack([chain[:, :-1].ravel(), chain[:, 1:].ravel()])


def _triads(along: FloatArray) -> FloatArray:
    """``(m, 3, 3)`` right-handed triads whose first rows are ``along``."""
    aside = np.eye(3)[np.abs(along).argmin(axis=1)]
    second = np.cross(along, aside)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    return np.stack([along, second, np.cross(along, second)], axis=1)
