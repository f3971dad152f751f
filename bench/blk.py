"""lkvm's block device and qemu-storage-daemon, behind the same driver, in turns.

The driver is vhost_load.c: one virtqueue over vhost-user, as a Linux guest uses it. It has a CPU of
its own, as a vCPU has, and the devices have the others: where a scheduler is free to place them,
the same device is up to ten times faster at depth 1 when it happens to be on the driver's CPU,
and that is most of what is seen (`--unpinned` shows it). It polls for 200 us before it sleeps, as
KVM does for a vCPU that halts; with `--halt-poll-us 0` it sleeps at once, and to wake it up is what
most small requests take. The peer runs with each of its engines, threads and io_uring, and the
better one of a round counts. Figures are medians; ratios are medians, over the rounds, of ours to
the peer's in the same round. CPU is what the device's process uses, kernel workers included, for
each request.

The cases `cached` and `qcow2` are on files that the page cache has as reads of the same kind bring
them in: random ones of 4 KiB, or large ones in order. `written` is `cached` as the copying of the
image leaves it there, in folios of up to megabytes: for each write ext4 then goes through all
blocks of a folio, and a write of 4 KiB takes up to ten times as long, whoever asks for it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import permutations

from load import HALT_POLL_US, LoadError, Outcome, Session, Work, guest_memory
from measure import arguments, compile_c

PEER = "qemu-storage-daemon"
OURS = "lkvm"
ENGINES = ("threads", "io_uring")
SIDES = (OURS, *ENGINES)
IMAGE_SIZE = 256 << 20
PAGE = 4096
LARGE = 128 << 10
PAUSE_S = 0.2
DEPTHS: tuple[int, ...] = (1, 8, 32, 128)


@dataclass(frozen=True)
class Case:
    """A kind of image: in which folder it is, how both sides open it, and what is cached of it."""

    name: str
    folder: str
    qcow2: bool = False
    direct: bool = False
    as_written: bool = False

    @property
    def format(self) -> str:
        return "qcow2" if self.qcow2 else "raw"

    def path(self, side: str) -> str:
        # Where on its disk a file is makes a difference for direct I/O, so there is one for all;
        # but nobody else may have a qcow2 image open that somebody writes to.
        return os.path.join(self.folder, f"{side}.qcow2" if self.qcow2 else "image.raw")

    def command(self, side: str, socket_path: str) -> list[str]:
        """The command line of a side."""
        path = self.path(side)
        if side == OURS:
            image = f"{path},format={self.format}" + (",direct" if self.direct else "")
            program = [sys.executable, "-m", "kvmtool", "device", "blk", "--loglevel", "warning"]
            return [*program, "--socket", socket_path, "-d", image]
        cache = f"cache.direct={'on' if self.direct else 'off'}"
        engine = f"aio={side},locking=off,{cache}"
        export = "type=vhost-user-blk,id=export,node-name=image,writable=on,iothread=thread"
        return [
            PEER,
            *("--object", "iothread,id=thread"),
            *("--blockdev", f"driver=file,node-name=file,filename={path},{engine}"),
            *("--blockdev", f"driver={self.format},node-name=image,file=file,{cache}"),
            *("--export", f"{export},addr.type=unix,addr.path={socket_path}"),
        ]


@dataclass
class Row:
    """All rounds of one work on one case."""

    case: str
    work: Work
    rounds: list[dict[str, Outcome]]

    def outcomes(self, side: str) -> list[Outcome]:
        """Ours, or the better of the peer's, of each round."""
        if side == OURS:
            return [outcomes[OURS] for outcomes in self.rounds]
        return [max((o[e] for e in ENGINES), key=_iops) for o in self.rounds]

    def median(self, side: str, figure: Callable[[Outcome], float]) -> float:
        return statistics.median(map(figure, self.outcomes(side)))

    def ratio(self, figure: Callable[[Outcome], float]) -> float:
        pairs = zip(self.outcomes(OURS), self.outcomes(PEER), strict=True)
        return statistics.median(figure(ours) / figure(peer) for ours, peer in pairs)

    @property
    def engine(self) -> str:
        """Which of the peer's engines was the better one most often."""
        return statistics.mode(max(ENGINES, key=lambda e: _iops(o[e])) for o in self.rounds)

    @property
    def target(self) -> float:
        """The least ratio of IOPS."""
        is_cached = "direct" not in self.case
        return 2.0 if self.work.block_size == PAGE and self.work.depth >= 8 and is_cached else 1.0

    def misses(self) -> list[str]:
        """What was aimed at and not reached."""
        missed = []
        if self.ratio(_iops) < self.target:
            missed.append(f"IOPS below {self.target:.1f}")
        if self.ratio(_cpu) >= 1:
            missed.append("CPU not below")
        return missed

    def as_json(self) -> dict[str, object]:
        return {
            "case": self.case,
            "work": asdict(self.work),
            "rounds": [
                {side: asdict(one) for side, one in outcomes.items()} for outcomes in self.rounds
            ],
            "iops_ratio": self.ratio(_iops),
            "cpu_ratio": self.ratio(_cpu),
            "p99_ratio": self.ratio(lambda outcome: outcome.p99_us),
            "target": self.target,
            "misses": self.misses(),
        }


