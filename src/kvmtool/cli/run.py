"""`lkvm run`: boots a machine on this terminal."""

from __future__ import annotations

import os
import sys

from kvmtool import log
from kvmtool.errors import BadInput, ExitStatus, NoUsableKvm

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from kvmtool.machine.config import MachineConfig
    from kvmtool.outcome import Outcome
    from kvmtool.virtio import catalog

NAME = "run"
TAKES_COMMAND_LINE = True
DASHED_VALUES = ("--cpuid",)
HELP = "boot a kernel, or a bare payload, in a new machine"
EPILOG = """\
exit status:
  0     the guest powered off
  2     bad arguments, or a file that cannot be used
  100   the guest's kernel panicked
  102   triple fault
  104   KVM error; the vCPU's state is on standard error
  106   no usable KVM on this host
  108   the guest powered off before its command (-- COMMAND) had ended
  130   interrupted: Ctrl-A x, a signal, or nobody reads the output
  odd   the status that a bare payload gave to the debug exit
with -- COMMAND, the exit status is the command's; its standard input is the terminal, or empty

keys on a terminal: Ctrl-A x ends the machine, Ctrl-A h lists the others
"""

_UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
_MIB = 1 << 20
_LONGEST_NUMBER = 20
_EMULATED_HOST_OWN_MIB = 512
_INSIDE_EMULATED_HOST = "KVMTOOL_EMULATED"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options, named as the C tool names them where it has them."""
    add = parser.add_argument
    from kvmtool.virtio import catalog

    parser.usage = "lkvm run [OPTION...] [KERNEL] [-- COMMAND [ARGUMENT...]]"
    add("image", nargs="?", metavar="KERNEL", help="the kernel (same as -k)")
    add("-k", "--kernel", metavar="FILE", help="bzImage, ELF vmlinux, multiboot or flat image")
    add("-i", "--initrd", metavar="FILE", action="append", default=[],
        help="initial RAM disk; several are concatenated")  # fmt: skip
    add("-m", "--mem", metavar="SIZE", help="RAM, in MiB or with a unit (512, 2G); default 512")
    add("-c", "--cpus", metavar="N", default="1", help="number of vCPUs; default 1")
    add("-p", "--params", metavar="TEXT", action="append", default=[],
        help="append to the kernel command line")  # fmt: skip
    add("--nodefaults", action="store_true", help="no default kernel command line")
    add("--boot", metavar="WAY", default="auto",
        help="auto, direct (unpacked here, 64-bit entry), pvh, decompressor (the kernel's own),"
        " multiboot, flat; default auto, the fastest that works")  # fmt: skip
    add("--name", default="", help="name of the machine, which ps shows; default guest-PID")
    add("--console", choices=["serial", "virtio"], default="serial", help="console device")
    for entry in catalog.ENTRIES:
        if entry.kind != "console":
            _add_device(add, entry)
    add(
        "--vhost-user",
        metavar="KIND,SOCKET",
        action="append",
        default=[],
        help="a device that another program serves on a socket, such as blk,/tmp/s",
    )
    add(
        "--virtio-transport",
        choices=["pci", "mmio"],
        default="pci",
        help="what virtio devices are on; default pci",
    )
    add("--packed-queues", action="store_true", help="offer packed virtqueues")
    add(
        "--device-threads",
        action="store_true",
        help="virtio devices in threads of this process, for a debugger, instead of processes",
    )
    add("--no-sandbox", action="store_true", help="leave device processes all their rights")
    add(
        "--debug-virtio",
        metavar="NAME",
        action="append",
        default=[],
        help="report the chains of a device or of a queue (blk0, rng0.requests)",
    )
    add("--cpuid", metavar="LIST", default="", help="CPU features to change: +FEATURE,-FEATURE,…")
    add("--hugepages", metavar="SIZE", help="RAM from huge pages of this size (2M, 1G)")
    add("--no-reboot", action="store_true", help="a reboot of the guest ends the run")
    add("--accel", choices=["auto", "kvm", "emulated"], default="auto",
        help="this host's KVM, the emulated host, or the one that can run the image")  # fmt: skip
    add("--dev", metavar="PATH", default="/dev/kvm", help="KVM device; default /dev/kvm")
    add("--loglevel", choices=log.LEVELS, default="info", help="how much to say; default info")
    add("--debug", action="store_const", dest="loglevel", const="debug", help="--loglevel debug")
    add("--debug-ioport", action="store_true", help="report accesses to ports that nobody claims")
    add("--debug-mmio", action="store_true", help="report accesses to MMIO that nobody claims")


def _add_device(add: Callable[..., object], entry: catalog.Entry) -> None:
    """Declare the option that asks for a device; they are kept in the order they are given in."""
    names = [entry.short, entry.option] if entry.short else [entry.option]
    if entry.metavar:
        kept = {"metavar": entry.metavar, "type": lambda text: (entry.kind, text)}
        add(*names, dest="devices", action="append", default=[], help=entry.help, **kept)
    else:
        add(*names, dest="devices", action="append_const", const=(entry.kind, ""), default=[],
            help=entry.help)  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Boot, again after each reboot of the guest, and return the exit status."""
    log.set_level(args.loglevel)
    config = _config(args)
    accel = "kvm" if _INSIDE_EMULATED_HOST in os.environ else args.accel
    if accel == "emulated":
        return _run_emulated(config, args, None)
    if accel == "auto":
        reason = _why_not_here(config)
        if reason:
            return _run_emulated(config, args, reason)
    return _run_here(config, args)


