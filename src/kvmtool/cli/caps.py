"""`lkvm caps`: what this host's KVM offers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

NAME = "caps"
HELP = "list what this host's KVM offers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `lkvm caps`."""
    parser.add_argument("--all", action="store_true", help="list the absent capabilities too")
    parser.add_argument("--json", action="store_true", help="write JSON instead of a table")
    parser.add_argument("--dev", metavar="PATH", default="/dev/kvm", help="default /dev/kvm")


def run(args: argparse.Namespace) -> int:
    """Ask for every capability that the bindings know; NoUsableKvm without /dev/kvm."""
    from kvmtool.kvm import Kvm, capabilities

    with Kvm(args.dev) as kvm:
        version = kvm.get_api_version()
        values = {name: kvm.check_extension(number) for name, number in capabilities().items()}
    shown = {name: value for name, value in values.items() if value or args.all}
    if args.json:
        import json

        print(json.dumps({"api_version": version, "capabilities": shown}, indent=2))
        return 0
    width = max((len(name) for name in shown), default=0)
    for name in sorted(shown):
        print(f"{name:{width}}  {shown[name] or '-'}")
    return 0
