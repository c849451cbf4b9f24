"""Webs as LAMMPS data files, atom style bond: nodes are atoms, edges are bonds of type kind + 1.

LAMMPS has no place for a bond's radius; it stands in the comment behind each bond, which LAMMPS passes over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from structgen.web import DEFAULT_RADIUS, WebGraph

#: Column of x in the Atoms section by atom style; the columns before it begin with the atom's id.
X_COLUMN = {"atomic": 2, "bond": 3, "molecular": 3, "angle": 3, "charge": 3, "full": 4}
NOTE, RADIUS = "structgen ", "radius "


def parts(path: Path) -> list[Path]:
    """The file itself."""
    return [path]


def read(path: Path) -> tuple[WebGraph, str]:
    """See `structgen.io.read_web`."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError("not a text file") from None
    title = text.split("\n", 1)[0]
    note = title.partition(NOTE)[2] if NOTE in title else ""
    number: dict[str, int] = {}
    said: dict[str, int] = {}
    pos, ends, radius, kind = [], [], [], []
    for section, style, line, words, comment in _rows(text):
        try:
            if not section and words[1:] in (["atoms"], ["bonds"]):
                said[words[1]] = int(words[0])
            elif section == "Atoms":
                x = X_COLUMN[style]
                number[words[0]] = len(number)
                pos.append([float(word) for word in words[x : x + 3]])
            elif section == "Bonds":
                kind.append(int(words[1]) - 1)
                ends.append([number[words[2]], number[words[3]]])
                radius.append(float(comment.removeprefix(RADIUS)) if comment.startswith(RADIUS) else DEFAULT_RADIUS)
        except KeyError as error:
            unknown = f"atom style {style!r} is" if section == "Atoms" else f"atom {error.args[0]} is"
            raise ValueError(f"line {line}: {unknown} not known") from None
        except (ValueError, IndexError):
            raise ValueError(f"line {line} is {' '.join(words)[:60]!r}, no row of {section or 'the header'}") from None
    if not pos or not ends:
        raise ValueError("must hold the sections Atoms and Bonds of a LAMMPS data file")
    for name, rows in (("atoms", pos), ("bonds", ends)):
        if said.get(name, len(rows)) != len(rows):
            raise ValueError(f"its header says {said[name]} {name}, it holds {len(rows)}")
    if len(number) != len(pos) or any(len(p) != 3 for p in pos):
        raise ValueError("an atom is given twice, or without x, y, z")
    return WebGraph.from_edges(pos, ends, radius, kind), note


def write(web: WebGraph, names: list[Path], note: str) -> None:
    """See `structgen.io.write_web`."""
    low, high = web.pos.min(0), web.pos.max(0)
    margin = 0.05 * float(np.linalg.norm(high - low)) or 1.0
    box = [
        f"{a!r} {b!r} {axis}lo {axis}hi"
        for a, b, axis in zip((low - margin).tolist(), (high + margin).tolist(), "xyz", strict=True)
    ]
    with names[0].open("w", encoding="utf-8") as stream:
        stream.write(f"LAMMPS data file of a web, mm. {NOTE + note if note else ''}\n\n")
        stream.write(f"{web.n} atoms\n{web.m} bonds\n1 atom types\n{int(web.kind.max()) + 1} bond types\n\n")
        stream.write("\n".join(box) + "\n\nMasses\n\n1 1.0\n\nAtoms # bond\n\n")
        stream.writelines(f"{i} 1 1 {x!r} {y!r} {z!r}\n" for i, (x, y, z) in enumerate(web.pos.tolist(), 1))
        stream.write("\nBonds\n\n")
        columns = (*(web.edge_index + 1).tolist(), web.kind.tolist(), web.radius.tolist())
        stream.writelines(
            f"{e} {k + 1} {i} {j} # {RADIUS}{r!r}\n" for e, (i, j, k, r) in enumerate(zip(*columns, strict=True), 1)
        )


def _rows(text: str) -> Iterator[tuple[str, str, int, list[str], str]]:
    """The rows: section ("" in the header), its style, line number, words, comment. Atoms come before the others.

    A heading is a line that begins with a letter; behind Atoms its comment names the style.
    """
    section, style = "", "bond"
    found = []
    for line, content in enumerate(text.split("\n")[1:], 2):
        body, _, comment = (part.strip() for part in content.partition("#"))
        if body[:1].isalpha():
            section = body
            style = comment or "bond" if section == "Atoms" else style
        elif body:
            found.append((section, style, line, body.split(), comment))
    yield from sorted(found, key=lambda row: row[0] != "Atoms")
