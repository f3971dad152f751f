"""Writes docs/devices/KIND.md for each virtio device, from what its class declares.

usage: tools/device_pages.py [DIRECTORY]
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from kvmtool.virtio import catalog
from kvmtool.virtio.catalog import Entry


def page(entry: Entry) -> str:
    """The page of one device, in Markdown."""
    device = entry.device_class()
    names = f"`{entry.short}`, `{entry.option}`" if entry.short else f"`{entry.option}`"
    asked = "`--console virtio`" if entry.kind == "console" else names
    usage = f"lkvm device {entry.kind} --socket PATH"
    if entry.metavar:
        usage += f" {entry.short or entry.option} {entry.metavar}"
        asked += f" `{entry.metavar}`"
    parts = [
        f"# {entry.kind}",
        inspect.cleandoc(device.__doc__ or ""),
        f"Asked for by {asked}: {entry.help}.",
        f"Alone, by vhost-user: `{usage}`.",
        f"Virtio device type {device.device_id}; Linux's driver: {', '.join(entry.drivers)}.",
        "## Queues",
        _table(
            ("queue", "largest size", "what it is for"),
            [(f"`{queue.name}`", str(queue.size), queue.doc) for queue in device.queues],
        ),
        f"`--debug-virtio {entry.kind}0` reports the chains of all of them,"
        f" `--debug-virtio {entry.kind}0.{device.queues[0].name}` those of one.",
    ]
    if device.declared_features:
        rows = [(f"`{one.name}`", str(one.bit), one.doc) for one in device.declared_features]
        parts += ["## Features", _table(("feature", "bit", "what it means"), rows)]
    if device.fields:
        rows = [
            (
                f"`{one.name}`",
                str(one.offset),
                str(one.width),
                "rw" if one.writable else "r",
                one.doc,
            )
            for one in device.fields
        ]
        header = ("field", "offset", "bytes", "driver", "what it is")
        parts += ["## Configuration space", _table(header, rows)]
    policy = device.policy
    may = [f"system call `{name}`" for name in policy.syscalls]
    may += ["io_uring"] if policy.io_uring else []
    may += ["threads"] if policy.threads else []
    may += [f"{len(policy.ioctls)} ioctls on its files"] if policy.ioctls else []
    parts += [
        "## Sandbox",
        f"Beyond what every device process may do: {', '.join(may) or 'nothing'}."
        f" {policy.memory_mib} MiB of memory of its own.",
    ]
    return "\n\n".join(parts) + "\n"


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def main() -> None:
    """Write all pages."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/devices")
    directory.mkdir(parents=True, exist_ok=True)
    for entry in catalog.ENTRIES:
        (directory / f"{entry.kind}.md").write_text(page(entry))


if __name__ == "__main__":
    main()
