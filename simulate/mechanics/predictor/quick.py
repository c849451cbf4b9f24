"""A quick test: what `simulate.mechanics.virtual_tests.tension` finds, of chains, in large steps, all compiled.

The same net under the same rules: threads carry tension only, the worst one breaks in equilibrium, until the load has
fallen to next to nothing. It keeps no curve and checks no balance. Between breaks the net is elastic, so that its work
is a difference of energies, however large the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulate.mechanics.cable import ROUNDING, SLACK
from simulate.mechanics.grips import BoolArray, Grips
from simulate.mechanics.law import Law
from simulate.mechanics.predictor.blocks import Pattern, pattern_of, solve
from simulate.mechanics.predictor.chains import ROWS, Chains, chains_of
from simulate.mechanics.pulling import FAILED, OVERSHOOT
from simulate.mechanics.tension_result import MAJOR, NOTHING, SECANT
from structgen.compiled import compiled
from structgen.web import FloatArray, IntArray, WebGraph

#: Largest steps of strain before the first break and after it, and the smallest.
STEP, STEP_BROKEN, SMALLEST = 0.2, 0.6, 1e-4
#: Largest residual, see `CableNet.residual`, and where threads break: which of several goes may hang on little.
TOLERANCE, TIGHT = 1e-2, 1e-4
#: Newton steps, and halvings in each; tries of a step; points of the curve.
NEWTON, HALVINGS, TRIES, POINTS = 8, 10, 6, 240
#: Paths that meet may be taut before the shortest between two held nodes is: it begins with the web so many times
#: shorter than there, and again, until no tension is above the share `TAUT` of that at break.
MEET, TAUT = 1.2, 1e-3
#: Stiffness added to each node, over the greatest of a chain: nodes of which all chains broke.
LEAST = 1e-12


@dataclass(frozen=True)
class Quick:
    """``values (3,)``: stiffness, strength (MPa) and toughness (MJ/m^3), as `TensionResult` has them.

    ``strain``: at the first major drop, and at the end; ``rough``: equilibria that were not reached, of all;
    ``turn (m,)``: at which break, from 1, the chain of each thread went, 0 for those that held.
    """

    values: FloatArray
    strain: tuple[float, float]
    rough: float
    turn: IntArray


def quick_test(web: WebGraph, grips: Grips, law: Law, to_strain: float, taut: float) -> Quick:
    """Pull ``web`` by ``grips``, all threads of ``law``, until it has failed or is at ``to_strain``.

    ``taut``: strain at which the first path between two held nodes is taut, see `taut_strains`.
    """
    chains = chains_of(web, grips, law)
    net = _net(web, grips, chains)
    start = min(max(0.0, (1 + min(taut, to_strain)) / MEET - 1), 0.999 * to_strain)
    points, work, turn, rough = _pull(net, start, to_strain, grips.length)
    values, drop = _drawn(points)
    volume = float((web.lengths * np.pi * web.radius**2).sum())
    values[:2] *= grips.length / volume
    values[2] = work / volume
    return Quick(values, (drop, float(points[-1, 0])), rough, np.where(chains.of < 0, 0, turn[chains.of]))


class _Net(NamedTuple):
    """A net of chains: places ``(n, 3)``, their ``motion`` with the strain, mm, and ``free``: which are not held.

    ``number (2, c)``: of the ends of chains among the free ones, -1 where they are held.
    """

    pos: FloatArray
    motion: FloatArray
    free: IntArray
    ends: IntArray
    number: IntArray
    length: FloatArray
    breaks: FloatArray
    table: FloatArray
    hold: FloatArray
    pattern: Pattern


class _State(NamedTuple):
    """Of a net at some places: ``gradient (n, 3)``, N; of chains: whether whole, strain of the thinnest thread over
    that at break, tension, N, stiffness, N/mm; room for the blocks and the right side of a system."""

    gradient: FloatArray
    whole: BoolArray
    worst: FloatArray
    tension: FloatArray
    stiffness: FloatArray
    block: FloatArray
    right: FloatArray


def _net(web: WebGraph, grips: Grips, chains: Chains) -> _Net:
    used = grips.held.copy()
    used[chains.ends.ravel()] = True
    nodes = np.flatnonzero(used)
    held = grips.held[nodes]
    free = np.flatnonzero(~held)
    number = np.full(len(nodes), -1)
    number[free] = np.arange(len(free))
    ends = (np.cumsum(used) - 1)[chains.ends]
    place, speed = web.pos[nodes] @ grips.axis, grips.velocity[nodes] @ grips.axis
    low, high = place[held].min(), place[held].max()
    along = np.interp(place, [low, high], [speed[held].min(), speed[held].max()])
    motion = np.where(held[:, None], grips.velocity[nodes], np.outer(along, grips.axis))
    return _Net(
        web.pos[nodes].astype(float), motion, free, ends, number[ends], chains.length, chains.breaks, chains.table,
        chains.hold, pattern_of(len(free), number[ends]),
    )  # fmt: skip


@compiled
def _respond(net: _Net, state: _State, pos: FloatArray) -> tuple[float, float]:
    """Energy, mJ, and greatest tension, N, at ``pos``; fills the state."""
    gradient, whole, worst, tension, stiffness, _, _ = state
    gradient[:] = 0.0
    energy, greatest = 0.0, 0.0
    for e in range(len(net.length)):
        if not whole[e]:
            continue
        a, b = net.ends[0, e], net.ends[1, e]
        x, y, z = pos[b, 0] - pos[a, 0], pos[b, 1] - pos[a, 1], pos[b, 2] - pos[a, 2]
        long = np.sqrt(x * x + y * y + z * z) + 1e-12
        strain = long / net.length[e] - 1
        table, step = net.table[e], net.breaks[e] / ROWS
        row = min(max(int(strain / step), 0), ROWS - 1)
        over = strain - row * step
        worst[e] = table[row, 2] + over * (table[row + 1, 2] - table[row, 2]) / step
        if strain >= ROUNDING:
            slope = (table[row + 1, 0] - table[row, 0]) / step
            tension[e] = table[row, 0] + slope * over
            stored = table[row, 1] + over * (table[row, 0] + slope * over / 2)
        else:  # see `simulate.mechanics.kernels.forces`
            over = max(0.0, strain + ROUNDING)
            modulus = table[1, 0] / step
            slope = modulus * over / (2 * ROUNDING)
            tension[e] = slope * over / 2
            stored = tension[e] * over / 3
        greatest = max(greatest, tension[e])
        hold = net.hold[e]
        energy += (stored + hold * (1 + strain) ** 2 / 2) * net.length[e]
        stiffness[e] = (slope + hold) / net.length[e]
        tension[e] += hold * (1 + strain)
        force = tension[e] / long
        for q, d in enumerate((x, y, z)):
            gradient[a, q] -= force * d
            gradient[b, q] += force * d
    return energy, greatest


@compiled
def _assemble(net: _Net, state: _State, pos: FloatArray) -> None:
    """The stiffness of the free nodes into ``state.block``."""
    place, slot, block = net.pattern.place, net.pattern.slot, state.block
    block[:] = 0.0
    block[: len(place), 0, 0] = block[: len(place), 1, 1] = block[: len(place), 2, 2] = LEAST * state.stiffness.max()
    step = np.empty(3)
    for e in range(len(net.length)):
        if not state.whole[e]:
            continue
        square = _step(net, pos, e, step) ** 2
        across = state.tension[e] / np.sqrt(square)
        along = (state.stiffness[e] - across) / square
        a, b, c = -1, -1, -1
        if net.number[0, e] >= 0:
            a = place[net.number[0, e]]
        if net.number[1, e] >= 0:
            b = place[net.number[1, e]]
        if a >= 0 and b >= 0:
            c = slot[min(a, b), max(a, b)]
        for p in range(3):
            for q in range(3):
                value = along * step[p] * step[q] + (across if p == q else 0.0)
                if a >= 0:
                    block[a, p, q] += value
                if b >= 0:
                    block[b, p, q] += value
                if c >= 0:
                    block[c, p, q] -= value


@compiled
def _step(net: _Net, places: FloatArray, e: int, step: FloatArray) -> float:
    """Fill in the ``step (3,)`` from the first end of chain ``e`` to its second; its length."""
    square = 0.0
    for q in range(3):
        step[q] = places[net.ends[1, e], q] - places[net.ends[0, e], q]
        square += step[q] * step[q]
    return float(np.sqrt(square)) + 1e-12


@compiled
def _along(net: _Net, gradient: FloatArray, move: FloatArray) -> float:
    """Sum of ``gradient (n, 3)`` times ``move (f, 3)``, by turn, over the free nodes."""
    total = 0.0
    for k in range(len(net.free)):
        for q in range(3):
            total += gradient[net.free[k], q] * move[net.pattern.place[k], q]
    return total


@compiled
def _settle(net: _Net, state: _State, pos: FloatArray, tolerance: float, firm: float) -> tuple[float, bool]:
    """Move the free nodes to equilibrium by Newton's method, as `CableNet` does; the energy, and whether it is one."""
    free, place = net.free, net.pattern.place
    start = pos.copy()
    energy, greatest = _respond(net, state, pos)
    for _ in range(NEWTON):
        off = 0.0
        for v in free:
            off = max(off, state.gradient[v, 0] ** 2 + state.gradient[v, 1] ** 2 + state.gradient[v, 2] ** 2)
        if np.sqrt(off) <= tolerance * max(greatest, SLACK * firm):
            return energy, True
        _assemble(net, state, pos)
        for k in range(len(free)):
            for q in range(3):
                state.right[place[k], q] = -state.gradient[free[k], q]
                start[free[k], q] = pos[free[k], q]
        if not solve(net.pattern, state.block, state.right):
            return energy, False
        falling = _along(net, state.gradient, state.right)
        low, high, share = 0.0, np.inf, 1.0
        at_low, at_high = falling, 0.0
        for _ in range(HALVINGS):
            for k in range(len(free)):
                for q in range(3):
                    pos[free[k], q] = start[free[k], q] + share * state.right[place[k], q]
            energy, greatest = _respond(net, state, pos)
            rising = _along(net, state.gradient, state.right)
            if rising <= 0.5 * abs(falling) and (rising >= -0.5 * abs(falling) or share >= 1):
                break
            if rising < 0:
                low, at_low = share, rising
            else:
                high, at_high = share, rising
            share = low + (high - low) * min(max(-at_low / (at_high - at_low), 0.1), 0.9)
    return energy, False