def _config(args: argparse.Namespace) -> MachineConfig:
    from kvmtool.arch import host_architecture
    from kvmtool.machine.config import MachineConfig

    named = [path for path in (args.kernel, args.image) if path is not None]
    if len(named) > 1:
        raise BadInput(f"give one kernel: -k {args.kernel} or {args.image}")
    arch = host_architecture()
    kernel = named[0] if named else arch.find_kernel()
    initrds: list[str | bytes] = args.initrd
    parameters = args.params
    if args.command_line and initrds:
        raise BadInput("a command (-- COMMAND) runs in the built-in guest, not in an initrd (-i)")
    if not initrds and not args.nodefaults and arch.is_linux(kernel, args.boot):
        from kvmtool.guest.initramfs import built_in

        modules = _modules(args, kernel)
        initrds = [built_in(args.command_line, is_terminal=os.isatty(0), modules=modules)]
        if args.command_line:
            parameters = ["quiet", *parameters]
    elif args.command_line:
        raise BadInput("a command (-- COMMAND) needs a Linux kernel and its default parameters")
    return MachineConfig(
        kernel=kernel,
        initrds=initrds,
        reports_status=bool(args.command_line),
        memory_size=_size(args.mem, "-m") if args.mem is not None else 512 * _MIB,
        cpus=_count(args.cpus),
        parameters=" ".join(parameters),
        no_defaults=args.nodefaults,
        boot=args.boot,
        cpuid=args.cpuid,
        page_size=0 if args.hugepages is None else _page_size(args.hugepages),
        device=args.dev,
        name=args.name or f"guest-{os.getpid()}",
        debug_ports=args.debug_ioport,
        debug_mmio=args.debug_mmio,
        devices=args.devices,
        vhost_user=[_vhost_user(text) for text in args.vhost_user],
        console=args.console,
        transport=args.virtio_transport,
        packed_queues=args.packed_queues,
        device_threads=args.device_threads,
        sandbox=not args.no_sandbox,
        trace=args.debug_virtio,
    )


def _modules(args: argparse.Namespace, kernel: str) -> list[tuple[str, bytes]]:
    """The drivers of the machine's devices, where the kernel has them as modules."""
    kinds = [kind for kind, _ in args.devices]
    kinds += [_vhost_user(text)[0] for text in args.vhost_user]
    if args.console == "virtio":
        kinds.append("console")
    if not kinds:
        return []
    from kvmtool.guest import modules
    from kvmtool.virtio import catalog

    return modules.find(kernel, catalog.drivers(kinds, args.virtio_transport))


