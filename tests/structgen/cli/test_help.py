from __future__ import annotations

import subprocess
import sys

import click
import pytest

from structgen import __version__
from structgen.cli import main


def commands(command=main, path=()):
    """All commands as words, groups too."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


ALL = [pytest.param(path, command, id=" ".join(path) or "structgen") for path, command in commands()]


def test_the_commands_are_these():
    assert sorted(" ".join(path) for path, command in commands() if not isinstance(command, click.Group)) == [
        "assemble", "check", "completion", "data build", "data card", "data import", "data info", "data scan", "demo",
        "design", "evaluate", "export", "extend", "generate", "info", "mesh bench", "mesh move", "mesh quality",
        "models card", "models list", "simulate compress", "simulate homogenize", "simulate indent", "simulate tension",
        "train analog", "train autoregressive", "train calibration", "train discrete", "train mover", "train predictor",
        "train preference", "view",
    ]  # fmt: skip


@pytest.mark.parametrize(("path", "command"), ALL)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_has_an_example_and_a_text_for_every_option(structgen, path, command, option):
    text = structgen(*path, option).stdout
    assert "Example" in text
    assert f"structgen {' '.join(path)}".strip() in text.partition("Example")[2]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[-1] in text
            assert parameter.help
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(("path", "command"), ALL)
def test_variables_and_keys_are_named_as_the_options(path, command):
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.allow_from_autoenv:
            option = max(parameter.opts, key=len).removeprefix("--").replace("-", "_")
            named = parameter.envvar or f"STRUCTGEN_{'_'.join((*path, parameter.name))}".upper()
            assert named.endswith(f"_{option}".upper())


@pytest.mark.parametrize(("path", "command"), ALL)
def test_the_list_of_commands_holds_whole_sentences(structgen, path, command):
    listed = structgen(*path, "--help").stdout.partition("Commands:")[2]
    assert "..." not in listed


def test_help_needs_none_of_the_heavy_packages():
    code = (
        "import sys\n"
        "from structgen.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: code = end.code\n"
        "heavy = {'torch', 'numpy', 'scipy', 'networkx', 'pyvista', 'matplotlib'} & set(sys.modules)\n"
        "print(code, sorted(heavy), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in run.stdout
    assert run.stderr == "0 []\n"


def test_the_package_is_run_as_a_module():
    run = subprocess.run([sys.executable, "-m", "structgen", "-V"], capture_output=True, text=True, check=True)
    assert run.stdout == f"structgen, version {__version__}\n"


def test_version(structgen, monkeypatch):
    for option in ("--version", "-V"):
        assert structgen(option).stdout == f"structgen, version {__version__}\n"
    # A variable that build systems like to set.
    monkeypatch.setenv("STRUCTGEN_VERSION", "0.1.0")
    assert "Usage" in structgen("--help").stdout


def test_without_a_command_the_help_is_shown(structgen):
    for words in ((), ("data",), ("train",)):
        assert "Usage" in structgen(*words, code=2).output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(structgen, shell):
    text = structgen("completion", shell).stdout
    assert "_STRUCTGEN_COMPLETE" in text
    assert f"{shell}_complete" in text


@pytest.mark.parametrize(
    ("shell", "words", "found"),
    [
        ("bash", "structgen gen", "generate"),
        ("zsh", "structgen export --sid", "--sides"),
        ("fish", "structgen data ", "build"),
    ],
)
def test_a_completion_script_finds_commands_and_options(shell, words, found):
    variables = {"_STRUCTGEN_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    if shell == "fish":
        variables["COMP_CWORD"] = words.rpartition(" ")[2]
    code = "from structgen.cli import main; main(prog_name='structgen')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=True)
    assert found in run.stdout


def test_an_unknown_shell_is_refused(fails):
    fails("completion", "tcsh", says=("tcsh", "bash"))
