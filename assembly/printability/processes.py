"""What printing processes ask of a part: one table of limits, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from assembly.checks import number

#: Least and largest values of limits that may not be anything from 0 up.
RANGES = {"strut_mm": (1e-3, 1e6), "drain_mm": (1e-3, 1e6), "layer_mm": (1e-3, 1e6), "density": (1e-3, 1e6),
          "overhang_deg": (0.0, 89.0), "support_share": (0.0, 1.0), "infill": (0.0, 1.0)}  # fmt: skip


@dataclass(frozen=True)
class Process:
    """The limits and rates of a printing process.

    Arguments:
        name: as users name it.
        title: in words.
        powder: whether powder holds the part while it is made, so that nothing needs support from below.
        traps: whether raw material stays in a closed hollow.
        strut_mm: thinnest strut or wall.
        overhang_deg: shallowest slope above the plate that prints without support.
        bridge_mm: longest flat span between two held ends.
        cantilever_mm: longest flat overhang held at one end.
        island_mm: how far above where it begins an island must have joined the rest; less is a sag that closes.
        drain_mm: diameter of a hole that drains a hollow.
        layer_mm: thickness of a layer.
        density: of the material, g/cm3.
        support_share: share of a supported space that support material fills ...
        support_wall_mm: ... and how thick it is around that space.
        wall_mm: thickness of a solid outside; what lies deeper is filled sparsely.
        infill: share of what lies deeper that is filled.
        flow: volume laid down in a second, mm3; 0 where a layer takes the same time whatever is in it.
        region_s: seconds lost by starting each separate region of a layer.
        layer_s: seconds that each layer takes besides.
    """

    name: str
    title: str
    powder: bool
    traps: bool
    strut_mm: float
    overhang_deg: float
    bridge_mm: float
    cantilever_mm: float
    island_mm: float
    drain_mm: float
    layer_mm: float
    density: float
    support_share: float
    support_wall_mm: float
    wall_mm: float
    infill: float
    flow: float
    region_s: float
    layer_s: float

    @property
    def step_mm(self) -> float:
        """Height of the layers in which a part is measured: no finer than its thinnest strut needs."""
        return max(self.layer_mm, self.strut_mm / 4)

    def changed(self, limits: Mapping[str, float]) -> Process:
        """The process with ``limits`` in place of its own; raises `ValueError` for a name or value it cannot have."""
        known = [field.name for field in fields(self) if field.name not in ("name", "title", "powder", "traps")]
        for name, value in limits.items():
            if name not in known:
                raise ValueError(f"limit {name!r} is not known, must be one of {', '.join(known)}")
            low, high = RANGES.get(name, (0.0, 1e6))
            if not low <= number(f"limit {name}", value, f"{low:g} to {high:g}") <= high:
                raise ValueError(f"limit {name} is {value!r}, must be {low:g} to {high:g}")
        return replace(self, **{name: float(value) for name, value in limits.items()})  # type: ignore[arg-type]

    def as_dict(self) -> dict[str, float | str | bool]:
        """The table's row, for JSON."""
        return asdict(self)


#: Sources. FDM: two passes of a 0.4 mm nozzle make the thinnest pin (0.8 mm); 45 degrees, where half of each line
#: still rests on the one below; 10 mm, the flat bridge that common design rules (Hubs, "Design rules for 3D printing")
#: allow; two layers of sag. Resin: Formlabs' design guide (wires 0.3 to 0.5 mm, 19 degrees, flat overhangs 1 mm, spans
#: 21 mm, drain holes 3.5 mm); an island tears off its first layer. SLS: pins 0.8 mm (Hubs), escape holes 3.5 mm; the
#: powder is the support. Rates: FDM fitted to PrusaSlicer 2.5 on a
#: box and a web of 0.8 mm struts; resin and SLS a layer's cycle.
PROCESSES: Mapping[str, Process] = {
    process.name: process
    for process in (
        Process(
            "fdm", "fused filament (FDM)", powder=False, traps=False, strut_mm=0.8, overhang_deg=45.0, bridge_mm=10.0,
            cantilever_mm=2.0, island_mm=0.4, drain_mm=2.0, layer_mm=0.2, density=1.24, support_share=0.2,
            support_wall_mm=0.6, wall_mm=0.8, infill=0.2, flow=3.2, region_s=0.55, layer_s=0.0,
        ),
        Process(
            "resin", "resin (SLA, DLP)", powder=False, traps=True, strut_mm=0.4, overhang_deg=19.0, bridge_mm=21.0,
            cantilever_mm=1.0, island_mm=0.1, drain_mm=3.5, layer_mm=0.05, density=1.15, support_share=0.1,
            support_wall_mm=0.0, wall_mm=0.0, infill=1.0, flow=0.0, region_s=0.0, layer_s=9.0,
        ),
        Process(
            "sls", "laser sintering (SLS)", powder=True, traps=True, strut_mm=0.8, overhang_deg=0.0, bridge_mm=0.0,
            cantilever_mm=0.0, island_mm=0.0, drain_mm=3.5, layer_mm=0.1, density=1.01, support_share=0.0,
            support_wall_mm=0.0, wall_mm=0.0, infill=1.0, flow=0.0, region_s=0.0, layer_s=12.0,
        ),
    )
}  # fmt: skip


def process_of(name: str, limits: Mapping[str, float] | None = None) -> Process:
    """The process ``name`` of `PROCESSES`, with ``limits`` by field name in place of its own."""
    if name not in PROCESSES:
        raise ValueError(f"process is {name!r}, must be {', '.join(PROCESSES)}")
    return PROCESSES[name].changed(limits or {})
