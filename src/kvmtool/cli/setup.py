"""`lkvm setup`: gets a kernel for guests, and the emulated host, into the cache."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

NAME = "setup"
HELP = "get a kernel for guests from the distribution's packages, without installing them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `lkvm setup`."""
    import argparse

    parser.add_argument("--json", action="store_true", help="print what is there as JSON")
    parser.add_argument(
        "--emulated-host",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also get what runs lkvm where no KVM can boot Linux (default: yes)",
    )


def run(args: argparse.Namespace) -> int:
    """Make what is missing and print where everything is."""
    from kvmtool.cache import cache_dir
    from kvmtool.emulated.architecture import architecture, native
    from kvmtool.emulated.provision import Provision

    parts = Provision(architecture(native())).ensure(host=args.emulated_host)
    if args.json:
        import json

        rows = [{"name": part.name, "path": part.path, "made": part.made} for part in parts]
        print(json.dumps({"cache": cache_dir(), "parts": rows}, indent=2))
        return 0
    for part in parts:
        print(f"{part.name}: {part.path}" + ("" if part.made else " (there already)"))
    if not any(part.made for part in parts):
        print("nothing to do")
    print(f"cache: {cache_dir()}")
    return 0
