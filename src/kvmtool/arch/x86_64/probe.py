"""Whether a KVM can run a stock Linux kernel: found by running a few instructions of one.

Some KVMs run only guests that cooperate, and send all others through KVM's instruction emulator,
which is slow and knows a part of the instruction set. Neither CPUID nor a module's name tells.
The payload is what every x86-64 kernel does and the emulator cannot: 64-bit code with SSE2.
"""

from __future__ import annotations

import threading

from kvmtool.arch.x86_64 import entry
from kvmtool.bus.space import mmio_space, port_space
from kvmtool.core.runloop import RunLoop
from kvmtool.errors import KvmFailure
from kvmtool.memory import GuestMemory
from kvmtool.uapi import kvm as uapi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kvmtool.kvm import Kvm

_CODE = 0x100000
_RAM_SIZE = 2 << 20
_TIME_LIMIT_S = 1.0
_PAYLOAD = bytes.fromhex(
    "0f20e0"  # mov rax, cr4
    "660d0006"  # or ax, 0x600: OSFXSR, OSXMMEXCPT
    "0f22e0"  # mov cr4, rax
    "0f57c0"  # xorps xmm0, xmm0
    "660f76c9"  # pcmpeqd xmm1, xmm1
    "660fd4c1"  # paddq xmm0, xmm1
    "660fd7c0"  # pmovmskb eax, xmm0
    "f4"  # hlt
)
_EXPECTED_EAX = 0xFFFF


def why_not_linux(kvm: Kvm) -> str:
    """Return why `kvm` cannot run a stock kernel, or an empty string if it can."""
    memory = GuestMemory([(0, _RAM_SIZE)])
    try:
        with kvm.create_vm() as vm:
            region = memory.regions[0]
            vm.set_user_memory_region(0, region.gpa, region.size, region.hva)
            with vm.create_vcpu(0) as vcpu:
                memory.write(_CODE, _PAYLOAD)
                entry.enter_long_mode(vcpu, memory, _CODE, rsi=0)
                run_loop = RunLoop(vcpu.fd, vcpu.run, port_space().table, mmio_space().table)
                watchdog = threading.Timer(_TIME_LIMIT_S, run_loop.kick)
                watchdog.start()
                try:
                    reason = run_loop.run()
                finally:
                    watchdog.cancel()
                if reason == uapi.KVM_EXIT_HLT and vcpu.get_regs().rax == _EXPECTED_EAX:
                    return ""
    except (KvmFailure, OSError) as error:
        return f"this host's KVM cannot run a guest ({error})"
    finally:
        memory.close()
    return "this host's KVM cannot run a stock kernel's instructions"
