import json

import numpy as np
import pytest

from assembly.printability import KINDS, PROCESSES, check_printability
from assembly.solid import solidify
from structgen.web import WebGraph


def found(report):
    return {(finding.kind, finding.severity) for finding in report.findings}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_sound_part_prints_by_every_process(part_of, web_of, process):
    for part in (part_of("block"), web_of("tripod"), solidify(web_of("tripod"))):
        report = check_printability(part, process)
        assert report.prints and report.findings == () and report.counts == {}
        assert not report.marks.any()


@pytest.mark.parametrize(
    ("name", "process", "kind", "where", "measured", "limit"),
    [
        ("pin", "fdm", "thin", (0, 0, 5), 0.37, 0.8),
        ("wall", "fdm", "thin", (0, 0, 5), 0.3, 0.8),
        ("wall", "sls", "thin", (0, 0, 5), 0.3, 0.8),
        ("tee", "fdm", "overhang", (20, None, 18), 17, 2),
        ("tee", "resin", "overhang", (20, None, 18), 17, 1),
        ("table", "fdm", "bridge", (20, None, 18), 34, 10),
        ("hook", "fdm", "island", (15, None, 10), 8, 0.4),
        ("hook", "resin", "island", (15, None, 10), 8, 0.1),
        ("floating", "fdm", "floating", (0, None, 30), 30, 0),
        ("hollow", "resin", "trapped", (0, 0, 10), 2130, 0),
        ("hollow", "sls", "trapped", (0, 0, 10), 2130, 0),
        ("long", "fdm", "plate", (0, 0, 150), 300 / 220, 1),
    ],
)
def test_each_bad_part_is_found_where_it_is_bad(part_of, name, process, kind, where, measured, limit):
    report = check_printability(part_of(name), process, orient=False)
    assert not report.prints
    assert {finding.kind for finding in report.errors} == {kind}
    worst = [min(report.of(kind), key=lambda f: sum(abs(a - b) for a, b in zip(f.where, where, strict=True) if b))]
    assert worst[0].measured == pytest.approx(measured, rel=0.02)
    assert worst[0].limit == limit
    for at, wanted in zip(worst[0].where, where, strict=True):
        assert wanted is None or at == pytest.approx(wanted, abs=0.6)
    assert (report.marks == KINDS.index(kind) + 1).any() or kind == "plate"


@pytest.mark.parametrize(
    ("name", "kind", "severity"),
    [
        ("thread", "thin", "error"), ("dangling", "island", "error"), ("loose", "floating", "error"),
        ("gantry", "bridge", "error"), ("arm", "overhang", "error"), ("slope", "overhang", "warning"),
    ],
)  # fmt: skip
def test_each_bad_web_is_found(web_of, name, kind, severity):
    web = web_of(name)
    report = check_printability(web, orient=False)
    assert (kind, severity) in found(report)
    assert {finding.kind for finding in report.findings} == {kind}
    assert report.prints is (severity == "warning")
    assert len(report.marks) == web.m and (report.marks == KINDS.index(kind) + 1).any()


@pytest.mark.parametrize("name", ["dangling", "gantry", "arm", "loose"])
def test_web_and_its_solid_agree(web_of, name):
    web = web_of(name)
    parts = [web.subweb(web.components() == k) for k in range(web.components().max() + 1)]
    if len(parts) == 1:
        solid = solidify(web)
        one, other = (check_printability(it, orient=False) for it in (web, solid))
        assert {f.kind for f in one.errors} == {f.kind for f in other.errors}
        assert one.numbers["volume_mm3"] == pytest.approx(other.numbers["volume_mm3"], rel=0.04)
        assert one.numbers["support_volume_mm3"] == pytest.approx(other.numbers["support_volume_mm3"], rel=0.06, abs=2)
    else:
        assert check_printability(web, orient=False).numbers["parts"] == 2


