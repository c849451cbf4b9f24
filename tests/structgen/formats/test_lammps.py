from __future__ import annotations

import pytest

from structgen.io import read_web, write_web
from structgen.web import DEFAULT_RADIUS, WebGraph

WEB = WebGraph([[0, 0, 0], [3, 0, 0], [3, 4, 1]], [[0, 1], [1, 2]], [0.1, 0.25], [0, 3])
ATOMS = {
    "atomic": "7 1 0 0 0\n9 1 3 0 0\n8 2 3 4 1\n",
    "bond": "7 1 1 0 0 0\n9 1 1 3 0 0\n8 1 2 3 4 1\n",
    "molecular": "7 1 1 0 0 0 0 0 0\n9 1 1 3 0 0 0 0 0\n8 1 2 3 4 1 0 0 1\n",
    "angle": "7 1 1 0 0 0\n9 1 1 3 0 0\n8 1 2 3 4 1\n",
    "charge": "7 1 -0.5 0 0 0\n9 1 0.5 3 0 0\n8 2 0.1 3 4 1\n",
    "full": "7 1 1 -0.5 0 0 0\n9 1 1 0.5 3 0 0\n8 1 2 0.1 3 4 1\n",
}


def text(style="full", atoms=None, bonds="1 1 7 9\n2 4 8 9\n", header="3 atoms\n2 bonds\n"):
    """A data file as others write it, with what does not concern webs."""
    return (
        f"LAMMPS data file via write_data\n\n{header}2 atom types\n4 bond types\n1 angles\n\n"
        "-1 5 xlo xhi\n-1 5 ylo yhi\n-1 5 zlo zhi\n0 0 0 xy xz yz\n\n"
        "Masses\n\n1 12.0 # silk\n2 1.0\n\nBond Coeffs # harmonic\n\n1 3.0 1.0\n\nPairIJ Coeffs # lj/cut\n\n1 1 1 1\n\n"
        f"Atoms{f' # {style}' if style else ''}\n\n{ATOMS[style or 'bond'] if atoms is None else atoms}\n"
        "Velocities\n\n7 0 0 0\n9 0 0 0\n8 0 0 0\n\n"
        f"Bonds\n\n{bonds}\n"
        "Angles\n\n1 1 7 9 8\n\nAngle Coeffs\n\n1 1.0 109.5\n"
    )


@pytest.fixture
def data_file(tmp_path):
    def write(content):
        path = tmp_path / "web.data"
        path.write_text(content, newline="")
        return path

    return write


@pytest.mark.parametrize("style", [*ATOMS, None])
def test_atom_styles(data_file, style):
    web = WebGraph(WEB.pos, WEB.edge_index, DEFAULT_RADIUS, WEB.kind)
    assert read_web(data_file(text(style))) == web
    assert read_web(data_file(text(style).replace("\n", "\r\n"))) == web


def test_bonds_before_atoms_and_no_header(data_file):
    content = "bonds first\n\nBonds\n\n1 1 1 2\n\nAtoms # atomic\n\n1 1 0 0 0\n2 1 1 2 2\n"
    assert read_web(data_file(content)) == WebGraph([[0, 0, 0], [1, 2, 2]], [[0], [1]], DEFAULT_RADIUS, 0)


def test_what_is_written_says_what_lammps_needs(tmp_path):
    write_web(WEB, tmp_path / "web.lammps")
    lines = (tmp_path / "web.lammps").read_text().splitlines()
    assert lines[2:6] == ["3 atoms", "2 bonds", "1 atom types", "4 bond types"]
    for line, axis, top in zip(lines[7:10], "xyz", (3, 4, 1), strict=True):
        low, high, *names = line.split()
        assert names == [f"{axis}lo", f"{axis}hi"]
        assert float(low) < 0
        assert float(high) > top
    assert lines[lines.index("Atoms # bond") + 2] == "1 1 1 0.0 0.0 0.0"
    assert lines[lines.index("Bonds") + 3] == "2 4 2 3 # radius 0.25"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (text("ellipsoid", ATOMS["full"]), "line 29: atom style 'ellipsoid' is not known"),
        (text(bonds="1 1 7 5\n2 1 8 9\n"), "line 41: atom 5 is not known"),
        (text(bonds="1 1 7\n2 1 8 9\n"), "line 41 is '1 1 7', no row of Bonds"),
        (text(bonds="1 0 7 9\n2 1 8 9\n"), "kind row 0 is -1"),
        (text(bonds="1 1 7 7\n2 1 8 9\n"), "an edge must join two different nodes"),
        (text(bonds="1 1 7 9\n"), "its header says 2 bonds, it holds 1"),
        (text(header="4 atoms\n2 bonds\n"), "its header says 4 atoms, it holds 3"),
        (text("full", "7 1 1 0 zero 0 0\n"), "line 29 is '7 1 1 0 zero 0 0', no row of Atoms"),
        (text("full", ATOMS["bond"]), "an atom is given twice, or without x, y, z"),
        (text("full", ATOMS["full"].replace("9 1 1", "7 1 1")), "atom 9 is not known"),
        (text("full", ATOMS["full"].replace("3 0 0", "nan 0 0")), "pos row 1 is [nan"),
        (text("full", "7 1 1 0 0 0 0\n", "1 1 7 7\n", ""), "web has 1 node(s)"),
        (text(bonds="", header=""), "must hold the sections Atoms and Bonds"),
        ("title\n\nmany atoms\n", "must hold the sections Atoms and Bonds"),
        ("title\n\n99999999999999999999 atoms\n0 x 1\n", "must hold the sections Atoms and Bonds"),
    ],
)
def test_wrong_files_name_the_line(unreadable, data_file, content, word):
    unreadable(data_file(content), word)


def test_a_binary_file_is_refused(unreadable, tmp_path):
    (tmp_path / "web.data").write_bytes(b"\xff\xfe\x00")
    unreadable(tmp_path / "web.data", "not a text file")
