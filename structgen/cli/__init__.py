"""The command line: one module a command group. Heavy imports wait until a command runs."""

from __future__ import annotations

import sys
from typing import Any

import click

from structgen import __version__
from structgen.cli import (
    assemble,
    check,
    completion,
    data,
    demo,
    design,
    evaluate,
    export,
    extend,
    generate,
    info,
    mesh,
    models,
    scan,
    simulate,
    train,
    view,
)  # fmt: skip
from structgen.cli.console import CheckError, fail


class Program(click.Group):
    """A group that ends every error in one line: exit code 1 for a failed check, 2 for wrong use or bad input."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command; see `click.Command.main`."""
        if not options.get("standalone_mode", True):
            return super().main(*args, **options)
        try:
            sys.exit(super().main(*args, **options | {"standalone_mode": False}) or 0)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(2)
        except click.ClickException as error:
            fail(error.format_message(), 2)
        except CheckError as error:
            fail(str(error), 1)
        except (click.Abort, KeyboardInterrupt):
            fail("interrupted", 130)
        except MemoryError:
            fail("out of memory", 2)
        except (ValueError, OSError) as error:
            fail(str(error), 2)


@click.group(
    cls=Program,
    context_settings={
        "auto_envvar_prefix": "STRUCTGEN",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.version_option(__version__, "-V", "--version", prog_name="structgen", allow_from_autoenv=False)
def main() -> None:
    """Generate spider-web structures, assemble them, and export printable solids.

    \b
    Example: structgen demo -o out
    Writes out/web.stl, out/web.3mf, out/web.png, out/web.npz and out/report.json.
    The same in steps: generate, assemble, export. All lengths are in mm.

    Every option may also be set by a variable named STRUCTGEN, command and option (STRUCTGEN_GENERATE_NODES=48), or in
    a TOML file (--config); the command line wins over variables, variables over the file.
    Results go to standard output, progress and messages to standard error.
    Exit codes: 0 done, 1 a check failed, 2 wrong use or bad input, 130 interrupted.
    """


COMMANDS = (
    demo, generate, extend, assemble, export, check, train, evaluate, models, data, mesh, simulate, design, info,
    view, completion,
)  # fmt: skip
for module in COMMANDS:
    main.add_command(module.command)
for command in (scan.scan, scan.import_published):
    data.command.add_command(command)