@compiled
def _drive(net: _Net, state: _State, pos: FloatArray, motion: FloatArray) -> tuple[float, float, FloatArray]:
    """Fill in the ``motion`` of the free nodes with the strain; work by the strain, mJ, its slope, and ``(c,)`` how
    fast each chain strains."""
    place, right = net.pattern.place, state.right
    _assemble(net, state, pos)
    right[:] = 0.0
    step, parting = np.empty(3), np.empty(3)
    for e in range(len(net.length)):
        for end in range(2):
            inner, outer = net.number[1 - end, e], net.ends[end, e]
            if state.whole[e] and net.number[end, e] < 0 and inner >= 0:
                square = _step(net, pos, e, step) ** 2
                across = state.tension[e] / np.sqrt(square)
                along = 0.0
                for q in range(3):
                    along += step[q] * motion[outer, q]
                along *= (state.stiffness[e] - across) / square
                for q in range(3):
                    right[place[inner], q] += across * motion[outer, q] + along * step[q]
    solve(net.pattern, state.block, right)
    for k in range(len(net.free)):
        for q in range(3):
            motion[net.free[k], q] = right[place[k], q]
    load, slope = (state.gradient * motion).sum(), 0.0
    rate = np.zeros(len(net.length))
    for e in range(len(net.length)):
        if state.whole[e]:
            long, apart = _step(net, pos, e, step), _step(net, motion, e, parting)
            along = (step[0] * parting[0] + step[1] * parting[1] + step[2] * parting[2]) / long
            slope += state.stiffness[e] * along**2 + state.tension[e] / long * (apart**2 - along**2)
            rate[e] = along / net.length[e]
    return load, slope, rate


