"""Frames of beams against closed forms, exact rods and two other codes: a row a case, with the error in per cent.

Closed forms: Euler's columns with four kinds of ends; a cantilever with a force at its tip (elliptic integrals: K.
Mattiasson, Int. J. Numer. Methods Eng. 17 (1981) 145) and rolled up to a circle by a moment; stiffness of the cubic
lattice, of the octet truss (V. S. Deshpande, N. A. Fleck, M. F. Ashby, J. Mech. Phys. Solids 49 (2001) 1747) and of the
Kelvin foam (H. X. Zhu, J. F. Knott, N. J. Mills, J. Mech. Phys. Solids 45 (1997) 319). Exact rods, integrated by
shooting here: a ring pulled to an oval, and Lee's frame (S.-L. Lee, F. S. Manuel, E. C. Rossow, J. Eng. Mech. Div. 94
(1968) 527) at its limit before it snaps through and at the least load after. The bend of 45 degrees of K.-J. Bathe and
S. Bolourchi against J. C. Simo and L. Vu-Quoc, Comput. Methods Appl. Mech. Eng. 58 (1986) 79. Other codes, where
installed: OpenSeesPy (co-rotational beams) for that bend and for a lattice that is crushed, PyNite (small
displacements) for a random frame. ``parts`` are beams a member.

Two more tables: seconds of the processor to crush Kelvin foams of growing size by 10 % in at least 20 points, and what
comes of random webs that are crushed or pulled: how many reach the end, the largest residual of any point, and the
largest rise of energy that no work under the curve pays for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from common import parser, save, table
from frames_exact import exact_lee, extreme, fixed_and_pinned, rod, tip
from frames_outside import opensees_bend, opensees_crushed, pynite
from scipy.optimize import fsolve

from simulate.mechanics.compression import compression
from simulate.mechanics.frame.buckling import buckling
from simulate.mechanics.frame.equations import Equations
from simulate.mechanics.frame.material import Material
from simulate.mechanics.frame.model import Frame, cut
from simulate.mechanics.frame.path import Point, equilibrate, follow
from simulate.mechanics.homogenize import homogenize
from simulate.mechanics.lattices import lattice
from structgen.seeds import generator
from structgen.web import WebGraph

FloatArray = np.ndarray


@dataclass(frozen=True)
class Case:
    """A number of ours against that of a reference; ``scale``: what their difference is taken over."""

    name: str
    quantity: str
    reference: str
    parts: int
    ours: float
    theirs: float
    scale: float | None = None

    @property
    def error(self) -> float:
        """Difference, per cent."""
        return 100 * abs(self.ours - self.theirs) / abs(self.theirs if self.scale is None else self.scale)


def main() -> None:
    """The table."""
    arguments = parser(__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--parts", type=int, default=0, help="beams a member, 0: as many as each case is given")
    arguments.add_argument("--cells", type=int, nargs="*", default=[1, 2, 3, 4], help="of foams, cubed")
    arguments.add_argument("--webs", type=int, default=500, help="random webs")
    options = arguments.parse_args()
    cases: list[Case] = []
    seconds = {}
    for make in (columns, cantilever, ring, lees_frame, bend, lattices, random_frame, crushed):
        began = time.process_time()
        cases += make(options.parts)
        seconds[make.__name__] = round(time.process_time() - began, 2)
    head = ["case", "quantity", "parts", "ours", "reference", "error %", "from"]
    rows = [
        [c.name, c.quantity, c.parts, f"{c.ours:.6g}", f"{c.theirs:.6g}", f"{c.error:.3f}", c.reference] for c in cases
    ]
    print(table([head, *rows]))
    worst = max(cases, key=lambda case: case.error)
    print(f"\nlargest error {worst.error:.3f} %: {worst.name}, {worst.quantity}")
    result = [{**vars(case), "error_percent": case.error} for case in cases]
    foams = [crushing(cells) for cells in options.cells]
    if foams:
        print("\n" + table([list(foams[0]), *(list(row.values()) for row in foams)]))
    webs = random_webs(options.webs) if options.webs else {}
    print("\n" + table([list(webs), list(webs.values())]) if webs else "")
    measured = {"cases": result, "largest_error_percent": worst.error, "cpu_seconds": seconds}
    save("frames", {**measured, "foams": foams, "random_webs": webs}, options.output)


# -- columns ----------------------------------------------------------------------------------------


def columns(parts: int) -> Iterator[Case]:
    """Buckling loads of columns a thousand times as long as their radius."""
    parts = parts or 4
    length, radius, modulus = 1000.0, 1.0, 2000.0
    effective = {"pinned": 1.0, "fixed": 0.5, "cantilever": 2.0, "fixed and pinned": np.pi / fixed_and_pinned()}
    for name, share in effective.items():
        frame = of_nodes(np.array([[0, 0, 0], [0, 0, length]]), np.array([[0], [1]]), parts, radius, modulus)
        held = np.zeros((frame.n, 6), bool)
        held[0] = True
        if name == "pinned":
            held[0, 3:5] = False
        if name != "cantilever":
            held[1, :2] = True
        if name == "fixed":
            held[1, 3:] = True
        load = np.zeros((frame.n, 6))
        load[1, 2] = -1.0
        found = buckling(Equations(frame, held, load=load))[0][0]
        exact = np.pi**2 * modulus * np.pi * radius**4 / 4 / (share * length) ** 2
        yield Case(f"column, {name}", "buckling load, N", "Euler", parts, found, exact)


# -- a cantilever -----------------------------------------------------------------------------------


def cantilever(parts: int) -> Iterator[Case]:
    """A tip force of 10 EI / L^2, and the moment that makes a circle."""
    parts = parts or 16
    length, radius, modulus = 100.0, 0.1, 1000.0
    bending = modulus * np.pi * radius**4 / 4
    frame = of_nodes(np.array([[0, 0, 0], [length, 0, 0]]), np.array([[0], [1]]), parts, radius, modulus)
    held = np.zeros((frame.n, 6), bool)
    held[0] = True
    load = np.zeros((frame.n, 6))
    load[1, 1] = 10 * bending / length**2
    end = last(Equations(frame, held, load=load), 20)
    along, aside = tip(10.0)
    place = end.state.pos[1] / length
    yield Case("cantilever, P = 10 EI/L^2", "tip along / L", "elliptic integrals", parts, place[0], along, 1.0)
    yield Case("cantilever, P = 10 EI/L^2", "tip aside / L", "elliptic integrals", parts, place[1], aside, 1.0)
    load[:] = 0
    load[1, 5] = 2 * np.pi * bending / length
    end = last(Equations(frame, held, load=load), 20)
    gap = float(np.linalg.norm(end.state.pos[1])) / length
    yield Case("cantilever, M = 2 pi EI/L", "gap of the circle / L", "closed form", parts, gap, 0.0, 1.0)


# -- exact rods in a plane ---------------------------------------------------------------------------


def ring(parts: int) -> Iterator[Case]:
    """A ring pulled by two forces, hardly and to an oval; a quarter of it, in ``parts`` beams."""
    parts = parts or 24
    radius, thick, modulus = 10.0, 0.05, 1000.0
    bending, stretching = modulus * np.pi * thick**4 / 4, modulus * np.pi * thick**2
    angle = np.linspace(0, np.pi / 2, parts + 1)
    pos = radius * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])
    frame = of_nodes(pos, np.stack([np.arange(parts), np.arange(1, parts + 1)]), 1, thick, modulus)
    held = np.zeros((frame.n, 6), bool)
    held[:, 2:5] = True
    held[0, [1, 5]] = held[-1, [0, 5]] = True
    for share in (0.01, 10.0):
        force = share * bending / radius**2
        load = np.zeros((frame.n, 6))
        load[-1, 1] = force / 2
        moved = 2 * (last(Equations(frame, held, load=load), 20).state.pos[-1, 1] - radius)

        def quarter(guess: FloatArray, force: float = force) -> FloatArray:
            start = [guess[0], 0, np.pi / 2, guess[1]]
            return rod(start, np.array([0, force / 2]), radius * np.pi / 2, bending, stretching, 1 / radius)

        guess = np.array([radius, 0.0])
        for part in np.linspace(0.1, 1, 10):
            guess = fsolve(
                lambda g, f=part * force: quarter(g, f)[[0, 2]] - [0, np.pi], guess, xtol=1e-11
            )  # fmt: skip
        exact = 2 * (float(quarter(guess)[1]) - radius)
        yield Case(f"ring pulled, P = {share:g} EI/R^2", "lengthened, mm", "exact rod", parts, moved, exact)
        if share < 1:
            thin = (np.pi / 4 - 2 / np.pi) * force * radius**3 / bending
            yield Case(f"ring pulled, P = {share:g} EI/R^2", "lengthened, mm", "closed form", parts, moved, thin)


def lees_frame(parts: int) -> Iterator[Case]:
    """Lee's frame: two members of 120, hinged, pushed down at a fifth of the upper one."""
    parts = parts or 10
    side, area, inertia, modulus = 120.0, 6.0, 2.0, 720.0
    if parts % 5:
        raise SystemExit("--parts must be a multiple of 5 for Lee's frame")
    pos, ends = cut(np.array([[0, 0, 0], [0, side, 0], [side, side, 0]]), np.array([[0, 1], [1, 2]]), parts)
    ones = np.ones(2 * parts)
    frame = Frame(pos, ends, area * ones, inertia * ones, 2 * inertia * ones, modulus, modulus / 2.6)
    held = np.zeros((frame.n, 6), bool)
    held[:, 2:5] = True
    held[[0, 2], :2] = True
    at = int(np.linalg.norm(pos - [side / 5, side, 0], axis=1).argmin())
    load = np.zeros((frame.n, 6))
    load[at, 1] = -4.0
    points = list(follow(Equations(frame, held, load=load), 100))
    shares = np.array([4 * point.share for point in points])
    down = np.array([side - point.state.pos[at, 1] for point in points])
    peak = int(np.argmax(shares[: int(np.argmax(down > 61))]))
    least = int(np.argmin(shares))
    along = np.concatenate([[0], np.cumsum(np.hypot(np.diff(down) / side, np.diff(shares)))])
    found = {"limit load": extreme(along, shares, peak), "least load after": extreme(along, shares, least)}
    exact = exact_lee(side, modulus * inertia, modulus * area)
    for name, value in found.items():
        yield Case("Lee's frame", name, "exact rod", parts, value, exact[name])


