"""Time that `structgen --help` takes, beside a bare start of Python: median of 20 runs each, in turns."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from common import parser, save, table

COMMANDS = {
    "structgen --help": [str(Path(sys.executable).with_name("structgen")), "--help"],
    "python -c pass": [sys.executable, "-c", "pass"],
}


def main() -> None:
    """Measure, print, write."""
    options = parser(__doc__).parse_args()
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(20):
        for name, command in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(table([["command", "median s", "worst s"], *([n, medians[n], max(times[n])] for n in COMMANDS)]))
    save("startup", {"median_seconds": medians, "seconds": times}, options.output)


if __name__ == "__main__":
    main()
