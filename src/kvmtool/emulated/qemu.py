"""One QEMU process, its command line, and what it is spoken to through (QMP, qemu-options)."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import time

from kvmtool.errors import KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Self

    from kvmtool.emulated import provision
    from kvmtool.emulated.architecture import Architecture

_PR_SET_PDEATHSIG = 1
_CONSOLE_KEPT = 8192
_CONSOLE_SHOWN = 10
_MONITOR_LIMIT_S = 20


class EmulatedHostFailure(KvmtoolError):
    """The emulated host did not come up, or ended before the command did."""


def options(
    arch: Architecture,
    *,
    kernel: str,
    initramfs: str,
    memory: str,
    memory_mib: int,
    cpus: int,
    template: bool,
) -> list[str]:
    """Return QEMU's options: a machine with nested virtualization and the host's tree over 9p.

    `memory` is the file that holds L1's memory. The template writes it; a run has a private,
    copy-on-write view of it.
    """
    words = f"console={arch.console} mitigations=off quiet panic=-1 oops=panic nokaslr"
    words += " cryptomgr.notests audit=0 selinux=0 apparmor=0"
    share = "on" if template else "off"
    backend = f"memory-backend-file,id=ram,size={memory_mib}M,mem-path={_comma(memory)}"
    return [
        *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-net", "none"),
        *("-machine", f"{arch.machine},memory-backend=ram", "-cpu", arch.cpu),
        *("-accel", "tcg,thread=multi,tb-size=512"),
        *("-smp", str(cpus), "-m", str(memory_mib)),
        *("-object", f"{backend},share={share}"),
        *("-kernel", kernel, "-initrd", initramfs, "-append", words),
        *("-fsdev", "local,id=root,path=/,security_model=none,multidevs=remap"),
        *("-device", "virtio-9p-pci,fsdev=root,mount_tag=root"),
        *("-device", "virtio-serial-pci,max_ports=2"),
        *("-device", "virtserialport,chardev=port,name=kvmtool"),
        *("-serial", "chardev:console", "-mon", "chardev=monitor,mode=control"),
        *(() if template else ("-incoming", "defer")),
    ]


def _comma(text: str) -> str:
    return text.replace(",", ",,")


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class QemuProcess:
    """A running QEMU as a context manager: it ends with the block, and with this process.

    Its `port` is the agent's serial port, `console` L1's console and QEMU's own messages.
    """

    def __init__(self, qemu: provision.Qemu, words: list[str]) -> None:
        self.port, port = socket.socketpair()
        self.console, console = socket.socketpair()
        self._monitor, monitor = socket.socketpair()
        ends = {"port": port, "console": console, "monitor": monitor}
        command = [*qemu.command, *words]
        for name, end in ends.items():
            command += ["-chardev", f"socket,id={name},fd={end.fileno()}"]
        self.console_ended = False
        self._tail = bytearray()
        self._lines = bytearray()
        parent = os.getpid()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console.fileno(),
                stderr=console.fileno(),
                env={**os.environ, **qemu.environment},
                pass_fds=[end.fileno() for end in ends.values()],
                start_new_session=True,
                preexec_fn=lambda: _die_with(parent),
            )
        except OSError as error:
            self._close()
            raise EmulatedHostFailure(f"cannot start {command[0]}: {error.strerror}") from None
        finally:
            for end in ends.values():
                end.close()
        self.console.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._close()

    def _close(self) -> None:
        for end in (self.port, self.console, self._monitor):
            end.close()

    def read_console(self) -> None:
        """Take what is on the console; only its end is kept."""
        try:
            while data := self.console.recv(65536):
                self._tail += data
                del self._tail[:-_CONSOLE_KEPT]
            self.console_ended = True
        except BlockingIOError:
            pass
        except OSError:
            self.console_ended = True

    def failure(self, what: str) -> EmulatedHostFailure:
        """Return the error that says `what`, with the console's last lines."""
        self.read_console()
        text = self._tail.decode(errors="replace").replace("\r", "")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        panic = next((at for at, line in enumerate(lines) if "Kernel panic" in line), len(lines))
        first = max(0, min(panic - 1, len(lines) - _CONSOLE_SHOWN))
        shown = lines[first : first + _CONSOLE_SHOWN]
        ending = "; its last lines:\n" + "\n".join(shown) if shown else ""
        return EmulatedHostFailure(f"the emulated host {what}{ending}")

    def wait_for(self, data: bytes, limit_s: float) -> None:
        """Wait until L1 sends `data` on its port. EmulatedHostFailure after `limit_s` seconds."""
        deadline = time.monotonic() + limit_s
        got = b""
        while got != data:
            poll = select.poll()
            poll.register(self.port, select.POLLIN)
            poll.register(self.console, select.POLLIN)
            left = deadline - time.monotonic()
            ready = dict(poll.poll(max(0, left) * 1000))
            if not ready:
                raise self.failure(f"was not up after {limit_s:.0f} s")
            if self.console.fileno() in ready:
                self.read_console()
                if ready[self.console.fileno()] & select.POLLHUP:
                    raise self.failure("ended before it was up")
            if self.port.fileno() in ready:
                part = self.port.recv(len(data) - len(got))
                got += part
                if not part or not data.startswith(got):
                    raise self.failure("ended before it was up")

    def _message(self) -> dict[str, Any]:
        while b"\n" not in self._lines:
            data = self._monitor.recv(65536)
            if not data:
                raise self.failure("ended while it was being started")
            self._lines += data
        line, _, rest = bytes(self._lines).partition(b"\n")
        self._lines[:] = rest
        message: dict[str, Any] = json.loads(line)
        return message

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run one QMP command and return its result. EmulatedHostFailure if QEMU refuses it."""
        request = json.dumps({"execute": command, "arguments": arguments})
        try:
            self._monitor.sendall(request.encode() + b"\n")
            while True:
                message = self._message()
                if "error" in message:
                    raise self.failure(f"refused {command}: {message['error']['desc']}")
                if "return" in message:
                    return message["return"]
        except OSError as error:
            raise self.failure(f"did not answer to {command} ({error})") from None

    def greet(self) -> None:
        """Begin a conversation with the monitor and leave L1's memory out of migrations."""
        self._monitor.settimeout(_MONITOR_LIMIT_S)
        self.execute("qmp_capabilities")
        capability = {"capability": "x-ignore-shared", "state": True}
        self.execute("migrate-set-capabilities", capabilities=[capability])

    def save(self, path: str) -> None:
        """Write the machine's state, without its memory, to `path`; it does not run on."""
        self.execute("migrate", uri=f"exec:cat >{_shell(path)}")
        self._migrated()

    def restore(self, path: str) -> None:
        """Take the state that `save` wrote and run on from there."""
        self.execute("migrate-incoming", uri=f"exec:cat <{_shell(path)}")

    def _migrated(self) -> None:
        deadline = time.monotonic() + _MONITOR_LIMIT_S
        while True:
            status = self.execute("query-migrate").get("status")
            if status == "completed":
                return
            if status in ("failed", "cancelled") or time.monotonic() > deadline:
                raise self.failure(f"could not be saved (migration {status})")
            time.sleep(0.01)


def _shell(path: str) -> str:
    return "'" + path.replace("'", "'\\''") + "'"
