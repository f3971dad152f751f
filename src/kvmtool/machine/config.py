"""The description of a machine, before anything of it exists."""

from __future__ import annotations

from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CONSOLES = ("serial", "virtio")
TRANSPORTS = ("pci", "mmio")
BOOT_WAYS = ("auto", "direct", "pvh", "decompressor", "multiboot", "flat")
_MIB = 1 << 20


class MachineConfig:
    """What to build.

    `kernel` is a path. `initrds` are paths, or the bytes of an archive, and are concatenated.
    With `reports_status` the guest says its exit status on the second serial port: a decimal
    number and a line end, upon which the machine ends. `memory_size` is in bytes, a
    multiple of 4 KiB; `page_size` is 0, or that of huge pages, in bytes. `parameters` are
    appended to the default kernel command line, or are all of it with `no_defaults`. `cpuid`
    is a list such as "+x2apic,-avx2". `boot` is one of BOOT_WAYS. `debug_ports` and `debug_mmio`
    report accesses that no device claims.

    `devices` are virtio devices, each a kind of kvmtool.virtio.catalog and the text of its
    option; `vhost_user` are ones that other programs serve, each a kind and the path of a
    socket. `console` is one of CONSOLES, `transport` one of TRANSPORTS. `packed_queues` offers
    packed virtqueues. `device_threads` has the devices in this process instead of one each, and
    `sandbox` False leaves those processes all their rights. `trace` names the queues whose
    chains are logged, such as "rng0.requests" or "blk0". Raises BadInput for what no machine
    can be.
    """

    def __init__(
        self,
        *,
        kernel: str,
        initrds: Sequence[str | bytes] = (),
        reports_status: bool = False,
        memory_size: int = 512 * _MIB,
        cpus: int = 1,
        parameters: str = "",
        no_defaults: bool = False,
        boot: str = "auto",
        cpuid: str = "",
        page_size: int = 0,
        device: str = "/dev/kvm",
        name: str = "",
        debug_ports: bool = False,
        debug_mmio: bool = False,
        devices: Sequence[tuple[str, str]] = (),
        vhost_user: Sequence[tuple[str, str]] = (),
        console: str = "serial",
        transport: str = "pci",
        packed_queues: bool = False,
        device_threads: bool = False,
        sandbox: bool = True,
        trace: Sequence[str] = (),
    ) -> None:
        if cpus < 1:
            raise BadInput(f"a machine has at least 1 CPU, not {cpus}")
        if memory_size < _MIB:
            raise BadInput(f"a machine has at least 1 MiB of RAM, not {memory_size} bytes")
        if memory_size % 4096:
            raise BadInput(f"RAM is a multiple of 4 KiB, not {memory_size} bytes")
        if boot not in BOOT_WAYS:
            raise BadInput(f"a machine boots one of {', '.join(BOOT_WAYS)}; not {boot}")
        if console not in CONSOLES:
            raise BadInput(f"a console is one of {', '.join(CONSOLES)}; not {console}")
        if transport not in TRANSPORTS:
            raise BadInput(f"a virtio transport is one of {', '.join(TRANSPORTS)}; not {transport}")
        self.kernel = kernel
        self.initrds = list(initrds)
        self.reports_status = reports_status
        self.memory_size = memory_size
        self.cpus = cpus
        self.parameters = parameters
        self.no_defaults = no_defaults
        self.boot = boot
        self.cpuid = cpuid
        self.page_size = page_size
        self.device = device
        self.name = name
        self.debug_ports = debug_ports
        self.debug_mmio = debug_mmio
        self.devices = list(devices)
        self.vhost_user = list(vhost_user)
        self.console = console
        self.transport = transport
        self.packed_queues = packed_queues
        self.device_threads = device_threads
        self.sandbox = sandbox
        self.trace = list(trace)
