"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A slow or busy machine must not fail a test.
settings.register_profile("structgen", deadline=None)
settings.load_profile("structgen")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real webs beside the checkout; for tests marked ``realdata``."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "orb_web_tracing.npz").is_file():
        pytest.skip("needs ../shared/data/orb_web_tracing.npz")
    return folder


@pytest.fixture
def quick_mover_training(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Training of the mover's network is on small meshes and validated on two."""
    from simulate.mesh_movement.um2n import samples, training

    monkeypatch.setattr(samples, "FEWEST", 60)
    monkeypatch.setattr(samples, "MOST", 90)
    monkeypatch.setattr(samples, "LARGE_SHARE", 0.0)
    monkeypatch.setattr(training, "VALIDATION", 2)
    training.kept_cases.cache_clear()
    yield
    training.kept_cases.cache_clear()


@pytest.fixture(scope="session")
def unreadable() -> Callable[..., None]:
    """``unreadable(path, *words)``: reading that web fails in one line that begins with its path, with these words."""
    from structgen.io import read_web

    def check(path: Path, *words: str) -> None:
        with pytest.raises((ValueError, FileNotFoundError)) as caught:
            read_web(path)
        message = str(caught.value)
        # Of a CSV pair the partner may be the one to blame.
        assert message.startswith((f"{path}: ", f"{path.with_suffix('')}_"))
        assert "\n" not in message
        assert len(message) < len(str(path)) + 400
        for word in words:
            assert word in message, message

    return check
