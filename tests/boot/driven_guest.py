"""A guest that is driven by lines of shell, for scripts that run on a KVM that boots Linux.

Such a script runs by itself, in the emulated host where this host's KVM is none for Linux.
"""

from __future__ import annotations

import faulthandler
import os
import select
import threading
import time

from kvmtool import Machine, MachineConfig, Terminal
from kvmtool.arch import host_architecture
from kvmtool.guest import modules
from kvmtool.guest.initramfs import built_in
from kvmtool.outcome import Outcome
from kvmtool.virtio import catalog

_LOOP = 'stty -echo; while read -r line; do eval "$line"; echo ==end; done'
_ANSWER_S = 120.0
# A script that hangs ends with the stacks of its threads, before the test that runs it gives up.
faulthandler.dump_traceback_later(200, exit=True)


class DrivenGuest:
    """The built-in guest on the cached kernel, with virtio devices of these kinds and options.

    Raises TimeoutError if it does not answer within `start_s` seconds.
    """

    def __init__(
        self,
        *devices: tuple[str, str],
        memory_mib: int = 256,
        start_s: float = _ANSWER_S,
        **options: object,
    ) -> None:
        kernel = host_architecture().find_kernel()
        transport = str(options.get("transport", "pci"))
        drivers = catalog.drivers([kind for kind, _ in devices], transport)
        initrd = built_in(
            ["sh", "-c", _LOOP], is_terminal=True, modules=modules.find(kernel, drivers)
        )
        config = MachineConfig(
            kernel=kernel,
            initrds=[initrd],
            parameters="quiet",
            reports_status=True,
            memory_size=memory_mib << 20,
            devices=devices,
            **options,  # type: ignore[arg-type]
        )
        self._guest_input, self._input = os.pipe()
        self._output, self._guest_output = os.pipe()
        self.machine = Machine(config, Terminal(self._guest_input, self._guest_output))
        self.outcome: Outcome | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        try:
            self.ask("true", start_s)
        except BaseException:
            self.close()  # the interpreter would wait for the machine's threads
            raise

    def _run(self) -> None:
        try:
            self.outcome = self.machine.run()
        finally:
            os.close(self._guest_output)  # whoever waits for an answer is told

    def send(self, line: str) -> None:
        """Have the guest's shell run `line`, and do not wait."""
        os.write(self._input, line.encode() + b"\n")

    def answer(self, timeout_s: float = _ANSWER_S) -> str:
        """Wait for the end of the line that was sent, and return what it printed.

        Raises TimeoutError if that does not come, or the machine has ended.
        """
        seen = ""
        end = time.monotonic() + timeout_s
        while "==end" not in seen:
            ready, _, _ = select.select([self._output], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self._output, 65536) if ready else b""
            if not data:
                raise TimeoutError(f"the guest said only {seen!r}; {self.outcome}")
            seen += data.decode(errors="replace")
        return seen.partition("==end")[0].replace("\r", "").strip()

    def ask(self, line: str, timeout_s: float = _ANSWER_S) -> str:
        """Have the guest's shell run `line`, and return what it printed."""
        self.send(line)
        return self.answer(timeout_s)

    def exits(self) -> int:
        """How many exits to this process the vCPUs have made so far."""
        return sum(sum(loop.statistics().values()) for loop in self.machine.run_loops)

    def handled(self) -> int:
        """How many accesses of the guest have run Python so far."""
        parts = self.machine.parts
        return parts.ports.table.handled + parts.mmio.table.handled

    def close(self) -> None:
        """End the machine and give everything back."""
        self.machine.interrupt()
        self._thread.join()
        self.machine.close()
        for fd in (self._guest_input, self._input, self._output):
            os.close(fd)


def wait_until(what: str, condition: object, timeout_s: float = 60.0) -> None:
    """Wait until `condition()` is true; AssertionError that says `what` if it never is."""
    end = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, f"never seen: {what}"
        time.sleep(0.05)
