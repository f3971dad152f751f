"""Each operation of the balloon, seen in the guest's /proc/meminfo and in the host's memory."""

from __future__ import annotations

import os

from boot.driven_guest import DrivenGuest, wait_until

MIB = 1 << 20
PAGES_PER_MIB = 256


class BalloonGuest:
    """A guest with a balloon, and the host's and the guest's own figures in MiB."""

    def __init__(self, option: str) -> None:
        self.guest = DrivenGuest(("balloon", option), memory_mib=256)
        assert self.guest.machine.balloon is not None
        self.balloon = self.guest.machine.balloon
        try:
            self.guest.ask("mkdir -p /t; mount -t tmpfs -o size=90% t /t")
        except BaseException:
            self.guest.close()
            raise

    def host_mib(self) -> int:
        return os.fstat(self.guest.machine.memory.fd).st_blocks * 512 // MIB

    def meminfo(self, name: str) -> int:
        return int(self.guest.ask(f"awk '/^{name}:/ {{print $2}}' /proc/meminfo")) // 1024

    def touch(self, mib: int) -> None:
        """Have the guest use memory, so that the host has to provide it."""
        self.guest.ask(f"dd if=/dev/zero of=/t/f bs=1M count={mib} 2>/dev/null")

    def set_target(self, mib: int) -> None:
        pages = mib * PAGES_PER_MIB
        self.balloon.set_target_pages(pages)
        wait_until(f"a balloon of {mib} MiB", lambda: self.balloon.pages()[1] == pages)


def reporting() -> None:
    """What the guest frees, the host has back without asking."""
    with_balloon = BalloonGuest("")
    try:
        with_balloon.touch(96)
        full = with_balloon.host_mib()
        with_balloon.guest.ask("rm /t/f")
        wait_until("free pages reported", lambda: with_balloon.host_mib() < full - 64)
        print(f"reporting: host {full} -> {with_balloon.host_mib()} MiB")
    finally:
        with_balloon.guest.close()


def without_reporting() -> None:
    """Inflate, statistics, deflate, and deflate where memory is short."""
    seen = BalloonGuest("reporting=off")
    try:
        seen.touch(160)
        seen.guest.ask("rm /t/f")
        free, full = seen.meminfo("MemFree"), seen.host_mib()
        seen.set_target(128)
        less, given_back = seen.meminfo("MemFree"), full - seen.host_mib()
        assert free - less > 112, f"guest: MemFree {free} -> {less} MiB"
        assert given_back > 64, f"host: only {given_back} MiB given back"
        print(f"inflate: guest MemFree {free} -> {less} MiB, host {full} -> {seen.host_mib()} MiB")

        statistics, total = seen.balloon.statistics(timeout_s=30), seen.meminfo("MemTotal")
        assert statistics["total_memory"] // MIB == total, (statistics, total)
        assert abs(statistics["free_memory"] // MIB - seen.meminfo("MemFree")) < 32, statistics
        print(f"statistics: {statistics}")

        seen.set_target(0)
        more, before = seen.meminfo("MemFree"), seen.host_mib()
        assert more - less > 112, f"guest: MemFree {less} -> {more} MiB"
        seen.touch(160)
        assert seen.host_mib() - before > 64, "the guest uses what it got back"
        seen.guest.ask("rm /t/f")
        print(f"deflate: guest MemFree {less} -> {more} MiB, host {before} -> {seen.host_mib()}")

        # Out of memory, the guest takes pages out of the balloon rather than kill anybody.
        seen.set_target(140)
        seen.touch(110)
        assert seen.guest.ask("stat -c %s /t/f") == str(110 * MIB)
        after = seen.balloon.pages()[1]
        assert after < 140 * PAGES_PER_MIB
        print(f"deflate on OOM: 140 -> {after // PAGES_PER_MIB} MiB")
    finally:
        seen.guest.close()


def main() -> None:
    reporting()
    without_reporting()
    print("all operations seen")


if __name__ == "__main__":
    main()
