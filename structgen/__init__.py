"""structgen: learned generators of spider-web structures.

>>> from structgen import DesignTargets, load_model
>>> targets = DesignTargets(nodes=48, mean_degree=3.6, extents=(40, 40, 25))
>>> webs = load_model().sample(targets, n=16, seed=0)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from structgen.generators import load_model
    from structgen.io import read_web, write_web
    from structgen.targets import DesignTargets
    from structgen.web import WebGraph

__version__ = "0.1.0"
__all__ = ["DesignTargets", "WebGraph", "__version__", "load_model", "read_web", "write_web"]

# Imported on first use, so that `structgen --help` need not wait for torch.
_HOMES = {
    "DesignTargets": "structgen.targets",
    "WebGraph": "structgen.web",
    "load_model": "structgen.generators",
    "read_web": "structgen.io",
    "write_web": "structgen.io",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'structgen' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
