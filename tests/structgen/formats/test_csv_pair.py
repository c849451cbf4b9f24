from __future__ import annotations

import pytest

from structgen.io import read_web, write_web
from structgen.web import DEFAULT_RADIUS, WebGraph

VERTICES = "x,y,z\n0,0,0\n3,0,0\n3,4,1\n"
EDGES = "source,target,radius,kind\n0,1,0.1,2\n1,2,0.2,3\n"
WEB = WebGraph([[0, 0, 0], [3, 0, 0], [3, 4, 1]], [[0, 1], [1, 2]], [0.1, 0.2], [2, 3])


@pytest.fixture
def pair(tmp_path):
    """``pair(vertices, edges)``: the name of the pair with these texts or bytes."""

    def write(vertices=VERTICES, edges=EDGES):
        for name, text in (("vertices", vertices), ("edges", edges)):
            content = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"web_{name}.csv").write_bytes(content)
        return tmp_path / "web.csv"

    return write


def test_any_name_of_the_pair_names_it(pair):
    path = pair()
    for name in ("web.csv", "web_vertices.csv", "web_edges.csv"):
        assert read_web(path.with_name(name)) == WEB


def test_what_is_written(tmp_path):
    write_web(WEB, tmp_path / "web_edges.csv")
    assert (tmp_path / "web_vertices.csv").read_text() == "x,y,z\n0.0,0.0,0.0\n3.0,0.0,0.0\n3.0,4.0,1.0\n"
    assert (tmp_path / "web_edges.csv").read_text() == EDGES


@pytest.mark.parametrize(
    ("vertices", "edges"),
    [
        pytest.param("0,0,0\n3,0,0\n3,4,1\n", EDGES.partition("\n")[2], id="no header"),
        pytest.param("0,0,0,7\n3,0,0,5\n3,4,1,6", "7,5,0.1,2\n5,6,0.2,3\n", id="no header, with ids"),
        pytest.param(b"\xef\xbb\xbf" + VERTICES.encode(), b"\xef\xbb\xbf" + EDGES.encode(), id="byte order mark"),
        pytest.param(VERTICES.replace("\n", "\r\n"), EDGES.replace("\n", "\r\n"), id="lines of Windows"),
        pytest.param(VERTICES.replace(",", " , ").upper(), EDGES.replace(",", ", ").upper(), id="spaces, capitals"),
        pytest.param(VERTICES, EDGES.replace("source,target", "From,To"), id="from and to"),
        pytest.param(VERTICES, EDGES.replace("source,target", "i,j"), id="i and j"),
        pytest.param(VERTICES, EDGES.replace("source,target", "u,v"), id="u and v"),
        pytest.param(VERTICES.rstrip(), EDGES.replace("\n", "\n\n"), id="blank lines, no last newline"),
        pytest.param(VERTICES.replace("3,", '"3",'), EDGES, id="quotes"),
        pytest.param("z,name,y,x\n0,a,0,0\n0,b,0,3\n1,c,4,3\n", EDGES, id="other order, other columns"),
        pytest.param(
            "id,x,y,z\n8,0,0,0\n9,3,0,0\n7,3,4,1", EDGES.replace("1,2,", "9,7,").replace("0,1,", "8,9,"), id="ids"
        ),
        pytest.param(VERTICES, EDGES + "1,0,9,9\n2,1,9,9\n", id="both directions"),
    ],
)  # fmt: skip
def test_files_of_others(pair, vertices, edges):
    assert read_web(pair(vertices, edges)) == WEB


def test_what_is_left_out_has_defaults(pair):
    web = read_web(pair("x,y\n0,0\n3,4\n", "source,target\n1,0\n"))
    assert web == WebGraph([[0, 0, 0], [3, 4, 0]], [[0], [1]], DEFAULT_RADIUS, 0)


@pytest.mark.parametrize(
    ("vertices", "edges", "word"),
    [
        (VERTICES.replace("3,4,1", "3,four,1"), EDGES, "web_vertices.csv line 4: y is 'four', must be a number"),
        (VERTICES.replace("3,4,1", "3,,1"), EDGES, "line 4: y is '', must be a number"),
        (VERTICES, EDGES.replace("0.2", "thin"), "web_edges.csv line 3: radius is 'thin'"),
        (VERTICES.replace("3,4,1", "3,4"), EDGES, "web_vertices.csv line 4 has 2 columns, expected 3"),
        (VERTICES, EDGES.replace("0.2,3", "0.2,3,4"), "web_edges.csv line 3 has 5 columns, expected 4"),
        ("a,b\n1,2\n", EDGES, "web_vertices.csv line 1 must name the columns x, y, is ['a', 'b']"),
        (VERTICES.replace(",", ";"), EDGES, "line 1 must name the columns x, y, is ['x;y;z']"),
        ("7\n", EDGES, "web_vertices.csv line 1 must name the columns x, y, is ['7']"),
        (VERTICES, "\n", "web_edges.csv line 1 must name the columns source, target"),
        ("x,y,x\n0,0,0\n3,0,0\n", EDGES, "web_vertices.csv line 1 names a column twice: x, y, x"),
        (VERTICES, "source,from,target\n0,1,2\n", "web_edges.csv line 1 names a column twice"),
        ("x,y,z\n0,0,0\n", EDGES, "web has 1 node(s)"),
        ("x,y,z\n", EDGES, "web has 0 node(s)"),
        ("id,x,y\n", EDGES, "web has 0 node(s)"),
        (VERTICES, "source,target\n", "web has no edges"),
        ("id,x,y\n1,0,0\n2,1,1\n", "source,target\n", "web has no edges"),
        ("id,x,y\n1,0,0\n1,1,1\n", EDGES, "vertex id 1 is given twice"),
        ("id,x,y\n1,0,0\n2,1,1\n", EDGES, "web_edges.csv edge 0 names vertex 0, which does not exist"),
        ("id,x,y\n1,0,0\n2,1,1\n", "source,target\n1,nan\n", "names vertex nan, which does not exist"),
        (VERTICES, "source,target\n1,nan\n", "edges row 0 is [ 1. nan]"),
        (VERTICES, b"source,target\n\xff\xfe,1\n", "web_edges.csv is not a text file"),
        (VERTICES, b"source,target\n0,\x001\n", "web_edges.csv"),
        (VERTICES, "source,target\n0," + "1" * 200_000 + "\n", "web_edges.csv: field larger than field limit"),
    ],
)
def test_wrong_files_name_file_and_line(unreadable, pair, vertices, edges, word):
    unreadable(pair(vertices, edges), word)


@pytest.mark.parametrize("name", ["vertices", "edges"])
def test_a_missing_partner_is_named(pair, name):
    path = pair()
    partner = path.with_name(f"web_{name}.csv")
    partner.unlink()
    with pytest.raises(FileNotFoundError) as caught:
        read_web(path)
    pair_needed = "needed is a CSV pair NAME_vertices.csv and NAME_edges.csv"
    assert str(caught.value) == f"{partner}: no such file; {pair_needed}"
