"""Wrong input: code 2, one line of error, nothing written; and before any long work where that can be."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from structgen.generators.analog import Analog
from structgen.generators.store import shipped
from structgen.io import FORMATS

#: Commands that read a web, before its name.
READERS = (
    ("export", "-o", "out.stl"),
    ("check",),
    ("assemble", "--along", "line", "--length", 10, "-o", "out.npz"),
    ("info",),
    ("data", "build", "-o", "out.npz"),
    ("demo", "-o", "out"),
)
reading = pytest.mark.parametrize("command", READERS, ids=lambda words: " ".join(map(str, words[:2])))


class Trap:
    def __reduce__(self):
        return eval, ("__import__('pathlib').Path('sprung').write_text('')",)


def write_wrong(name):
    """A file that is no web, of the kind ``name``; its path."""
    pos, edges, more = np.eye(3), np.array([[0, 1], [1, 2]]), {}
    match name:
        case "empty":
            open("empty.npz", "wb").close()  # noqa: PTH123
        case "no archive":
            with open("no archive.npz", "wb") as stream:  # noqa: PTH123
                stream.write(b"PK\x03\x04" + bytes(range(256)))
        case "pickle":
            with open("pickle.npz", "wb") as stream:  # noqa: PTH123
                pickle.dump(Trap(), stream)
        case "NaN":
            pos = np.where(pos == 1, np.nan, pos)
        case "edge to a missing node":
            edges = edges + 5
        case "one node":
            pos = pos[:1]
        case "no edge":
            edges = edges[:0]
        case "negative radius":
            more = {"radius": -1.0}
        case "objects":
            more = {"radius": np.array([Trap(), Trap()])}
    if name not in ("missing", "empty", "no archive", "pickle"):
        np.savez(f"{name}.npz", pos=pos, edges=edges, **more)
    return f"{name}.npz"


WRONG = {
    "missing": "no such file",
    "empty": "the file is empty",
    "no archive": "not a NumPy archive",
    "pickle": "not a NumPy archive",
    "NaN": "coordinates must be finite",
    "edge to a missing node": "node numbers must lie in 0..2",
    "one node": "web has 1 node(s); at least 2 are needed",
    "no edge": "web has no edges; at least 1 is needed",
    "negative radius": "radius row 0 is -1.0: must be > 0",
    "objects": "radius cannot be read",
}


@reading
@pytest.mark.parametrize("wrong", WRONG)
def test_webs_that_are_none(fails, here, command, wrong):
    path = write_wrong(wrong)
    fails(*command, path, says=(f"error: {path}: ", WRONG[wrong]))
    assert not (here / "sprung").exists()


@pytest.mark.parametrize("suffix", FORMATS)
def test_noise_of_any_suffix(fails, here, suffix):
    for name in (f"noise{suffix}", f"noise_vertices{suffix}", f"noise_edges{suffix}"):
        (here / name).write_bytes(np.random.default_rng(0).bytes(500))
    fails("export", f"noise{suffix}", "-o", "x.stl", says=f"error: noise{suffix}: ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--nodes", 20, "--edges", 30, "--mean-degree", 2), "2 * 30 / 20 = 3; leave one of the three out"),
        (("--nodes", 20, "--edges", 5), "edges is 5, a connected web of 20 nodes has 19 to 190"),
        (("--nodes", 12.5), "nodes is 12.5, must be a whole number"),
        (("--nodes", 1), "nodes is 1.0, must be a whole number >= 2"),
        (("--nodes", 1e9), "nodes is 1e+09, must be > 0 and at most 1e+06"),
        (("--mean-degree", 0.5), "mean_degree is 0.5, must be >= 1"),
        (("--mean-degree", "nan"), "mean_degree is nan, must be a finite number"),
        (("--extents", 0, 0, 0), "extents is (0, 0, 0) mm"),
        (("--extents", 10, -1, 10), "extents is (10, -1, 10) mm, must be >= 0"),
        (("--extents", 10, 10), "'--extents' requires 3 arguments"),
        (("--extents", 10, 10, 10, "--mean-edge-length", 50), "longer than the diagonal of the extents"),
        (("--mean-edge-length", 0), "mean_edge_length is 0, must be > 0"),
        (("--strut-radius", 0), "'--strut-radius': 0.0 is not in the range x>0"),
        (("--strut-radius", "inf"), "radius is inf, must be a number > 0 in mm"),
        (("--count", 0), "0 is not in the range 1<=x<=100000"),
        (("--guidance", 30), "'--guidance': 30.0 is not in the range 0<=x<=20"),
        (("--guidance", -1), "'--guidance': -1.0 is not in the range 0<=x<=20"),
        (("--guidance", "nan"), "guidance is nan, must lie in 0 to 20"),
        (("--steps", 0), "'--steps': 0 is not in the range 1<=x<=1000"),
        (("--steps", 2.5), "'--steps': '2.5' is not a valid integer"),
        (("--count", 2, "-o", "one.npz"), "--output one.npz is one file, but --count is 2: name a folder"),
        (("-o", "one.stl"), "--output one.stl: webs are written here; `structgen export` makes solids of them"),
        (("--model", "missing"), "model 'missing': no such file, and shipped models are analog"),
        (("--format", "obj"), "'obj' is not one of 'npz', 'csv'"),
        (("--nods", 3), "No such option '--nods'"),
        (("surplus",), "Got unexpected extra argument (surplus)"),
    ],
)
def test_targets_and_options_that_cannot_be_met(fails, words, says):
    fails("generate", *words, says=says)


def test_unknown_commands(fails):
    fails("generat", says="No such command 'generat'")
    fails("--nothing", says="No such option '--nothing'")
    fails("data", "bild", says="No such command 'bild'")


@pytest.mark.parametrize("damage", ["cut", "bytes", "text", "empty"])
@pytest.mark.parametrize("command", [("generate",), ("info",), ("demo",), ("assemble",)], ids=" ".join)
def test_corrupted_weights(fails, here, damage, command):
    content = shipped("analog").read_bytes()
    altered = {
        "cut": content[: len(content) // 2],
        "bytes": content[:100] + b"\xff" * 50 + content[150:],
        "text": b"no weights",
        "empty": b"",
    }
    (here / "w.safetensors").write_bytes(altered[damage])
    option = () if command == ("info",) else ("--model",)
    fails(*command, *option, "w.safetensors", says="error: w.safetensors: not a sound structgen model")


# -- outputs -----------------------------------------------------------------------------------------


@pytest.fixture
def no_work(monkeypatch):
    """Fails the test where long work begins."""

    def work(*_, **__):
        raise AssertionError("long work has begun")

    monkeypatch.setattr(Analog, "generate", work)
    for name in (
        "assembly.solid.solidify", "assembly.place.assemble", "structgen.training.train",
        "structgen.sources.neighbourhoods.build", "structgen.sources.procedural.varied_tangles",
    ):  # fmt: skip
        monkeypatch.setattr(name, work)


@pytest.mark.parametrize("output", ["file/x", "file/deep/er/x"])
@pytest.mark.parametrize(
    ("words", "suffix"),
    [
        (("generate", "--nodes", 20), ""),
        (("generate", "--nodes", 20), ".npz"),
        (("generate", "--nodes", 20), ".csv"),
        (("assemble", "--nodes", 20), ".npz"),
        (("assemble", "web.npz"), ".vtp"),
        (("export", "web.npz"), ".stl"),
        (("export", "web.npz", "-o", "good.stl"), ".png"),
        (("export", "web.npz", "-o", "good.stl"), ".csv"),
        (("export", "web.npz"), ".json"),
        (("demo",), ""),
        (("demo", "web.npz"), ""),
        (("data", "build", "--procedural", 3), ".npz"),
        (("data", "build", "web.npz"), ".npz"),
        (("train", "analog", "--data", "DATA"), ""),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else value,
)
def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    fails, here, web_file, dataset, no_work, words, suffix, output
):
    web_file()
    (here / "file").write_text("mine")
    words = [dataset.path if word == "DATA" else word for word in words]
    fails(*words, "-o", output + suffix, says="error: cannot write file/")


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("generate",), "taken.npz"),
        (("assemble",), "taken.npz"),
        (("export", "web.npz"), "taken.stl"),
        (("data", "build", "--procedural", 3), "taken.npz"),
    ],
)
def test_a_folder_in_the_place_of_a_file(fails, here, web_file, no_work, words, output):
    web_file()
    (here / output).mkdir()
    fails(*words, "-o", output, says=f"cannot write {output}: is a folder")


def test_a_folder_in_the_place_of_one_of_many_files(fails, here, no_work):
    (here / "webs" / "webs.json").mkdir(parents=True)
    fails("generate", says="cannot write webs/webs.json: is a folder")
    (here / "out" / "report.json").mkdir(parents=True)
    fails("demo", says="cannot write out/report.json: is a folder")


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("assemble", "web.npz"), "web.npz"),
        (("assemble", "a.csv", "web.npz"), "a_edges.csv"),
        (("data", "build", "web.npz"), "./web.npz"),
        (("demo", "web.npz"), "web.npz"),
    ],
)
def test_a_web_that_is_read_is_not_written_over(fails, here, web_file, no_work, words, output):
    web_file()
    web_file("a.csv")
    folder = ("-o", ".") if "demo" in words else ("-o", output)
    fails(*words, *folder, says=("--output: ", "is read here and would be written over, name another"))


def test_a_name_too_long(fails, no_work):
    for words in (("generate",), ("demo",), ("data", "build", "--procedural", 3)):
        suffix = ".npz" if "data" in words else ""
        fails(*words, "-o", "x" * 300 + suffix, says="File name too long")
