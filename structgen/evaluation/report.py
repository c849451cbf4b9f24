"""What an evaluation found, as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from structgen.evaluation.comparison import AUCS, RATIOS, ROWS
from structgen.evaluation.distributions import DISTANCES
from structgen.targets import NAMES

#: What a value is that is not there.
NONE = "-"
NOVELTY = {
    "unique_graphs": "unique as graphs",
    "unique_shapes": "unique as shapes",
    "graphs_known": "graph of a training web",
    "copies": "copies of training webs",
    "stretched_copies": "copies if stretched",
    "novel": "novel: no copies",
}


def table(result: dict[str, Any]) -> str:
    """The tables of ``result``, of `structgen.evaluation.protocol`, as lines of text."""
    parts = (_head, _distributions, _adherence, _outside, _guidance, _validity, _novelty, _cost)
    notes = "\n".join(f"note: {note}" for note in result["protocol"]["notes"])
    return "\n\n".join([*filter(None, (part(result) for part in parts)), notes])


def _head(result: dict[str, Any]) -> str:
    about, refused, leak = (result[name] for name in ("protocol", "refused", "leakage"))
    counts = " + ".join(map(str, about["webs"]))
    lines = [f"{counts} webs against test webs of {about['data']}"]
    if refused["refused"]:
        lines.append(f"refused: {refused['refused']} of {refused['asked']} requests ({refused['example']})")
    lines.append(
        f"leakage: of {leak['test']} test webs {leak['geometric']} are copies of one of {leak['train']} training webs; "
        f"{leak['isomorphic']} share a graph with one by chance, {leak['isomorphic_and_geometric']} of them also its "
        f"shape; {_sources(leak['shared_nodes'])}"
    )
    return "\n".join(lines)


def _sources(shared_nodes: int | None) -> str:
    if shared_nodes is None:
        return "they are of another data set, whose sources are its own"
    return f"{shared_nodes} nodes of source webs are in both parts"


def _distributions(result: dict[str, Any]) -> str:
    found = result["distributions"]["rows"]
    ratio = result["distributions"]["ratio"]["generated"]
    rows = [name for name in ROWS if name in found]
    lines = [["distance to test webs", "generated", "95 %", *rows[1:], "generated / train"]]
    for name, title in (DISTANCES | AUCS).items():
        cells = [found[row].get(name) for row in rows]
        if cells[0] is None:
            continue
        interval = f"{_number(cells[0]['low'])} .. {_number(cells[0]['high'])}"
        values = [NONE if cell is None else _number(cell["value"]) for cell in cells]
        lines.append([title, values[0], interval, *values[1:], _ratio(ratio.get(name))])
    means = {"graph": "mean of the four MMDs / train", "geometry": "mean of the four W1 / train"}
    every = result["distributions"]["ratio"]
    for name in RATIOS:
        values = [_ratio(every[row][f"mean_{name}"]) for row in rows]
        lines.append([means[name], values[0], "", *values[1:], values[0]])
    return aligned(lines)


def _adherence(result: dict[str, Any]) -> str:
    found = {name: result["adherence"][name] for name in ("raw", "decoded", "retrieval", "random")
             if name in result["adherence"]}  # fmt: skip
    if not found:
        return ""
    head = [f"{what} {name}" for what in ("R2", "MAPE") for name in found]
    lines = [["adherence inside", *head, "worst decoded"]]
    for target in NAMES:
        cells = [found[name][target][key] for key in ("r2", "mape") for name in found]
        values = [*map(_number, cells[: len(found)]), *map(_share, cells[len(found) :])]
        lines.append([target, *values, _number(found["decoded"][target]["worst"])])
    return aligned(lines)


def _outside(result: dict[str, Any]) -> str:
    lines = [["past the training range", "asked", "refused", "valid", "MAPE of it raw", "decoded", "of length decoded"]]
    for name, facts in result["adherence"].get("outside", {}).items():
        cells = [name, str(facts["asked"]), str(facts["refused"])]
        if "valid" in facts:
            shares = [facts["valid"], *(facts[stage][name]["mape"] for stage in ("raw", "decoded"))]
            cells += map(_share, [*shares, facts["decoded"]["mean_edge_length"]["mape"]])
        lines.append(cells + [NONE] * (len(lines[0]) - len(cells)))
    return aligned(lines) if len(lines) > 1 else ""


def _guidance(result: dict[str, Any]) -> str:
    head = ["guidance", "refused", "R2 length raw", "R2 length decoded", "R2 edges raw", "connected raw", "changed"]
    lines = [head]
    for facts in result.get("guidance", []):
        cells = [f"{facts['guidance']:g}", str(facts["refused"])]
        if "valid" in facts:
            raw, decoded = facts["raw"], facts["decoded"]
            cells += [_number(table["r2"]) for table in
                      (raw["mean_edge_length"], decoded["mean_edge_length"], raw["edges"])]  # fmt: skip
            cells += [_share(facts["raw_connected"]), _share(facts["edges_changed"])]
        lines.append(cells + [NONE] * (len(head) - len(cells)))
    return aligned(lines) if len(lines) > 1 else ""


def _validity(result: dict[str, Any]) -> str:
    found = result["validity"]
    rows = [name for name in ("generated", "raw", "train", "test") if name in found]
    lines = [["share of webs", *rows]]
    lines += [[fault.replace("_", " "), *(_share(found[row][fault]) for row in rows)] for fault in found["test"]]
    for name, title in (("counts_exact", "counts as asked"), ("edges_changed", "edges changed by decoding")):
        if name in found:
            lines.append([title, _share(found[name]), *[""] * (len(rows) - 1)])
    return aligned(lines)


def _novelty(result: dict[str, Any]) -> str:
    found, nearest = result["novelty"], result["memorisation"]
    sides = ("generated", "test")
    lines = [["novelty", *sides]]
    lines += [[title, *(_share(found[side][name]) for side in sides)] for name, title in NOVELTY.items()]
    for key, title in (("median", "nearest training web, median"), ("q05", "nearest training web, 5 %")):
        lines.append([title, *(_number(nearest[side].get(key)) for side in sides)])
    lines.append(["p of nearer than test webs", _number(nearest["p"]), ""])
    return aligned(lines)


def _cost(result: dict[str, Any]) -> str:
    rows = result.get("cost", [])
    lines = [[f"{row['steps']}", f"{row['webs_a_call']}", f"{row['cpu_seconds_a_web']:.3f}"] for row in rows]
    return aligned([["steps", "webs a call", "CPU seconds a web"], *lines]) if rows else ""


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells in columns: the first to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        .rstrip() for row in lines
    )  # fmt: skip


def _number(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.4g}"


def _share(value: float | None) -> str:
    return NONE if value is None else f"{100 * value:.1f} %"


def _ratio(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"
