"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable
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
