"""Naps beside a guest that KVM enters all the time with an interrupt pending: prints the longest.

All on one CPU, whose timer's interrupts QEMU loses now and then.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time

from kvmtool import Machine, MachineConfig, Terminal

SECONDS = 10.0
NAP_S, SHORT_NAP_S = 0.1, 0.0001
SERIAL_IRQ = 4
# cli; again: xor eax, eax; cpuid; jmp again
PAYLOAD = b"\xfa\x31\xc0\x0f\xa2\xeb\xfa"


def longest_nap() -> float:
    """How long the longest of many naps took, in seconds."""
    longest = 0.0
    end = time.monotonic() + SECONDS
    while (before := time.monotonic()) < end:
        time.sleep(NAP_S)
        longest = max(longest, time.monotonic() - before)
    return longest


def main() -> None:
    os.sched_setaffinity(0, {0})
    with tempfile.NamedTemporaryFile() as kernel:
        kernel.write(PAYLOAD)
        kernel.flush()
        config = MachineConfig(kernel=kernel.name, memory_size=2 << 20, boot="flat")
        machine = Machine(config, Terminal(*os.pipe()))
    thread = threading.Thread(target=machine.run)
    thread.start()
    sleeper = os.fork()
    while not sleeper:  # many interrupts of the timer
        time.sleep(SHORT_NAP_S)
    try:
        machine.vm.irq_line(SERIAL_IRQ, 1)
        print(longest_nap())
    finally:
        os.kill(sleeper, signal.SIGKILL)
        machine.interrupt()
        thread.join()
        machine.close()


if __name__ == "__main__":
    main()
