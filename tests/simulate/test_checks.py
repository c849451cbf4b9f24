from __future__ import annotations

import numpy as np
import pytest

from simulate.checks import number, positive, whole


def test_numbers_pass_as_they_are():
    assert number("share", np.float32(0.5), "in 0..1", lambda x: 0 <= x <= 1) == 0.5
    assert positive("radius", 3) == 3.0
    assert whole("steps", np.int64(4), 1) == 4


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), True, "1", None])
def test_what_is_no_positive_number_is_told(value, refused):
    with refused(f"radius is {value!r}, must be a number > 0"):
        positive("radius", value)


@pytest.mark.parametrize("value", [0, 1.0, True, "2"])
def test_what_is_no_whole_number_is_told(value, refused):
    with refused(f"steps is {value!r}, must be a whole number >= 1"):
        whole("steps", value, 1)
