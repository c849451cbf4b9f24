"""What is known of a solid that has been verified."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Of PLA, the commonest plastic to print with, g/cm3.
PLA_DENSITY = 1.24


@dataclass(frozen=True)
class SolidReport(Mapping[str, Any]):
    """The numbers of a solid that passed `assembly.verify.verified`; also read like a dictionary, by field name.

    Arguments:
        struts, nodes, components: of the web.
        volume_mm3: enclosed, voids taken off.
        mass_g: of that volume.
        triangles: faces.
        triangles_per_strut: of them for each strut.
        watertight: each edge has two faces that run along it in opposite directions: always true.
        bodies: separate pieces, as many as the web has components.
        shells: closed surfaces: those of the bodies and of the voids in them.
        voids: closed holes inside.
        bounding_box_mm: its three sides.
        genus: handles of all shells together.
        contacts: handles beyond those of the web, ``genus - (struts - nodes + bodies)``: each is a place where struts
            touch that have no node in common; negative where struts run so close together that they close loops.
        self_intersections: always 0 ...
        faces_tested: ... of so many faces against all others.
        float32_manifold: vertices stay apart in float32, so that an STL file read back and welded is as sound: always.
        method: how it was made.
        volume_error: share by which the volume is larger than the reference volume; None without one.
        seconds: that it took.
    """

    struts: int
    nodes: int
    components: int
    volume_mm3: float
    mass_g: float
    triangles: int
    triangles_per_strut: float
    watertight: bool
    bodies: int
    shells: int
    voids: int
    bounding_box_mm: tuple[float, float, float]
    genus: int
    contacts: int
    self_intersections: int
    faces_tested: int
    float32_manifold: bool
    method: str
    volume_error: float | None = None
    seconds: float = field(default=0.0, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """JSON values by field name."""
        values = dataclasses.asdict(self)
        return values | {"bounding_box_mm": list(self.bounding_box_mm)}

    def __getitem__(self, name: str) -> Any:
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dataclass_fields__)

    def __len__(self) -> int:
        return len(self.__dataclass_fields__)