@compiled
def _pull(net: _Net, start: float, to_strain: float, length: float) -> tuple[FloatArray, float, IntArray, float]:
    """``(k, 3)`` strain, load, N, and its slope; work, mJ; ``(c,)`` breaks by turn; share of equilibria not reached."""
    count, f = len(net.length), len(net.free)
    state = _State(
        np.zeros(net.pos.shape), np.ones(count, np.bool_), np.zeros(count), np.zeros(count), np.zeros(count),
        np.zeros((net.pattern.slot.max() + 1 if f else 0, 3, 3)), np.zeros((f, 3)),
    )  # fmt: skip
    firm = net.table[:, ROWS, 0].max()
    points, turn = np.empty((POINTS, 3)), np.zeros(count, np.int64)
    strain, work, last, greatest, found, rough, broken = start, 0.0, 0.0, 0.0, 1, 0, 0
    pos, motion = net.pos + strain * net.motion, net.motion.copy()
    energy, _ = _settle(net, state, pos, TOLERANCE, firm)
    while strain > 0 and state.tension.max() > TAUT * firm:
        strain = max(0.0, (1 + strain) / MEET - 1)
        pos[:] = net.pos + strain * net.motion
        energy, _ = _settle(net, state, pos, TOLERANCE, firm)
    for k in range(POINTS):
        load, slope, rate = _drive(net, state, pos, motion)
        # The energy is convex: between breaks no load falls.
        last = load = max(load, last)
        points[k] = strain, load / length, slope / length
        greatest = max(greatest, load)
        beyond = np.argmax(state.worst)
        if state.worst[beyond] > 1:
            broken, last = broken + 1, 0.0
            turn[beyond] = broken
            state.whole[beyond] = False
            state.worst[beyond] = state.tension[beyond] = state.stiffness[beyond] = 0.0
            energy, reached = _settle(net, state, pos, TIGHT, firm)
            found, rough = found + 1, rough + (not reached)
            continue
        if strain >= to_strain - SMALLEST or (broken and load < FAILED * greatest):
            return points[: k + 1], work, turn, rough / found
        step = min(STEP_BROKEN if broken else STEP, to_strain - strain)
        before = 0.0
        for e in range(count):
            before = max(before, state.worst[e])
            faster = rate[e] / net.breaks[e]
            if state.worst[e] + faster * step > 1 + OVERSHOOT / 2:
                step = max((1 + OVERSHOOT / 2 - state.worst[e]) / faster, SMALLEST)
        origin, stored = pos.copy(), energy
        for _ in range(TRIES):
            pos[:] = origin + step * motion
            energy, reached = _settle(net, state, pos, TOLERANCE, firm)
            worst = state.worst.max()
            if worst <= 1 + OVERSHOOT:
                break
            step *= min(max((1 + OVERSHOOT / 2 - before) / (worst - before), 0.1), 0.9)
        if worst > 1:
            energy, reached = _settle(net, state, pos, TIGHT, firm)
        found, rough = found + 1, rough + (not reached)
        strain += step
        work += energy - stored
    return points, work, turn, rough / found


