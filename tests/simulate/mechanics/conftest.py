"""Webs for tests of mechanics."""

from __future__ import annotations

import pytest

from structgen.sources.orb import orb


@pytest.fixture(scope="session")
def orb_web():
    """A small orb web."""
    return orb(3, radii=16, mesh=8.0)
