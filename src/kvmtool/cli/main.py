"""`lkvm`: finds the command, and turns every error into one line and an exit status."""

from __future__ import annotations

import os
import sys

from kvmtool import log
from kvmtool.cli.interruption import end_on_signals
from kvmtool.errors import BadInput, ExitStatus, KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

# Command and module; a module is imported only when its command is used, or listed by help.
_COMMANDS = {
    "run": "run",
    "setup": "setup",
    "device": "device",
    "caps": "caps",
    "uapi": "uapi",
    "emulate": "emulate",
}

_EPILOG = "lkvm COMMAND --help describes a command."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    if arguments is None:
        end_on_signals()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        return _help(arguments[1:])
    if arguments[0] in ("--version", "version"):
        from importlib.metadata import version

        print(f"lkvm {version('kvmtool')}")
        return 0
    name, *rest = arguments
    if name not in _COMMANDS:
        log.error(f"there is no command {name!r}; the commands are {', '.join(_COMMANDS)}")
        return ExitStatus.BAD_ARGUMENTS
    try:
        return _run(name, rest)
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left; what is buffered for it must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.INTERRUPTED
    except OSError as error:
        if "--trace" in rest:
            raise
        log.error(f"{error.filename or 'standard output'}: {error.strerror}")
        return ExitStatus.BAD_ARGUMENTS


def _run(name: str, arguments: list[str]) -> int:
    import argparse
    from importlib import import_module

    command = import_module(f"kvmtool.cli.{_COMMANDS[name]}")
    # argparse makes a formatter for each option, and one without a width imports shutil.
    width = _columns() - 2

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise BadInput(f"{message}; see `{self.prog} --help`")

    parser = Parser(
        prog=f"lkvm {name}",
        description=command.HELP,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=width),
        epilog=getattr(command, "EPILOG", None),
    )
    parser.add_argument("--trace", action="store_true", help="show the trace of an error")
    command.add_arguments(parser)
    parser.set_defaults(arguments=arguments)
    own, command_line = _split(arguments)
    own = _joined(own, getattr(command, "DASHED_VALUES", ()))
    try:
        args = parser.parse_args(own, argparse.Namespace(command_line=command_line))
        if command_line and not getattr(command, "TAKES_COMMAND_LINE", False):
            parser.error(f"{name} takes no command (-- {command_line[0]})")
        status: int = command.run(args)
        if sys.stdout is not None:  # as it is for a process without one
            sys.stdout.flush()
    except KvmtoolError as error:
        if "--trace" in own:
            raise
        # A name may have any character in it, and an error is one line.
        log.error(str(error).replace("\n", "\\n"))
        return error.exit_status
    return status


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Separate a command's own arguments from the command line that follows `--`."""
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _joined(arguments: list[str], options: Sequence[str]) -> list[str]:
    """Write `OPTION VALUE` as `OPTION=VALUE`, so that a value may begin with a dash."""
    words = iter(arguments)
    joined = []
    for word in words:
        value = next(words, None) if word in options else None
        joined.append(word if value is None else f"{word}={value}")
    return joined


def _help(words: list[str]) -> int:
    from importlib import import_module

    if words and words[0] in _COMMANDS:
        return _run(words[0], ["--help"])
    print("usage: lkvm COMMAND [OPTION...]\n\nBoots Linux in a small virtual machine.\n")
    for name, module in _COMMANDS.items():
        print(f"  {name:10} {import_module(f'kvmtool.cli.{module}').HELP}")
    print(f"\n{_EPILOG}")
    return 0