@compiled
def _drawn(points: FloatArray) -> tuple[FloatArray, float]:
    """``(3,)`` secant slope and greatest load before the first major drop, N, and 0; and the strain there."""
    strain, load = points[:, 0], points[:, 1]
    values, greatest, most = np.zeros(3), 0.0, load.max()
    top = 0
    for k in range(len(load)):
        if load[k] > greatest:
            greatest, top = load[k], k
        if load[k] < (1 - MAJOR) * greatest and greatest > NOTHING * most:
            break
    if not greatest > 0:
        return values, strain[-1]
    at = np.full(2, strain[0])
    for s in range(2):
        aim = SECANT[s] * greatest
        k = int((load >= aim).argmax())
        if k:
            low, high = 0.0, 1.0
            wide = strain[k] - strain[k - 1]
            for _ in range(30):
                t = (low + high) / 2
                cubic = (
                    (1 + 2 * t) * (1 - t) ** 2 * load[k - 1] + t * t * (3 - 2 * t) * load[k]
                    + wide * t * (1 - t) * ((1 - t) * points[k - 1, 2] - t * points[k, 2])
                )  # fmt: skip
                low, high = (t, high) if cubic < aim else (low, t)
            at[s] = strain[k - 1] + low * wide
    values[0] = (SECANT[1] - SECANT[0]) * greatest / max(at[1] - at[0], SMALLEST)
    values[1] = greatest
    return values, strain[top]
