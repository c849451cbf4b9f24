"""What every benchmark shares: a table on standard output and a JSON file beside it."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with ``--output``."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--output", type=Path, help="JSON file; default: benchmarks/results/NAME.json")
    return made


def table(rows: Sequence[Sequence[object]]) -> str:
    """Rows of cells as aligned text; the first row is the head."""
    cells = [[f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[c]) for row in cells) for c in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def save(name: str, result: dict[str, Any], output: Path | None) -> None:
    """Write ``result`` with what the machine and the versions are."""
    machine = {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("torch", "numpy", "scipy", "manifold3d")},
    }
    path = output or RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"benchmark": name, "machine": machine, **result}, indent=2) + "\n")
    print(f"\nwrote {path}")