def test_what_prints_nonetheless(part_of, web_of):
    assert check_printability(part_of("short table")).findings == ()
    assert check_printability(web_of("short gantry")).findings == ()
    # Two parts on the plate are two prints; a hollow takes nothing along by FDM.
    assert check_printability(part_of("two")).prints
    hollow = check_printability(part_of("hollow"), orient=False).of("trapped")
    assert [finding.severity for finding in hollow] == ["warning"] and "a part of its own" in hollow[0].message
    assert check_printability(part_of("roof"), orient=False).prints
    assert {f.severity for f in check_printability(part_of("roof"), orient=False).of("overhang")} == {"warning"}


def test_powder_needs_no_support(part_of, web_of):
    for part in (part_of("tee"), part_of("hook"), part_of("table"), web_of("dangling"), web_of("gantry")):
        report = check_printability(part, "sls")
        assert report.findings == () and report.numbers["support_volume_mm3"] == 0
    assert found(check_printability(part_of("floating"), "sls")) == {("floating", "warning")}
    assert found(check_printability(web_of("loose"), "sls")) == {("floating", "warning")}


def test_with_supports_what_hangs_free_is_a_warning(part_of, web_of):
    for part in (part_of("hook"), part_of("tee"), web_of("dangling"), web_of("gantry"), web_of("arm")):
        with_supports, without = (check_printability(part, supports=yes, orient=False) for yes in (True, False))
        assert with_supports.prints and not without.prints
        assert with_supports.counts == without.counts
    assert not check_printability(part_of("floating"), supports=True, orient=False).prints


def test_limits_can_be_changed(part_of, web_of):
    assert check_printability(web_of("thread"), limits={"strut_mm": 0.5}).prints
    assert check_printability(part_of("table"), limits={"bridge_mm": 40}, orient=False).findings == ()
    assert not check_printability(web_of("short gantry"), limits={"bridge_mm": 1}, orient=False).prints


def test_the_part_is_set_down_first(part_of, web_of):
    from assembly.meshes import TriangleMesh

    block = part_of("block")
    high = TriangleMesh(block.vertices + np.array([0, 0, 50]), block.faces)
    assert check_printability(high).prints
    assert check_printability(high.turned()).prints  # inside out
    assert check_printability(web_of("tripod").translated([0, 0, -7])).findings == ()


def test_an_open_mesh_does_not_print(part_of):
    from assembly.meshes import TriangleMesh

    block = part_of("block")
    report = check_printability(TriangleMesh(block.vertices, block.faces[1:]))
    assert found(report) == {("mesh", "error")}
    assert "is open: 3 edges have one face only" in report.findings[0].message


def test_shells_that_overlap_count_once(part_of):
    report = check_printability(part_of("overlapping"), orient=False)
    assert report.numbers["volume_mm3"] == pytest.approx(1500)
    assert report.numbers["parts"] == 1


def test_numbers(part_of):
    report = check_printability(part_of("block"))
    numbers = report.numbers
    assert numbers["size_mm"] == pytest.approx([20, 20, 20])
    assert numbers["volume_mm3"] == pytest.approx(8000)
    # A shell of 0.8 mm and a fifth of the rest, as PrusaSlicer lays it: 3.12 cm3, 17 min.
    assert numbers["mass_g"] == pytest.approx(3.12 * 1.24, rel=0.05)
    assert 60 * numbers["hours"] == pytest.approx(17.3, rel=0.1)
    assert numbers["layers"] == 100 and numbers["parts"] == 1 and numbers["fits_plate"]
    tee = check_printability(part_of("tee")).numbers
    assert tee["support_volume_mm3"] == pytest.approx(2 * 17 * 6 * 18, rel=0.05)
    assert tee["orientation"]["saves_mm3"] == pytest.approx(tee["support_volume_mm3"], rel=0.05)
    assert tee["support_mass_g"] > 0 and tee["support_hours"] > 0


