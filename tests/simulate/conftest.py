"""Helpers that tests of simulate share."""

from __future__ import annotations

import contextlib
import re

import pytest


@pytest.fixture(scope="session")
def refused():
    """``with refused("fixed holds", "node 3"): ...`` a `ValueError` of one line that holds all of these words."""

    @contextlib.contextmanager
    def check(*words):
        with pytest.raises(ValueError, match=re.escape(words[0])) as caught:
            yield
        message = str(caught.value)
        assert "\n" not in message
        for word in words:
            assert word in message, message

    return check
