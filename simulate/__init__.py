"""simulate: form finding of webs; virtual tests and movement of meshes are to come (see the README).

>>> from simulate import form_find
>>> hung = form_find(web, fixed=web.degree == 1, kinds={"frame": 7, "anchor": 10})
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulate.mechanics.form_finding import form_find

__all__ = ["form_find"]

# Imported on first use, so that `structgen --help` stays quick.
_HOMES = {"form_find": "simulate.mechanics.form_finding"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simulate' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
