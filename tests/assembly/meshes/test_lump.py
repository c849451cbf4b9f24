import numpy as np
import pytest

from assembly.meshes import lump


def test_a_lump_is_one_closed_body_of_the_height_asked_for():
    mesh = lump(30.0, subdivisions=3)
    assert (mesh.fault(), len(mesh.faces), mesh.shells.max()) == ("", 20 * 4**3, 0)
    assert np.ptp(mesh.bounds[:, 2]) == pytest.approx(30)
    assert mesh.volume == pytest.approx(lump(60.0, subdivisions=3).volume / 8)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"height": 0}, "^height is 0, must be > 0 mm$"), ({"subdivisions": 9}, "^subdivisions is 9, must be a whole")],
)
def test_bad_sizes(options, says):
    with pytest.raises(ValueError, match=says):
        lump(**options)
