"""What a check found: findings with place, measure and limit, and numbers of the part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Severity = Literal["error", "warning"]

#: Kinds of finding, in the order of reports; a mark's code is the place in this list, counted from 1.
KINDS = ("mesh", "plate", "floating", "thin", "island", "overhang", "bridge", "trapped", "resolution")
#: Findings of one kind that a report holds; the worst are kept, all are counted.
MOST_FINDINGS = 1000


@dataclass(frozen=True)
class Finding:
    """One thing that keeps a part from printing well.

    Arguments:
        kind: one of `KINDS`.
        severity: ``"error"``: it would not print; ``"warning"``: it prints, less well or with support.
        message: one line for people.
        where: x, y, z in mm, of the part as it stands on the plate.
        measured: what was found, in the unit of the limit.
        limit: what the process allows.
        strut: number of the strut in a web, where there is one.
    """

    kind: str
    severity: Severity
    message: str
    where: tuple[float, float, float]
    measured: float
    limit: float
    strut: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; without ``strut`` where there is none."""
        row = {
            "kind": self.kind, "severity": self.severity, "message": self.message,
            "where_mm": [round(value, 4) for value in self.where], "measured": self.measured, "limit": self.limit,
        }  # fmt: skip
        return row if self.strut is None else row | {"strut": self.strut}


@dataclass(frozen=True, eq=False)
class PrintReport:
    """All findings on a part, the worst of each kind first.

    Arguments:
        process: name of the printing process.
        findings: at most `MOST_FINDINGS` of a kind.
        counts: number of all findings by kind, of those that are not kept too.
        numbers: measures of the part: volume, mass, time, support, best orientation, ...
        marks: ``(m,)`` or ``(f,)`` code of the worst finding on each strut of a web or face of a mesh, 0 for none.
    """

    process: str
    findings: tuple[Finding, ...]
    counts: dict[str, int]
    numbers: dict[str, Any]
    marks: npt.NDArray[np.uint8] = field(repr=False)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps the part from printing."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def prints(self) -> bool:
        """Whether nothing keeps the part from printing."""
        return not self.errors

    def of(self, kind: str) -> tuple[Finding, ...]:
        """The findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; without the marks."""
        return {
            "process": self.process, "prints": self.prints, "counts": self.counts, "numbers": self.numbers,
            "findings": [finding.as_dict() for finding in self.findings],
        }  # fmt: skip


class Findings:
    """Findings as they are made, and the marks they leave on ``n`` struts or faces."""

    def __init__(self, n: int) -> None:
        self.found: list[Finding] = []
        self.marks = np.zeros(n, np.uint8)

    def tell(
        self, kind: str, severity: Severity, message: str, where: Sequence[float], measured: float, limit: float,
        marked: Any = (), strut: int | None = None,
    ) -> None:  # fmt: skip
        """Add a finding; ``marked`` are the struts or faces it concerns."""
        x, y, z = (float(value) for value in where)
        self.found.append(Finding(kind, severity, message, (x, y, z), float(measured), float(limit), strut))
        code = KINDS.index(kind) + 1
        rows = np.atleast_1d(np.asarray(marked, np.int64))
        # The kind that is named first is the worse.
        self.marks[rows] = np.where(self.marks[rows] == 0, code, np.minimum(self.marks[rows], code))

    def worst(self) -> tuple[tuple[Finding, ...], dict[str, int]]:
        """The findings to keep, those of a kind with errors and larger misses first, and how many there were."""
        kept: list[Finding] = []
        counts = {}
        for kind in KINDS:
            of_kind = [finding for finding in self.found if finding.kind == kind]
            if of_kind:
                counts[kind] = len(of_kind)
                kept += sorted(of_kind, key=_rank)[:MOST_FINDINGS]
        return tuple(kept), counts


def _rank(finding: Finding) -> tuple[bool, float, tuple[float, float, float], int]:
    miss = abs(finding.measured - finding.limit)
    return finding.severity != "error", -miss, finding.where, finding.strut or 0