# -- the bend of 45 degrees ---------------------------------------------------------------------------


def bend(parts: int) -> Iterator[Case]:
    """An eighth of a circle, fixed at one end, pushed out of its plane at the other; errors over its radius."""
    pieces = parts or 8
    published = {300: (22.33, 58.84, 40.08), 600: (15.79, 47.23, 53.37)}
    for force, places in published.items():
        ours = bent(pieces, force)
        yield Case(f"bend of 45 degrees, {force}", "tip, all of it", "Simo, Vu-Quoc", pieces,
                   float(np.linalg.norm(ours - places)), 0.0, 100.0)  # fmt: skip
    if find_spec("openseespy"):
        pieces = parts or 32
        ours, theirs = bent(pieces, 600), opensees_bend(arc(pieces), 600)
        yield Case("bend of 45 degrees, 600", "tip, all of it", "OpenSeesPy", pieces,
                   float(np.linalg.norm(ours - theirs)), 0.0, 100.0)  # fmt: skip


def arc(pieces: int) -> FloatArray:
    """Nodes of the bend, in (y, x) as the papers have them."""
    angle = np.linspace(0, np.pi / 4, pieces + 1)
    return 100 * np.column_stack([1 - np.cos(angle), np.sin(angle), 0 * angle])


def bent(pieces: int, force: float) -> FloatArray:
    """Where the tip goes."""
    ends = np.stack([np.arange(pieces), np.arange(1, pieces + 1)])
    ones = np.ones(pieces)
    frame = Frame(arc(pieces), ends, ones, ones / 12, 0.1406 * ones, 1e7, 5e6)
    held = np.zeros((frame.n, 6), bool)
    held[0] = True
    load = np.zeros((frame.n, 6))
    load[-1, 2] = force
    return np.asarray(last(Equations(frame, held, load=load), 10).state.pos[-1])


