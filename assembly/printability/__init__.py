"""Would it print? Limits of printing processes, findings on a web or solid, and what can be mended."""

from assembly.printability.check import PLATE, check_printability
from assembly.printability.fixing import Fixed, fix
from assembly.printability.processes import PROCESSES, Process, process_of
from assembly.printability.report import KINDS, Finding, PrintReport

__all__ = [
    "KINDS",
    "PLATE",
    "PROCESSES",
    "Finding",
    "Fixed",
    "PrintReport",
    "Process",
    "check_printability",
    "fix",
    "process_of",
]