def test_a_report_is_json_and_repeats(web_of, small_tangle):
    for part in (web_of("dangling"), small_tangle):
        one, other = (json.dumps(check_printability(part).as_dict(), allow_nan=False) for _ in range(2))
        assert one == other
    rows = json.loads(one)["findings"]
    assert rows[0]["where_mm"] and rows[0]["severity"] == "error"


def test_a_plate_may_be_used_across(part_of):
    long = part_of("tee")
    assert check_printability(long, plate=(10, 50, 50), orient=False).of("plate") == ()
    assert check_printability(long, plate=(10, 30, 50), orient=False).of("plate")


def test_many_findings_are_counted_but_not_all_kept(monkeypatch):
    from assembly.printability import report

    monkeypatch.setattr(report, "MOST_FINDINGS", 3)
    pos = np.array([[k, 0, z] for k in range(8) for z in (0, 10)], float)
    web = WebGraph.from_edges(pos, [(k, k + 1) for k in range(0, 16, 2)], 0.1)
    checked = check_printability(web, orient=False)
    assert checked.counts["thin"] == 8 and len(checked.of("thin")) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"process": "dlp"}, "process is 'dlp', must be fdm, resin, sls"),
        ({"plate": (10, 0, 10)}, "depth of plate is 0, must be > 0 mm"),
        ({"plate": 10}, r"plate is 10, must be \(width, depth, height\) in mm"),
        ({"limits": {"strut": 1}}, "limit 'strut' is not known, must be one of strut_mm"),
        ({"limits": {"strut_mm": 0}}, "limit strut_mm is 0, must be 0.001 to 1e"),
        ({"limits": {"overhang_deg": 90}}, "limit overhang_deg is 90, must be 0 to 89"),
        ({"limits": {"bridge_mm": float("nan")}}, "limit bridge_mm is nan"),
    ],
)
def test_wrong_arguments(part_of, options, message):
    with pytest.raises(ValueError, match=message):
        check_printability(part_of("block"), **options)


def test_what_is_no_part():
    with pytest.raises(ValueError, match="part is a str, must be a web, a solid or a mesh"):
        check_printability("part.stl")


def test_thin_struts_of_a_solid_are_told_from_crotches(lattice):
    """Where struts meet at an angle, the skin between them is thin, which is nothing wrong."""
    web = lattice(4, turn=3, radius=0.5)
    rng = np.random.default_rng(1)
    web = WebGraph(web.pos + rng.normal(0, 2, web.pos.shape), web.edge_index, web.radius)
    assert check_printability(solidify(web), limits={"strut_mm": 0.95}, orient=False).of("thin") == ()
    thin = rng.choice(web.m, 12, replace=False)
    radius = np.array(web.radius)
    radius[thin] = 0.25
    mixed = web.with_radius(radius)
    solid = solidify(mixed)
    report = check_printability(solid, orient=False)
    assert 10 <= report.counts["thin"] <= 12
    assert [finding.measured for finding in report.of("thin")] == pytest.approx([0.5] * report.counts["thin"], abs=0.05)
    down = np.array([0, 0, (mixed.pos[:, 2]).min()])
    middles = mixed.pos[mixed.edge_index[:, thin]].mean(axis=0) - down
    for finding in report.of("thin"):
        assert np.linalg.norm(middles - finding.where, axis=1).min() < 4


@pytest.mark.parametrize("rise", [0.0, 0.03, 0.07, 0.15, 0.31])
def test_an_all_but_flat_strut_between_posts_is_a_bridge(rise):
    """In layers it begins at its lower end, and looks like an arm until the next layers complete it."""
    points = [[0, 0, 0], [0, 0, 20], [14, 3, 20 + rise], [14, 3, 0]]
    web = WebGraph.from_edges(points, [(0, 1), (1, 2), (2, 3)], 0.4)
    for part in (web, solidify(web)):
        report = check_printability(part, orient=False)
        assert report.prints and set(report.counts) == {"bridge"}
        assert report.of("bridge")[0].measured == pytest.approx(14, abs=1.6)
