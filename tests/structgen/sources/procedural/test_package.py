from __future__ import annotations

from structgen.sources import procedural


def test_all_architectures_are_offered_by_name():
    from structgen.sources.orb import orb
    from structgen.sources.procedural import orb as offered

    assert offered is orb
    assert all(callable(getattr(procedural, name)) for name in procedural.__all__)
