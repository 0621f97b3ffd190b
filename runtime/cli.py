"""The `cuntong` command: one module of `runtime.commands` a command or group."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer
from rich.console import Console

from domain.errors import HouseError

app = typer.Typer(
    name="cuntong",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Vehicle telematics and supervision for provincial road transport.\n\nExample: [bold]cuntong demo[/bold]",
)


def commands() -> None:
    """Register every module of `runtime.commands`."""
    import runtime.commands

    for module in sorted(m.name for m in pkgutil.iter_modules(runtime.commands.__path__)):
        importlib.import_module(f"runtime.commands.{module}").register(app)


def main() -> None:
    """Entry point: errors of the house end as one line and exit code 1, never as a stack trace."""
    commands()
    try:
        app()
    except HouseError as error:
        Console(stderr=True).print(f"[red]error:[/red] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
