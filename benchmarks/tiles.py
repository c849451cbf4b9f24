"""Large webs made solid tile by tile, against the same solid in one piece: time, memory, triangles, volume, bytes.

Every row is a process of its own; its seconds, of the clock, begin after a small web has been made, which compiles, and
end with the STL file. ``peak_gb`` is of the process, ``worker_gb`` of the largest of those that it started. The webs
are those of ``solids.py``: a plain one, and a hard one of a tenth as many struts, which has collisions.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import parser, save, table
from solids import hard_web, plain_web

#: Name of each way, and workers of the tiled ones.
WAYS: dict[str, int | None] = {"whole": None, "tiled": 1, "tiled, 2 workers": 2}
#: Struts of the web that compiles.
SMALL = 300
#: Tiles of a web: so many struts each, but no fewer tiles than this.
TILE_STRUTS, LEAST_TILES = 50_000, 4


def measure(way: str, case: str, struts: int, tiles: int) -> dict[str, Any]:
    """One row, in this process."""
    from assembly import export, solidify, solidify_to_stl

    make = plain_web if case == "plain" else hard_web
    workers = WAYS[way]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.stl"
        small = plain_web(SMALL)
        export(solidify(small), path)
        solidify_to_stl(small, path, tiles=2)
        web = make(struts)
        began = time.perf_counter()
        if workers is None:
            solid = solidify(web)
            export(solid, path)
            report = solid.report
        else:
            report = solidify_to_stl(web, path, tiles=tiles, workers=workers)
        seconds = time.perf_counter() - began
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "case": case, "way": way, "struts": web.m, "tiles": 0 if workers is None else tiles, "seconds": seconds,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "worker_gb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6,
        "triangles": report.triangles, "volume_mm3": report.volume_mm3, "genus": report.genus,
        "contacts": report.contacts, "faces_tested": report.faces_tested, "sha256": digest,
    }  # fmt: skip


def in_process(way: str, case: str, struts: int, tiles: int) -> dict[str, Any]:
    """`measure` in a new process."""
    command = [sys.executable, __file__, "--one", way, case, str(struts), str(tiles)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def compared(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the ways of one web have in common."""
    whole, one, two = ({row["way"]: row for row in rows}[way] for way in WAYS)
    return {
        "case": whole["case"], "struts": whole["struts"], "same_bytes_with_2_workers": one["sha256"] == two["sha256"],
        "same_triangles_as_whole": one["triangles"] == whole["triangles"], "same_genus": one["genus"] == whole["genus"],
        "volume_off": one["volume_mm3"] / whole["volume_mm3"] - 1,
        "times_as_long": one["seconds"] / whole["seconds"],
        "times_as_long_with_2_workers": two["seconds"] / whole["seconds"],
        "share_of_memory": one["peak_gb"] / whole["peak_gb"],
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    arguments = parser(__doc__)
    arguments.add_argument("--struts", type=int, default=100_000, help="of the plain web")
    arguments.add_argument("--full", action="store_true", help="a plain web of 1,000,000 struts, too")
    arguments.add_argument(
        "--one", nargs=4, metavar=("WAY", "CASE", "STRUTS", "TILES"), help="one row as JSON, no file"
    )
    options = arguments.parse_args()
    if options.one:
        way, case, struts, tiles = options.one
        print(json.dumps(measure(way, case, int(struts), int(tiles))))
        return
    webs = [("plain", options.struts), ("hard", options.struts // 10)] + [("plain", 1_000_000)] * options.full
    rows, facts = [], []
    for case, struts in webs:
        tiles = max(LEAST_TILES, -(-struts // TILE_STRUTS))
        of_web = [in_process(way, case, struts, tiles) for way in WAYS]
        rows += of_web
        facts.append(compared(of_web))
    columns = ("case", "way", "struts", "tiles", "seconds", "peak_gb", "worker_gb", "triangles", "volume_mm3")
    print(table([columns, *([row[name] for name in columns] for row in rows)]))
    print("\n" + table([[*facts[0]], *([*row.values()] for row in facts)]))
    save("tiles", {"rows": rows, "facts": facts}, options.output)


if __name__ == "__main__":
    main()
