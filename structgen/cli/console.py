"""What commands say: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from structgen.generators.model import WebGenerator

#: Seconds between two lines of progress where standard error is no terminal.
QUIET_SECONDS = 10.0


class CheckError(Exception):
    """The command ran, and what it was to check does not hold: exit code 1."""


def one_line(text: str) -> str:
    """``text`` in one line, without the control characters that a stranger's file may send to a terminal."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


def fail(message: str, code: int) -> NoReturn:
    """Say ``message`` in one line on standard error and end with exit code ``code``."""
    click.echo(f"error: {one_line(message)}", err=True)
    sys.exit(code)


class Console:
    """Says things at the verbosity asked for: -1 quiet, 0 normal, 1 verbose.

    Arguments:
        as_json: print results as JSON.
        verbosity: what of the messages is shown; warnings always are.
    """

    def __init__(self, as_json: bool = False, verbosity: int = 0) -> None:
        self.as_json = as_json
        self.verbosity = verbosity
        self.seconds: dict[str, float] = {}
        self._shown, self._width = 0.0, 0

    def say(self, message: str) -> None:
        """A message."""
        if self.verbosity >= 0:
            self._clear()
            click.echo(message, err=True)

    def detail(self, message: str) -> None:
        """A message for the verbose."""
        if self.verbosity > 0:
            self.say(message)

    def warn(self, message: str) -> None:
        """A warning; shown even to the quiet."""
        self._clear()
        click.echo(f"warning: {one_line(message)}", err=True)

    def loaded(self, model: str) -> WebGenerator:
        """The model of that name or path; says so where its loops will be compiled at their first use."""
        from structgen.compiled import tell_if_compiling
        from structgen.generators import load_model

        found = load_model(model)
        if found.name == "autoregressive":  # those of the others take but a few seconds
            from structgen.generators.stepping.places import draw_places

            tell_if_compiling(draw_places, self.say)
        return found

    def progress(self, done: int, total: int, what: str, note: str = "") -> None:
        """How far long work has come: a line that is written over on a terminal, else a line now and then."""
        terminal, now = sys.stderr.isatty(), time.monotonic()
        wait = 0.1 if terminal else QUIET_SECONDS
        if self.verbosity < 0 or (now - self._shown < wait and done < total):
            return
        line = f"{what} {done}/{total} ({100 * done // max(total, 1)} %)" + (f", {note}" if note else "")
        if not terminal:
            click.echo(line, err=True)
        else:
            click.echo("\r" + line.ljust(self._width), nl=False, err=True)
            self._width = 0 if done >= total else len(line)
            if done >= total:
                click.echo("", err=True)
        self._shown = now

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body under ``name`` in `seconds`; its warnings are shown as ours."""
        began = time.monotonic()
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_: self.warn(str(message))
            warnings.simplefilter("always", UserWarning)
            try:
                yield
            finally:
                self._clear()
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - began, 3)
        self.detail(f"{name}: {self.seconds[name]:.2f} s")

    def result(self, value: Any, text: str) -> None:
        """The result of the command: ``value`` as JSON if asked for, else ``text`` for people, if not quiet."""
        if self.as_json:
            click.echo(json.dumps(value, indent=2, allow_nan=False))
        elif self.verbosity >= 0:
            click.echo(text)

    def _clear(self) -> None:
        if self._width:
            click.echo("\r" + " " * self._width + "\r", nl=False, err=True)
            self._width = 0