# -- lattices ---------------------------------------------------------------------------------------


def lattices(_: int) -> Iterator[Case]:
    """Slender cells that repeat; bending adds 12 I / (A l^2) to the octet's closed form, which leaves it out."""
    solid = Material(1000.0, 10.0)
    radius = 0.02
    area, inertia = np.pi * radius**2, np.pi * radius**4 / 4
    cubic, octet, kelvin = (
        homogenize(lattice(n, 1.0, radius), solid, "periodic") for n in ("cubic", "octet", "kelvin")
    )
    # Length of struts in a cell of side 1.
    density = 6 * np.sqrt(2) * np.pi * (radius / np.sqrt(0.5)) ** 2
    strut = np.sqrt(2) / 4
    soft = 6 * np.sqrt(2) * inertia / strut**4 / (1 + 12 * inertia / (area * strut**2))
    rows: list[tuple[str, str, str, Any, float]] = [
        ("cubic", "Young's modulus / E", "closed form", cubic.young[0], area),
        ("cubic", "shear modulus / E", "closed form", cubic.shear[0], 6 * inertia),
        ("octet", "relative density", "Deshpande", 1000 * octet.relative_density, density),
        ("octet", "Young's modulus / E", "Deshpande", octet.young[0], density / 9),
        ("octet", "shear modulus / E", "Deshpande", octet.shear[0], density / 12),
        ("kelvin", "Young's modulus / E", "Zhu", kelvin.young[0], soft),
        ("kelvin", "bulk modulus / E", "Zhu", kelvin.bulk[0], np.sqrt(2) * area / (12 * strut**2)),
    ]  # fmt: skip
    for name, quantity, reference, ours, theirs in rows:
        yield Case(f"{name} lattice", quantity, reference, 1, float(ours) / 1000, theirs)


