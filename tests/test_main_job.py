"""The main job on a real web: sampled, learned, generated, assembled, made solid."""

import json

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner

from assembly.hybrid.struts import widening
from structgen import read_web
from structgen.cli import main


@pytest.mark.realdata
def test_a_real_web_in_a_printable_part_out(real_data, tmp_path):
    source = real_data / "orb_web_tracing.npz"
    command = ["demo", str(source), "-o", str(tmp_path), "--fine-tune", "12", "-n", "4", "--turns", "0.6", "--json"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert report["source"]["web"]["nodes"] == 633 and report["source"]["web"]["edges"] == 1241
    assert report["web"]["components"] == 1
    for module in report["modules"]:
        asked, reached = module["asked"], module["reached"]
        assert (reached["nodes"], reached["edges"]) == (asked["nodes"], asked["edges"])
        np.testing.assert_allclose([reached[k] for k in ("dx", "dy", "dz")], [asked[k] for k in ("dx", "dy", "dz")])
        assert reached["dz"] == 0, "webs like a planar tracing are planar"
        assert reached["mean_edge_length"] == pytest.approx(asked["mean_edge_length"], rel=0.15)
    web = read_web(tmp_path / "web.npz")
    for name in ("web.stl", "web.3mf"):
        assert (tmp_path / name).stat().st_size > 1000
    part = trimesh.load_mesh(tmp_path / "web.stl")
    assert part.is_watertight and part.body_count == 1 and part.volume > 0
    # Struts are octagons of the area of a circle.
    assert np.abs(part.extents - web.extents).max() <= 2 * web.radius.max() * widening(8)
    assert (tmp_path / "web.png").read_bytes().startswith(b"\x89PNG")
