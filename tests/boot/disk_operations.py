"""A disk under load: exits while it works, and its process killed again and again.

usage: disk_operations.py exits|kills pci|mmio DIRECTORY
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from boot.driven_guest import DrivenGuest, wait_until

MIB = 1 << 20
SECTOR = 512
FEW, MANY = 100, 1500
KILLS = 4  # below what is taken for a device that cannot live
WRITES = 100
STAYS_DEAD_S = 5.0
GIVEN_UP_S = 90.0


def exits(transport: str, image: Path) -> None:
    """No I/O runs Python in the VMM, and over PCI none exits to it at all."""
    guest = DrivenGuest(("blk", str(image)), transport=transport)
    try:
        exits, handled = {}, {}
        for count in (FEW, FEW, MANY):  # once to warm up
            before = guest.exits(), guest.handled()
            read = f"dd if=/dev/vda of=/dev/null iflag=direct bs=4k count={count} 2>&1"
            assert f"{count}+0 records in" in guest.ask(read)
            exits[count], handled[count] = guest.exits() - before[0], guest.handled() - before[1]
        print(f"{FEW} requests: {exits[FEW]} exits, {handled[FEW]} of them run Python")
        print(f"{MANY} requests: {exits[MANY]} exits, {handled[MANY]} of them run Python")
        assert handled[MANY] - handled[FEW] < (MANY - FEW) / 20
        if transport == "pci":
            assert exits[MANY] - exits[FEW] < (MANY - FEW) / 20
    finally:
        guest.close()


def device_process(name: str) -> int | None:
    """The pid of the device process `name`."""
    for entry in os.listdir("/proc"):
        try:
            if Path("/proc", entry, "comm").read_text().strip() == f"lkvm-{name}":
                return int(entry)
        except (OSError, ValueError):
            continue
    return None


def kill_until_it_stays_dead(name: str) -> None:
    """Kill the device's process, and each that takes its place, until none does any more."""
    end = time.monotonic() + GIVEN_UP_S
    last_seen = time.monotonic()
    while time.monotonic() - last_seen < STAYS_DEAD_S:
        assert time.monotonic() < end, f"{name} is restarted for ever"
        pid = device_process(name)
        if pid is not None:
            last_seen = time.monotonic()
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def lost(image: Path, wrote: list[int]) -> list[int]:
    """The writes of `wrote` that the image does not have."""
    content = image.read_bytes()
    found = (content[number * SECTOR :].partition(b"\0")[0] for number in wrote)
    return [n for n, text in zip(wrote, found, strict=True) if text != b"sector %d." % n]


def kills(transport: str, image: Path) -> None:
    """Killed under load, the disk comes back, and every write that was acknowledged is there."""
    guest = DrivenGuest(("blk", str(image)), transport=transport)
    try:
        # Busybox gives O_DIRECT up for buffers that are not aligned: fsync is what is waited for.
        loop = (
            f"i=0; while [ $i -lt {WRITES} ]; do printf 'sector %d.' $i |"
            " dd of=/dev/vda bs=512 seek=$i conv=sync,notrunc,fsync oflag=direct 2>/dev/null"
            " && echo wrote $i; i=$((i + 1)); done"
        )
        load = "dd if=/dev/vda of=/dev/null iflag=direct bs=64k 2>/dev/null"
        guest.ask(f"(while :; do {load}; done) & reader=$!")
        guest.send(loop)
        for _ in range(KILLS):
            before = None
            wait_until("a device process", lambda: device_process("blk0") is not None)
            time.sleep(0.7)  # some load between two kills
            before = device_process("blk0")
            assert before is not None
            os.kill(before, signal.SIGKILL)
            wait_until(
                "a new process", lambda old=before: device_process("blk0") not in (None, old)
            )
        said = guest.answer()
        wrote = [int(line.split()[1]) for line in said.splitlines() if line.startswith("wrote")]
        assert wrote == list(range(WRITES)), said
        assert lost(image, wrote) == []
        guest.ask("kill $reader")

        # One that does not live is given up; the machine goes on without its disk.
        kill_until_it_stays_dead("blk0")
        assert guest.ask("echo alive") == "alive"
        print(f"killed {KILLS} times under load: {len(wrote)} writes, none lost")
    finally:
        guest.close()


def main() -> None:
    what, transport, directory = sys.argv[1:]
    image = Path(directory, "disk.img")
    os.truncate(os.open(image, os.O_CREAT | os.O_WRONLY), 8 * MIB)
    {"exits": exits, "kills": kills}[what](transport, image)
    print("done")


if __name__ == "__main__":
    main()
