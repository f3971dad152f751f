"""`lkvm uapi generate`: bindings from any kernel's headers."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

NAME = "uapi"
HELP = "make Python bindings from kernel headers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `lkvm uapi`."""
    from kvmtool.uapi.headers import ARCHITECTURES

    actions = parser.add_subparsers(dest="action", required=True, metavar="generate")
    generate = actions.add_parser("generate", help="write one module for each header")
    generate.add_argument(
        "--headers",
        required=True,
        metavar="DIR",
        help="a kernel source tree, or a folder of installed headers such as /usr/include",
    )
    generate.add_argument(
        "--arch", required=True, choices=list(ARCHITECTURES), help="the architecture to read"
    )
    generate.add_argument(
        "-o",
        "--output",
        default="uapi",
        metavar="OUTDIR",
        help="where the modules go: ARCH/ and linux/ below it (default: ./uapi)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the modules and say how many; BadInput for headers that cannot be read."""
    from kvmtool.errors import BadInput
    from kvmtool.uapi.generate import generate

    files = generate(args.headers, args.arch)
    try:
        for name, text in files.items():
            path = os.path.join(args.output, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise BadInput(f"cannot write {error.filename}: {error.strerror}") from None
    print(f"{len(files)} files written to {args.output}")
    return 0
