"""Flow past a cylinder in a channel at Re = 100, vortices shed to either side in turn: the DFG benchmark 2D-2.

M. Schaefer and S. Turek, Benchmark computations of laminar flow around a cylinder, in: Flow Simulation with
High-Performance Computers II (1996) 547, give the ranges `PUBLISHED` for the exact values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from simulate.mesh_movement import monitor
from simulate.mesh_movement.checks import BoolArray, FloatArray, IntArray
from simulate.mesh_movement.limiter import first_root, path_polynomials
from simulate.mesh_movement.meshes import edge_matrices
from simulate.mesh_movement.problems.domains import CHANNEL, CYLINDER, Arrays, circle, polygon_mesh, relaxed
from simulate.mesh_movement.problems.navier_stokes import Channel, Flow, FlowSpace
from simulate.mesh_movement.problems.problem import Motion, Progress, Solved

CENTRE, RADIUS = np.array(CYLINDER[0]), CYLINDER[1]
LENGTH, HEIGHT = CHANNEL[2]
#: Greatest and mean velocity of the inflow, and viscosity.
FASTEST, MEAN, VISCOSITY = 1.5, 1.0, 1e-3
#: What was published: greatest drag and lift coefficient, and Strouhal number.
PUBLISHED = {"drag": (3.22, 3.24), "lift": (0.99, 1.01), "strouhal": (0.295, 0.305)}
#: Least determinant of a cell between two meshes, as a share of what it was; share of the way to there that is gone.
FLOOR, SAFETY = 0.01, 0.9
#: A force from which the flow is given up; that of the first step, from a flow that is not one, is 4.
BLOWN_UP = 1e4


def on_circle(points: FloatArray) -> FloatArray:
    """The point of the circle next to each of ``points (k, 2)``."""
    out = points - CENTRE
    nearest: FloatArray = CENTRE + RADIUS * out / np.linalg.norm(out, axis=1, keepdims=True)
    return nearest


def on_body(points: FloatArray) -> BoolArray:
    """``(k,)`` which points of the boundary are on the cylinder."""
    near: BoolArray = np.linalg.norm(points - CENTRE, axis=1) < 1.5 * RADIUS
    return near


def at_outlet(points: FloatArray) -> BoolArray:
    """``(k,)`` which points of the boundary are at the outlet."""
    there: BoolArray = points[:, 0] > LENGTH - 1e-9
    return there


def inflow(points: FloatArray, fastest: float = FASTEST) -> FloatArray:
    """``(k, 2)`` velocity at points of the boundary: the parabola at the inlet, zero on walls and cylinder."""
    profile = 4 * fastest * points[:, 1] * (HEIGHT - points[:, 1]) / HEIGHT**2
    profile[on_body(points)] = 0
    return np.stack([profile, np.zeros(len(points))], axis=1)


@dataclass(frozen=True)
class Cylinder:
    """The problem.

    Attributes:
        step, end: time step, and the time that is reached.
        rest: time before which the mesh stays and the flow sets in.
        measured: time before the end in which the greatest coefficients are taken, three periods.
        every: time steps in which the nodes go from one mesh to the next.
        strength, smoothing: of the monitor, the arc length of the speed, smoothed over so many cells.
        memory: share of the last monitor in the next; the rest is of the flow as it is now.
    """

    name = "cylinder"
    transfers = ("ale",)

    nodes: int = 1600
    step: float = 0.005
    end: float = 5.0
    rest: float = 0.5
    measured: float = 1.0
    every: int = 20
    strength: float = 20.0
    smoothing: float = 1.0
    memory: float = 0.8

    def boundary(self, wished: FloatArray, _: IntArray) -> FloatArray:
        """Nodes of the cylinder slide on the true circle."""
        return on_circle(wished)

    def mesh(self, nodes: int) -> Arrays:
        """Triangles of one size, half of it on the cylinder."""
        size = float(np.sqrt((LENGTH * HEIGHT - np.pi * RADIUS**2) / nodes / 0.87))
        return relaxed(*polygon_mesh([CHANNEL, circle(*CYLINDER, size / 2)], size))

    def monitor(self, points: FloatArray, cells: IntArray, speed: FloatArray) -> FloatArray:
        """``(n,)`` where cells are to be small, by the ``speed (n,)`` now."""
        length = self.smoothing * float(np.sqrt(LENGTH * HEIGHT / len(points)))
        return monitor.smoothed(monitor.arc_length(points, cells, speed, self.strength), points, cells, length)

    def solve(self, points: FloatArray, cells: IntArray, motion: Motion, progress: Progress) -> Solved:
        """The error is the root mean square of the relative errors of the greatest drag and the greatest lift.

        Relative to the middle of what was published; infinite where the flow blows up. The nodes go straight to where
        the mover wants them, and values with them: see `simulate.mesh_movement.problems.navier_stokes`.
        """
        channel = Channel(on_circle, on_body, at_outlet, inflow, VISCOSITY)
        space = FlowSpace(points, cells, channel)
        body = space.body[space.body < len(points)]
        flow, level = space.start(_first(space.places)), None
        count, way = round(self.end / self.step), np.zeros_like(points)
        forces = np.empty((count, 2))
        for k in range(count):
            if k % self.every == 0 and k * self.step >= self.rest and not motion.still:
                with motion.carrying():
                    now = self.monitor(points, cells, self._speed(points, flow))
                    level = now if level is None else self.memory * level + (1 - self.memory) * now
                way = sound(points, cells, motion.move(level) - points) / self.every
            if way.any():
                points = points + way
                points[body] = on_circle(points[body])
                motion.place(points)
                space = FlowSpace(points, cells, channel)
            flow, forces[k] = space.step(flow, self.step)
            progress(k + 1, count)
            if not np.abs(forces[k]).max() < BLOWN_UP:
                return Solved(points, cells, self._speed(points, flow), np.inf, k + 1, shown="speed")
        coefficients = 2 * forces / (MEAN**2 * 2 * RADIUS)
        measures = _measured(coefficients[-round(self.measured / self.step) :], self.step)
        off = [measures[name] / np.mean(PUBLISHED[name]) - 1 for name in ("drag", "lift")]
        error = float(np.sqrt(np.mean(np.square(off))))
        return Solved(points, cells, self._speed(points, flow), error, count, measures, "speed")

    def _speed(self, points: FloatArray, flow: Flow) -> FloatArray:
        speed: FloatArray = np.linalg.norm(flow.velocity[: len(points)], axis=1)
        return speed

    def quick(self) -> Self:
        """A coarse mesh, long steps, and an end before vortices are shed."""
        return replace(self, nodes=400, step=0.02, end=1.0, rest=0.2, every=5)


def sound(points: FloatArray, cells: IntArray, way: FloatArray) -> FloatArray:
    """``way (n, 2)``, shortened where a cell would be inverted on the way to two valid meshes."""
    root = first_root(path_polynomials(edge_matrices(points, cells), edge_matrices(way, cells), FLOOR))
    return way * min(1.0, SAFETY * float(root.min()))


def _first(places: FloatArray) -> FloatArray:
    """``(m, 2)`` the inflow everywhere, less near the cylinder, and a push upward behind it that sets shedding off."""
    velocity = inflow(places)
    gap = np.linalg.norm(places - CENTRE, axis=1) - RADIUS
    velocity *= (1 - np.exp(-((gap / 0.03) ** 2)))[:, None]
    velocity[:, 1] += 0.5 * np.exp(-((places - (0.35, 0.2)) ** 2).sum(axis=1) / RADIUS**2)
    return velocity


def _measured(coefficients: FloatArray, step: float) -> dict[str, float]:
    """Greatest drag and lift, and the Strouhal number from the times at which the lift crosses its mean upward."""
    drag, lift = coefficients.T
    swing = lift - lift.mean()
    up = np.flatnonzero((swing[:-1] < 0) & (swing[1:] >= 0))
    times = (up - swing[up] / (swing[up + 1] - swing[up])) * step
    shed = 2 * RADIUS / MEAN / float(np.diff(times).mean()) if len(times) > 1 else 0.0
    return {"drag": float(drag.max()), "lift": float(lift.max()), "least lift": float(lift.min()), "strouhal": shed}
