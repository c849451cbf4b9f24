"""What holds for all commands: --json, -q, -v, --config, variables, interruption."""

from __future__ import annotations

import json

import pytest

from structgen.generators.model import WebGenerator
from structgen.io import read_web, read_web_and_metadata

FEW = ("generate", "--nodes", 10, "--mean-degree", 2.4, "--steps", 2)


@pytest.fixture
def config(here):
    def write(text):
        (here / "my.toml").write_text(text)
        return ("--config", "my.toml")

    return write


def test_json_alone_is_on_standard_output(structgen, web_file, dataset):
    name = web_file()
    for words in (
        (*FEW, "-o", "g.npz"), ("assemble", name, "--turns", 0.1, "-o", "a.npz"), ("export", name, "-o", "x.stl"),
        ("info", name), ("info",), ("data", "info", dataset.path),
    ):  # fmt: skip
        report = json.loads(structgen(*words, "--json").stdout)
        assert isinstance(report, dict)
        quiet = structgen(*words, "--json", "--quiet")
        assert quiet.stderr == ""
        assert set(json.loads(quiet.stdout)) == set(report)


def test_quiet_says_nothing_and_verbose_says_times(structgen, web_file):
    quiet = structgen(*FEW, "-o", "g.npz", "-q")
    assert quiet.output == ""
    assert structgen("export", web_file(), "-o", "x.stl", "-q").output == ""
    assert "generate: " in structgen(*FEW, "-o", "g.npz", "-v").stderr
    assert "meshing 12 struts" in structgen("export", "web.npz", "-o", "x.stl", "--verbose").stderr
    assert "generate: " not in structgen(*FEW, "-o", "g.npz").stderr


def test_quiet_and_verbose_exclude_each_other(fails):
    fails(*FEW, "-q", "-v", says="--verbose and --quiet exclude each other")


# -- variables ---------------------------------------------------------------------------------------


def test_options_by_variables(structgen, monkeypatch):
    monkeypatch.setenv("STRUCTGEN_GENERATE_NODES", "11")
    monkeypatch.setenv("STRUCTGEN_GENERATE_EXTENTS", "20 20 10")
    monkeypatch.setenv("STRUCTGEN_GENERATE_OUTPUT", "by_variable.npz")
    monkeypatch.setenv("STRUCTGEN_GENERATE_JSON", "1")
    asked = json.loads(structgen("generate").stdout)["asked"]
    assert (asked["nodes"], asked["dx"], asked["dz"]) == (11, 20, 10)
    assert read_web("by_variable.npz").n == 11
    structgen("generate", "--nodes", 12, "-o", "by_option.npz")
    assert read_web("by_option.npz").n == 12


def test_the_radius_of_a_helix_and_of_struts_are_two_variables(structgen, web_file, monkeypatch):
    monkeypatch.setenv("STRUCTGEN_ASSEMBLE_RADIUS", "50")
    monkeypatch.setenv("STRUCTGEN_EXPORT_STRUT_RADIUS", "1.5")
    structgen("assemble", web_file(), web_file("b.npz"), "--turns", 0.5, "-o", "bow.npz")
    assert read_web("bow.npz").extents.max() > 90
    assert json.loads(structgen("export", "web.npz", "-o", "x.npz", "--json").stdout)["web"]["radius"]["max"] == 1.5


def test_the_seed_is_one_variable_for_all_commands(structgen, monkeypatch, web_file, tangle_web):
    monkeypatch.setenv("STRUCTGEN_SEED", "7")
    structgen(*FEW, "-o", "g.npz")
    assert read_web_and_metadata("g.npz")[1]["seed"] == 7
    data = structgen("data", "build", web_file("t.npz", tangle_web), "-n", 20, "--json")
    assert json.loads(data.stdout)["seed"] == 7
    structgen(*FEW, "-o", "h.npz", "--seed", 8)
    assert read_web_and_metadata("h.npz")[1]["seed"] == 8


@pytest.mark.parametrize("seed", ["-1", "one", "1.5", str(2**63)])
def test_wrong_seeds_are_refused(fails, monkeypatch, seed):
    fails(*FEW, "--seed", seed, says="--seed")
    monkeypatch.setenv("STRUCTGEN_SEED", seed)
    fails(*FEW, says=("--seed", seed))


# -- the file of options -----------------------------------------------------------------------------

