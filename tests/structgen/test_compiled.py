import importlib
import os
import sys

import pytest

from structgen.compiled import tell_if_compiling

SOURCE = """
from structgen.compiled import compiled

@compiled
def double(x: float) -> float:
    return 2 * x
"""


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """``fresh(source)``: a module with a compiled function as another process would import it."""
    monkeypatch.syspath_prepend(tmp_path)

    def load(source=SOURCE):
        (tmp_path / "some_module.py").write_text(source)
        os.utime(tmp_path / "some_module.py", (1e9 + len(source), 1e9 + len(source)))
        importlib.invalidate_caches()
        sys.modules.pop("some_module", None)
        return importlib.import_module("some_module")

    yield load
    sys.modules.pop("some_module", None)


def told(function):
    lines = []
    tell_if_compiling(function, lines.append)
    return lines


def test_compiling_is_told_the_first_time_only(fresh):
    first = fresh()
    assert told(first.double) == ["compiling, once on this machine: up to a minute"]
    assert first.double(2.0) == 4
    assert told(first.double) == []
    again = fresh()
    assert told(again.double) == []
    assert again.double(2.0) == 4
    assert again.double.stats.cache_hits