# -- other codes ------------------------------------------------------------------------------------


def random_frame(parts: int) -> Iterator[Case]:
    """A random frame under random small loads, against PyNite; the largest difference over the largest displacement."""
    if not find_spec("Pynite"):
        return
    web, held, load = random_case()
    modulus, radius = 1000.0, 0.5
    frame = of_nodes(web.pos, web.edge_index, parts or 1, radius, modulus)
    mask, forces = np.zeros((frame.n, 6), bool), np.zeros((frame.n, 6))
    mask[: web.n][held] = True
    forces[: web.n] = load
    point = equilibrate(Equations(frame, mask, load=1e-6 * forces), 1.0)
    assert point is not None
    ours = (point.state.pos[: web.n] - web.pos) / 1e-6
    theirs = pynite(web, held, load, modulus, modulus / (2 * (1 + 0.36)), radius)
    largest = float(np.abs(theirs).max())
    yield Case(f"random frame of {web.m} members", "displacements", "PyNite", parts or 1,
               float(np.abs(ours - theirs).max()), 0.0, largest)  # fmt: skip


def random_case() -> tuple[WebGraph, FloatArray, FloatArray]:
    """A web of 40 random nodes joined to their nearest, three nodes held, forces and moments on all."""
    random = generator(5)
    pos = random.uniform(0, 50, (40, 3))
    apart = np.linalg.norm(pos[:, None] - pos, axis=2)
    near = np.argsort(apart, axis=1)[:, 1:5]
    edges = np.stack([np.repeat(np.arange(40), 4), near.ravel()], axis=1)
    web = WebGraph.from_edges(pos, edges, 0.5).largest_component()
    return web, np.argsort(web.pos[:, 2])[:3], random.normal(size=(web.n, 6))