def _iops(outcome: Outcome) -> float:
    return outcome.iops


def _cpu(outcome: Outcome) -> float:
    return outcome.cpu_us


def works(depths: tuple[int, ...]) -> list[Work]:
    """What each case is measured with."""
    small = [Work(is_write, True, PAGE, depth) for is_write in (False, True) for depth in depths]
    large = [Work(is_write, False, LARGE, depth) for is_write in (False, True) for depth in (1, 8)]
    return small + large


def make_images(case: Case) -> None:
    """Write the images: every 4 KiB begins with its own offset."""
    raw = os.path.join(case.folder, "image.raw")
    if not os.path.exists(raw):
        with open(raw, "wb") as file:
            for start in range(0, IMAGE_SIZE, 1 << 20):
                chunk = bytearray(1 << 20)
                for at in range(0, len(chunk), PAGE):
                    struct.pack_into("<Q", chunk, at, start + at)
                file.write(chunk)
    for side in SIDES if case.qcow2 else ():
        convert = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-S", "0"]
        subprocess.run([*convert, raw, case.path(side)], check=True)
    os.sync()


def warm(path: str, *, at_random: bool) -> None:
    """Bring the file into the page cache anew, as random reads of 4 KiB or large ones do."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        size = PAGE if at_random else LARGE
        offsets = list(range(0, os.fstat(fd).st_size, size))
        if at_random:
            random.Random(path).shuffle(offsets)
        for offset in offsets:
            os.pread(fd, size, offset)
    finally:
        os.close(fd)


def run_case(
    case: Case,
    library: str,
    selected: list[Work],
    *,
    rounds: int,
    duration_s: float,
    pinned: bool,
    halt_poll_us: int,
) -> list[Row]:
    """Measure each work on each side, in turns."""
    rows = [Row(case.name, work, []) for work in selected]
    with ExitStack() as stack:
        sessions = {}
        cpus = os.sched_getaffinity(0)
        device_cpus = cpus
        if pinned:
            stack.callback(os.sched_setaffinity, 0, cpus)
            os.sched_setaffinity(0, {min(cpus)})
            device_cpus = cpus - {min(cpus)}
        memory_fd = guest_memory()
        stack.callback(os.close, memory_fd)
        for place, side in enumerate(SIDES):
            path = os.path.join(case.folder, f"{case.name}-{side}.sock")
            process = subprocess.Popen(
                case.command(side, path),
                stdin=subprocess.DEVNULL,
                preexec_fn=lambda: os.sched_setaffinity(0, device_cpus),
            )
            sessions[side] = Session(library, path, process, memory_fd, place, halt_poll_us)
            stack.callback(sessions[side].close)
        # In each order as often: what one side did is felt by the next one, through what the host
        # lets a disk do in a time, and what it caches.
        orders = list(permutations(SIDES))
        random.Random(case.name).shuffle(orders)
        for at_random in (True, False):
            chosen = [row for row in rows if row.work.is_random == at_random]
            if chosen and not (case.direct or case.as_written):
                for file in dict.fromkeys(map(case.path, SIDES)):
                    warm(file, at_random=at_random)
            for number in range(rounds):
                for row in chosen:
                    outcomes = {}
                    for side in orders[number % len(orders)]:
                        if case.direct:
                            time.sleep(PAUSE_S)
                        outcomes[side] = sessions[side].measure(row.work, IMAGE_SIZE, duration_s)
                    row.rounds.append(outcomes)
    return rows


def table(rows: list[Row]) -> str:
    """The report for people."""
    head = f"{'':28} {OURS:^36}   {PEER:^36}            {'ratio of':^12}"
    columns = f"{'IOPS':>7} {'MiB/s':>6} {'p50':>5} {'p99':>6} {'CPU':>6} µs"
    lines = [head, f"{'':28} {columns}   {columns}  engine     IOPS   CPU"]
    for row in rows:
        cells = []
        for side in (OURS, PEER):
            iops, mib, p50, p99, cpu = (
                row.median(side, figure)
                for figure in (
                    _iops,
                    lambda outcome: outcome.mib_per_s,
                    lambda outcome: outcome.p50_us,
                    lambda outcome: outcome.p99_us,
                    _cpu,
                )
            )
            cells.append(f"{iops:7.0f} {mib:6.0f} {p50:5.0f} {p99:6.0f} {cpu:6.1f}   ")
        name = f"{row.case:6} {row.work}"
        ratios = f"{row.ratio(_iops):6.2f} {row.ratio(_cpu):5.2f}"
        misses = "  MISSED: " + ", ".join(row.misses()) if row.misses() else ""
        lines.append(f"{name:28} {cells[0]}   {cells[1]}  {row.engine:9}{ratios}{misses}")
    return "\n".join(lines)


def _parse() -> argparse.Namespace:
    parser = arguments(__doc__, rounds=6)
    parser.add_argument("--quick", action="store_true", help="one short round at two depths")
    parser.add_argument("--case", action="append", help="only this one: tmpfs, cached, ...")
    parser.add_argument("--only", default="", help="only works whose name has this text")
    parser.add_argument("--duration", type=float, default=0.5, help="seconds; default 0.5")
    parser.add_argument(
        "--unpinned", action="store_true", help="let the scheduler place driver and devices"
    )
    parser.add_argument(
        "--halt-poll-us",
        type=int,
        default=HALT_POLL_US,
        help=f"how long the driver polls before it sleeps; default {HALT_POLL_US}",
    )
    parser.add_argument("--folder", default="/var/tmp", help="where the disk is; default /var/tmp")
    args = parser.parse_args()
    if args.halt_poll_us < 0:
        parser.error(f"--halt-poll-us is 0 or more, not {args.halt_poll_us}")
    return args


def main() -> None:
    """Measure and print."""
    args = _parse()
    depths, rounds, duration_s = DEPTHS, args.rounds, args.duration
    if args.quick:
        depths, rounds, duration_s = (1, 32), 1, 0.1
    pinned = not args.unpinned and len(os.sched_getaffinity(0)) > 1
    if shutil.which(PEER) is None:
        sys.exit(f"this benchmark needs {PEER} (Debian: qemu-system-common)")
    rows: list[Row] = []
    with ExitStack() as stack:
        memory, disk = (
            stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-blk-", dir=folder))
            for folder in ("/dev/shm", args.folder)
        )
        library = os.path.join(disk, "vhost_load.so")
        compile_c("vhost_load.c", library, "-shared", "-fPIC")
        cases = [
            Case("tmpfs", memory),
            Case("written", disk, as_written=True),
            Case("cached", disk),
            Case("direct", disk, direct=True),
            Case("qcow2", disk, qcow2=True),
        ]
        selected = [work for work in works(depths) if args.only in f"{work};"]
        for case in cases:
            if args.case and case.name not in args.case:
                continue
            make_images(case)
            try:
                rows += run_case(
                    case,
                    library,
                    selected,
                    rounds=rounds,
                    duration_s=duration_s,
                    pinned=pinned,
                    halt_poll_us=args.halt_poll_us,
                )
            except LoadError as error:
                sys.exit(f"{case.name}: {error}")
    print(json.dumps([row.as_json() for row in rows], indent=2) if args.json else table(rows))


if __name__ == "__main__":
    main()
