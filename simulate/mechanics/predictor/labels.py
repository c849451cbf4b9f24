"""What the predictor learns from: webs pulled along three axes by `tension`, kept in a file as they come."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from simulate.mechanics.pulling import EquilibriumError
from simulate.mechanics.virtual_tests import tension
from structgen.files import check_readable, whole_file
from structgen.parallel import parallel_map
from structgen.web import FloatArray, WebGraph

#: What is learned, in this order: slope of the stress, stress at the first major drop, work over volume.
PROPERTIES = ("stiffness", "strength", "toughness")
UNITS = {"stiffness": "MPa", "strength": "MPa", "toughness": "MJ/m^3"}
AXES = ("x", "y", "z")
#: The test that is learned, as `tension` takes it: silk that breaks at a strain of 0.67 fails well before 3.
TEST: dict[str, Any] = {"law": "dragline", "grips": "auto", "to_strain": 3.0}
#: Webs after which what is done is written.
CHUNK = 500
#: Larger files are refused before they are read, bytes.
MOST_BYTES = 2**28
#: Strength below which a web counts as one that carries nothing, MPa: less than a thousandth of its threads'.
NOTHING = 1.0


class Webs(Protocol):
    """Webs by number, such as a list of them or a data set on disk."""

    def __len__(self) -> int: ...

    def __getitem__(self, k: int, /) -> WebGraph: ...


@dataclass(frozen=True)
class Labels:
    """``values (w, 3, 3)``: `PROPERTIES` by web and axis; NaN where a web has no such test.

    ``seconds``: of processor time that the tests took.
    """

    values: FloatArray
    seconds: float

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """``(w, 3)`` tests in which the web carries something."""
        known: npt.NDArray[np.bool_] = (self.values > 0).all(axis=2) & (self.values[..., 1] >= NOTHING)
        return known


def properties_of(web: WebGraph) -> tuple[FloatArray, float]:
    """``(3, 3)`` `PROPERTIES` of ``web`` along `AXES`, and processor seconds; NaN where it cannot be pulled so."""
    values, began = np.full((len(AXES), len(PROPERTIES)), np.nan), time.process_time()
    for k, axis in enumerate(AXES):
        try:
            result = tension(web, axis=axis, **TEST)
        except (ValueError, EquilibriumError):
            continue
        values[k] = [getattr(result, name) for name in PROPERTIES]
    return values, time.process_time() - began


def labelled(
    webs: Webs, path: str | Path, workers: int = 1, scheduler: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Labels:  # fmt: skip
    """`properties_of` all ``webs``, kept in the file ``path`` (.npz): what it holds is not simulated again.

    Arguments:
        workers, scheduler: who simulates; see `structgen.parallel.parallel_map`.
        progress: told how many webs of how many are done.

    Raises `ValueError` for a file that holds something else, or labels of other webs.
    """
    path = Path(path)
    identity = _identity(webs)
    values, seconds = _read(path, identity) if path.exists() else (np.empty((0, len(AXES), len(PROPERTIES))), 0.0)
    rows, written = list(values), len(values)
    todo = range(written, len(webs))
    try:
        for row, spent in parallel_map(properties_of, _Part(webs, todo), workers, scheduler):
            rows.append(row)
            seconds += spent
            if len(rows) >= written + CHUNK:
                _write(path, identity, rows, seconds)
                written = len(rows)
            if progress:
                progress(len(rows), len(webs))
    finally:
        if len(rows) > written:
            _write(path, identity, rows, seconds)
    return Labels(np.array(rows).reshape(-1, len(AXES), len(PROPERTIES)), seconds)


class _Part(Sequence[WebGraph]):
    """Webs of some numbers, read when they are asked for."""

    def __init__(self, webs: Webs, numbers: range) -> None:
        self._webs, self._numbers = webs, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, k: Any) -> Any:
        return self._webs[self._numbers[k]]


def _identity(webs: Webs) -> str:
    """What tells this list of webs and this test from others."""
    digest = hashlib.sha256(json.dumps(TEST, sort_keys=True).encode())
    for k in np.unique(np.linspace(0, len(webs) - 1, 64).astype(int)):
        web = webs[int(k)]
        digest.update(np.ascontiguousarray(web.pos).tobytes() + np.ascontiguousarray(web.edge_index).tobytes())
    return f"{len(webs)} {digest.hexdigest()}"


def _write(path: Path, identity: str, rows: list[FloatArray], seconds: float) -> None:
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, identity=np.array(identity), values=np.array(rows), seconds=np.array(seconds))


def _read(path: Path, identity: str) -> tuple[FloatArray, float]:
    check_readable(path, MOST_BYTES)
    try:
        with np.load(path, allow_pickle=False) as archive:
            values, said, seconds = archive["values"], str(archive["identity"]), float(archive["seconds"])
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: not a file of labels ({' '.join(str(error).split())[:120]})") from None
    if values.ndim != 3 or values.shape[1:] != (len(AXES), len(PROPERTIES)) or values.dtype != np.float64:
        raise ValueError(f"{path}: not a file of labels (values have shape {values.shape})")
    if said != identity or len(values) > int(identity.split()[0]):
        raise ValueError(f"{path}: holds labels of other webs; remove it, or name another folder")
    return values, seconds
