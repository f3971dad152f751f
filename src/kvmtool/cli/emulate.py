"""`lkvm emulate`: runs any command in the emulated host."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

NAME = "emulate"
HELP = "run a command on a stock KVM that QEMU emulates"
TAKES_COMMAND_LINE = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `lkvm emulate`."""
    from kvmtool.emulated.host import DEFAULT_CPUS, DEFAULT_MEMORY_MIB

    parser.usage = "lkvm emulate [OPTION...] -- COMMAND [ARGUMENT...]"

    parser.add_argument(
        "-c",
        "--cpus",
        type=int,
        default=DEFAULT_CPUS,
        metavar="N",
        help=f"CPUs of the emulated host (default: {DEFAULT_CPUS})",
    )
    parser.add_argument(
        "-m",
        "--mem",
        type=int,
        default=DEFAULT_MEMORY_MIB,
        metavar="MIB",
        help=f"its memory in MiB (default: {DEFAULT_MEMORY_MIB})",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command and return its status."""
    from kvmtool.emulated import host

    return host.run(args.command_line, memory_mib=args.mem, cpus=args.cpus)
