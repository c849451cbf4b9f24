import numpy as np
import pytest

from assembly.field import field_solid, solid
from assembly.solid import solidify
from structgen.web import WebGraph


def test_a_fillet_makes_a_verified_solid_by_the_field(cross):
    made = solidify(cross.translated([3, 4, 50]), fillet=2.0, density=2.0, resolution=0.4)
    report = made.report
    assert (report.method, report.genus, report.bodies, report.contacts) == ("field", 0, 1, 0)
    assert report.faces_tested == report.triangles == len(made.faces)
    assert report.mass_g == pytest.approx(2e-3 * report.volume_mm3)
    assert made.vertices[:, 2].min() == 0
    np.testing.assert_array_equal(made.vertices.astype(np.float32), made.vertices)
    low, high = made.vertices.min(axis=0), made.vertices.max(axis=0)
    np.testing.assert_allclose([low, high], [[-18, -17, 0], [24, 25, 2]], atol=0.2)
    sharp = solidify(cross, method="field", resolution=0.4)
    assert 2 < report.volume_mm3 - sharp.report.volume_mm3 < 20
    assert sharp.report.volume_mm3 == pytest.approx(solidify(cross, sides=32).report.volume_mm3, rel=0.02)


def test_struts_taper_between_nodes(cross):
    made = solidify(cross, node_radius=[2.0, 0.6, 0.6, 0.6, 0.6], resolution=0.4)
    assert made.report.method == "field"
    assert np.ptp(made.vertices[:, 2]) == pytest.approx(4, abs=0.2)


def test_no_more_triangles_than_asked_for(cross):
    plain = solidify(cross, method="field").report.triangles
    fewer = solidify(cross, method="field", triangles=plain // 2).report.triangles
    assert 0.8 * plain // 2 < fewer <= plain // 2
    assert solidify(cross, method="field", triangles=plain).report.triangles == plain
    least = len(field_solid(cross, resolution=1 / 1.5)[1])
    with pytest.raises(ValueError, match=f"^triangles is 100, must be at least {least} for a field of this web$"):
        solidify(cross, method="field", triangles=100)


def test_of_a_large_mesh_some_faces_all_over_it_are_tested(cross, monkeypatch):
    monkeypatch.setattr(solid, "MOST_TESTED", 3000)
    report = solidify(cross, method="field").report
    assert 2000 < report.faces_tested <= 3000 < report.triangles


def test_a_union_has_no_fillets(cross):
    with pytest.raises(ValueError, match=r"^method is 'union', must be 'field' for fillet and resolution$"):
        solidify(cross, method="union", fillet=1.0, resolution=0.1)


def test_a_web_in_parts_is_refused():
    web = WebGraph.from_edges([[0, 0, 0], [1, 0, 0], [5, 0, 0], [6, 0, 0]], [(0, 1), (2, 3)])
    with pytest.raises(ValueError, match="web has 2 separate parts, must be connected"):
        solidify(web, fillet=0.1)


@pytest.mark.parametrize("name", ["fillet", "resolution"])
def test_wrong_numbers_are_told(cross, name):
    with pytest.raises(ValueError, match=f"^{name} is -1, must be >"):
        solidify(cross, **{name: -1})


def test_same_web_same_bytes(small_tangle):
    first, second = (solidify(small_tangle, fillet=0.5, resolution=0.2) for _ in range(2))
    assert first.vertices.tobytes() == second.vertices.tobytes()
    assert first.faces.tobytes() == second.faces.tobytes()
    assert first.report == second.report
