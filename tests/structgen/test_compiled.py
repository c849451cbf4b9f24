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
    """``fresh(source, since)``: a module with a compiled function as another process would import it, which was written
    at a time.
    """
    monkeypatch.syspath_prepend(tmp_path)

    def load(source=SOURCE, since=1e9):
        (tmp_path / "some_module.py").write_text(source)
        os.utime(tmp_path / "some_module.py", (since + len(source), since + len(source)))
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


@pytest.mark.parametrize("source", [SOURCE, SOURCE.replace("2 * x", "3.0 * x")])
def test_compiling_is_told_where_it_happens(fresh, source):
    """Whether a source that was written again, changed or not, is compiled again is numba's to say."""
    fresh().double(2.0)
    again = fresh(source, since=2e9)
    lines = told(again.double)
    again.double(2.0)
    assert bool(lines) == bool(again.double.stats.cache_misses) == (not again.double.stats.cache_hits)
    assert lines or source == SOURCE