FILE = """
[generate]
nodes = 11
mean-degree = 2.4
extents = [20, 15.5, 10]
seed = 5
json = true
output = "by_file.npz"
steps = 2

[data.build]
count = 20
"""


@pytest.mark.parametrize("text", [FILE, FILE.replace("mean-degree", "mean_degree")])
def test_options_by_a_file(structgen, config, text):
    report = json.loads(structgen("generate", *config(text)).stdout)
    asked = report["asked"]
    assert (asked["nodes"], asked["mean_degree"], asked["dy"]) == (11, pytest.approx(26 / 11), 15.5)
    assert (report["seed"], report["steps"]) == (5, 2)
    assert read_web("by_file.npz").n == 11


def test_a_file_for_commands_in_groups(structgen, config, web_file, tangle_web):
    report = structgen("data", "build", web_file("t.npz", tangle_web), *config(FILE), "--json")
    assert json.loads(report.stdout)["count"] == 20


def test_a_file_without_a_table_for_the_command_changes_nothing(structgen, config, web_file):
    assert structgen("info", web_file(), *config(FILE)).stdout == structgen("info", "web.npz").stdout


def test_the_command_line_wins_over_variables_and_these_over_the_file(structgen, config, monkeypatch):
    path = config(FILE)[1]
    monkeypatch.setenv("STRUCTGEN_CONFIG", path)
    monkeypatch.setenv("STRUCTGEN_GENERATE_NODES", "12")
    monkeypatch.setenv("STRUCTGEN_SEED", "6")
    report = json.loads(structgen("generate", "--seed", 8).stdout)
    assert (report["asked"]["nodes"], report["seed"]) == (12, 8)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[generate]\nnods = 3", ("[generate] has no option 'nods'", "allowed are", "mean-degree, ", "nodes, ")),
        ("[generate]\nconfig = 'x'", "[generate] has no option 'config'"),
        ("[generat]\nnodes = 3", "'generat' is no command, tables are of demo, generate, "),
        ("nodes = 3", "'nodes' is no command"),
        ("generate = 3", "generate is 3, must be a table of options"),
        ("[generate]\nnodes = 'many'", "'many' is not a valid float"),
        ("[generate]\nnodes = [1, 2]", "[generate] nodes is [1, 2], must be one value"),
        ("[generate]\nnodes = 2020-01-01", "must be one value"),
        ("[generate]\noutput = {a = 1}", "must be one value"),
        ("[generate]\nextents = '1 2 3'", "[generate] extents is '1 2 3', must be a list of values"),
        ("[generate]\nextents = [1, 2]", "3 values"),
        ("[generate]\nextents = [1, 2, [3]]", "must be a list of values"),
        ("[generate]\ncount = 1.5", "'1.5' is not a valid integer range"),
        ("[generate]\nquiet = 'perhaps'", "'perhaps' is not a valid boolean"),
        ("[generate\n", "not TOML"),
        ("\x00", "not TOML"),
    ],
)
def test_wrong_files_of_options_are_refused(fails, config, text, says):
    says = (says,) if isinstance(says, str) else says
    fails("generate", *config(text), says=says)


def test_files_of_options_that_cannot_be_read_are_refused(fails, here):
    fails(*FEW, "--config", "missing.toml", says="--config missing.toml: No such file or directory")
    (here / "folder.toml").mkdir()
    fails(*FEW, "--config", "folder.toml", says="--config folder.toml: Is a directory")
    (here / "bytes.toml").write_bytes(b"\xff\xfe")
    fails(*FEW, "--config", "bytes.toml", says="--config bytes.toml: not TOML")


# -- interruption and want of memory -----------------------------------------------------------------


def test_an_interrupted_command_ends_with_code_130_and_one_line(structgen, here, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(WebGenerator, "generate", interrupted)
    for words in ((*FEW, "-o", "webs"), ("assemble", "--nodes", 10, "-q")):
        result = structgen(*words, code=130)
        assert result.stderr.split("\n") == ["", "error: interrupted", ""]
        assert result.stdout == ""
    assert list(here.iterdir()) == []


def test_want_of_memory_is_an_error_of_one_line(fails, monkeypatch):
    def greedy(*_, **__):
        raise MemoryError

    monkeypatch.setattr(WebGenerator, "generate", greedy)
    fails(*FEW, says="error: out of memory")