def crushed(parts: int) -> Iterator[Case]:
    """A Kelvin cell pushed and sheared by 10 % of its side, against OpenSees: force, and where nodes are."""
    if not find_spec("openseespy"):
        return
    parts = parts or 8
    web = lattice("kelvin", 10.0, 0.3)
    modulus, radius = 1000.0, 0.3
    frame = of_nodes(web.pos, web.edge_index, parts, radius, modulus)
    low, high = (np.flatnonzero(np.abs(web.pos[:, 2] - z) < 1e-6) for z in (0.0, 10.0))
    held = np.zeros((frame.n, 6), bool)
    held[np.concatenate([low, high])] = True
    drive = np.zeros((frame.n, 3))
    drive[high] = [0.4, 0.2, -1.0]
    end = last(Equations(frame, held, drive), 20)
    force = end.response.conjugate
    theirs, places = opensees_crushed(frame, low, high, drive[high[0]], radius, modulus)
    yield Case("Kelvin cell, crushed by 10 %", "work rate, N mm", "OpenSeesPy", parts, force, theirs)
    away = float(np.linalg.norm(end.state.pos - places, axis=1).max())
    yield Case("Kelvin cell, crushed by 10 %", "nodes, all of them", "OpenSeesPy", parts, away, 0.0, 1.0)


# -- time, and random webs ---------------------------------------------------------------------------


def crushing(cells: int) -> dict[str, Any]:
    """Seconds to crush a foam of ``cells`` cubed cells."""
    web = lattice("kelvin", 10.0, 0.25, cells)
    began = time.process_time()
    found = compression(web, Material(3500.0, 57.0), to_strain=0.1, steps=20, parts=2)
    seconds = time.process_time() - began
    return {"nodes": web.n, "struts": web.m, "beams": 2 * web.m, "points": len(found.strain), "cpu_seconds": seconds,
            "largest_residual": float(found.residual.max()), "end": found.end}  # fmt: skip


def random_webs(count: int) -> dict[str, Any]:
    """What comes of ``count`` webs of 8 to 39 random nodes joined to 2 to 4 neighbours each."""
    began = time.process_time()
    ends, refused, gains, residuals, finite = 0, 0, [0.0], [0.0], True
    for seed in range(count):
        random = generator(seed)
        nodes = int(random.integers(8, 40))
        pos = random.uniform(0, 50, (nodes, 3))
        apart = np.linalg.norm(pos[:, None] - pos, axis=2)
        near = np.argsort(apart, axis=1)[:, 1 : 1 + int(random.integers(2, 5))]
        edges = np.stack([np.repeat(np.arange(nodes), near.shape[1]), near.ravel()], axis=1)
        web = WebGraph.from_edges(pos, edges, random.uniform(0.2, 1.5)).largest_component()
        try:
            found = compression(web, Material(3500.0, 57.0), axis="xyz"[seed % 3], to_strain=(0.3, -0.2)[seed % 2],
                                steps=15, parts=2)  # fmt: skip
        except ValueError:
            refused += 1
            continue
        ends += found.end == "strain"
        gains.append(found.gain)
        residuals.append(float(found.residual.max()))
        finite &= bool(np.isfinite(found.force).all())
    return {"webs": count, "to the end": ends, "refused": refused, "finite": finite, "largest residual": max(residuals),
            "gain, median %": 100 * float(np.median(gains)), "gain, largest %": 100 * max(gains),
            "cpu seconds": time.process_time() - began}  # fmt: skip


# -- shared ------------------------------------------------------------------------------------------


def of_nodes(pos: FloatArray, ends: Any, parts: int, radius: float, modulus: float) -> Frame:
    """A frame of round beams of Poisson's ratio 0.36."""
    return Frame.of_web(WebGraph(pos, ends, np.asarray(radius)), Material(modulus, 1.0, poisson=0.36), parts)


def last(equations: Equations, steps: int) -> Point:
    """The end of the path, which must be at the whole load."""
    *_, point = follow(equations, steps)
    if point.share < 1 - 1e-9:
        raise SystemExit(f"the path ends at a share of {point.share:.3g}")
    return point


if __name__ == "__main__":
    main()
