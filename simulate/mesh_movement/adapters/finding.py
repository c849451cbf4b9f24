"""What an adapter is, and which one is for a mesh."""

from __future__ import annotations

import warnings
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from simulate.mesh_movement.checks import FloatArray, IntArray

#: The group of entry points that name adapters.
GROUP = "structgen.adapters"
#: Our own, for a checkout that is not installed, of which nobody knows the entry points.
OWN = {
    name: f"simulate.mesh_movement.adapters.{module}"
    for name, module in {
        "dolfinx": "dolfinx", "fipy": "fipy", "meshio": "meshio", "ngsolve": "ngsolve", "scikit-fem": "scikit_fem"
    }.items()
}  # fmt: skip


class Adapter(Protocol):
    """Reads and makes meshes of one solver; an adapter must not import its solver before it is handed such a mesh."""

    def handles(self, mesh: Any) -> bool:
        """Whether ``mesh`` is of this solver."""

    def arrays(self, mesh: Any) -> tuple[FloatArray, IntArray]:
        """Points ``(n, d)`` and cells ``(c, d + 1)`` of positive volume, d = 2 or 3, nodes numbered as by the solver.

        Points may hold nodes of no cell. Raises `ValueError` for cells other than straight triangles or tetrahedra,
        and for a mesh that is shared among processes.
        """

    def moved(self, mesh: Any, points: FloatArray) -> Any:
        """``mesh`` with its nodes at ``points (n, d)``: a new mesh, or itself where the solver works so."""

    def nodal(self, mesh: Any, field: Any) -> FloatArray | None:
        """``(n,)`` values at the nodes of ``field``; None where it is no field of this solver.

        Raises `ValueError` for a field of another mesh or of several components.
        """


def adapter_of(mesh: Any) -> Adapter:
    """The adapter for ``mesh``; `ValueError` where there is none."""
    known = adapters()
    for adapter in known.values():
        if adapter.handles(mesh):
            return adapter
    kind = type(mesh)
    raise ValueError(
        f"mesh is a {kind.__module__}.{kind.__qualname__}, must be one of {', '.join(sorted(known))}; of others give "
        "points and cells to move_mesh, or register an adapter"
    )


@cache
def adapters() -> dict[str, Adapter]:
    """All adapters by name. One that cannot be loaded is left out, with a warning."""
    found: dict[str, Adapter] = {}
    for entry in [*entry_points(group=GROUP), *(EntryPoint(name, value, GROUP) for name, value in OWN.items())]:
        if entry.name in found:
            continue
        try:
            adapter = entry.load()
        except Exception as error:  # a stranger's package may fail in any way
            warnings.warn(f"adapter {entry.name!r} ({entry.value}) cannot be loaded: {error}", stacklevel=3)
            continue
        lacking = [name for name in ("handles", "arrays", "moved", "nodal") if not callable(getattr(adapter, name, 0))]
        if lacking:
            warnings.warn(f"adapter {entry.name!r} ({entry.value}) lacks {', '.join(lacking)}", stacklevel=3)
            continue
        found[entry.name] = adapter
    return found