def _vhost_user(text: str) -> tuple[str, str]:
    kind, comma, path = text.partition(",")
    if not (kind and comma and path):
        raise BadInput(f"--vhost-user takes KIND,SOCKET such as blk,/tmp/socket, not {text!r}")
    return kind, path


def _count(text: str) -> int:
    if not _is_number(text):
        raise BadInput(f"-c takes a number of CPUs, not {text!r}")
    return int(text)


def _is_number(text: str) -> bool:
    # What is longer is a mistake, and int() refuses thousands of digits.
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER


def _size(text: str, option: str) -> int:
    """Parse a size: MiB, or with one of the units B K M G T P."""
    unit = text[-1:].upper()
    digits = text[:-1] if unit in _UNITS else text
    if not _is_number(digits):
        raise BadInput(f"{option} takes a size such as 512 or 2G, not {text!r}")
    return int(digits) * _UNITS.get(unit, _MIB)


def _page_size(text: str) -> int:
    size = _size(text, "--hugepages")
    if size.bit_count() != 1:
        raise BadInput(f"--hugepages takes a power of two such as 2M, not {text!r}")
    return size


def _why_not_here(config: MachineConfig) -> str:
    """Why this host's KVM cannot run the image; nothing if it can."""
    from kvmtool.arch import host_architecture
    from kvmtool.kvm import Kvm

    arch = host_architecture()
    is_linux = arch.is_linux(config.kernel, config.boot)
    try:
        with Kvm(config.device) as kvm:
            return arch.why_not_linux(kvm) if is_linux else ""
    except NoUsableKvm as error:
        return str(error)


def _run_emulated(config: MachineConfig, args: argparse.Namespace, reason: str | None) -> int:
    from kvmtool.arch import host_architecture
    from kvmtool.emulated import host
    from kvmtool.memory import check_host_has

    # What this host lacks is said at once, and what it does faster is done here.
    check_host_has(config.memory_size)
    host_architecture().prepare(config)
    memory_mib = host.DEFAULT_MEMORY_MIB
    while memory_mib < config.memory_size // _MIB + _EMULATED_HOST_OWN_MIB:
        memory_mib *= 2
    return host.run_lkvm(["run", *args.arguments], memory_mib=memory_mib, reason=reason)


def _run_here(config: MachineConfig, args: argparse.Namespace) -> int:
    from kvmtool.backends.terminal import Terminal
    from kvmtool.cli.interruption import end_on_signals
    from kvmtool.machine.machine import Machine
    from kvmtool.outcome import Cause

    _occupy_closed_streams()
    _show_name(config.name)
    without_input = args.command_line and not os.isatty(0)
    terminal = Terminal(os.open(os.devnull, os.O_RDONLY) if without_input else 0)
    end_on_signals()
    while True:
        machine = Machine(config, terminal)
        try:
            outcome = machine.run()
        except KeyboardInterrupt:
            return ExitStatus.INTERRUPTED
        finally:
            log.debug(f"exits by reason: {[loop.statistics() for loop in machine.run_loops]}")
            unused = machine.board.unused_devices()
            machine.close()
        for name in unused:
            log.info(f"{name}: the guest has not used it; is there a driver for it in its kernel?")
        if outcome.cause is not Cause.RESET or args.no_reboot:
            return _report(outcome)
        log.debug("the guest reboots")


def _show_name(name: str) -> None:
    try:
        with open("/proc/self/comm", "w") as comm:
            comm.write(name)
    except OSError as error:
        log.debug(f"ps will not show the machine's name: {error.strerror}")


def _occupy_closed_streams() -> None:
    """Keep the descriptors of closed standard streams from becoming the machine's files."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


def _report(outcome: Outcome) -> int:
    from kvmtool.outcome import Cause

    if outcome.status == ExitStatus.NO_STATUS:
        log.error("the guest powered off before its command ended")
    if outcome.cause in (Cause.PANIC, Cause.TRIPLE_FAULT, Cause.KVM_ERROR):
        log.error(outcome.cause.value)
        if outcome.detail and sys.stderr is not None:
            sys.stderr.write(outcome.detail.rstrip("\n") + "\n")
    return int(outcome.status)
