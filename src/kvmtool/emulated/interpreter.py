"""The files of the running Python interpreter that L1 needs to have it up before its root.

L1's first process is this interpreter with the agent. A child of ours imports the agent and says
what that took: its modules' files, and its shared libraries as the dynamic linker named them
(dl_iterate_phdr(3)).
"""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from kvmtool.errors import KvmtoolError

_PROBE = r"""
import sys
standard = list(sys.path)
sys.path.append({source!r})
import kvmtool.emulated.agent
import ctypes
class Info(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]
names = []
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Info), ctypes.c_size_t, ctypes.c_void_p)
def note(info, size, data):
    names.append(info.contents.name.decode())
    return 0
ctypes.CDLL(None).dl_iterate_phdr(note, None)
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(*standard, sep="\0")
print(*names, *filter(None, files), sep="\0")
"""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that starts from these files alone."""

    program: str
    library_path: str
    home: str
    module_path: tuple[str, ...]
    files: tuple[str, ...]


def interpreter() -> Interpreter:
    """Return what this interpreter needs to run the agent. KvmtoolError if it cannot be told."""
    import kvmtool

    base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    source = os.path.dirname(os.path.abspath(next(iter(kvmtool.__path__))))
    done = subprocess.run(
        [base, "-I", "-S", "-c", _PROBE.format(source=source)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
    )
    if done.returncode:
        reason = (done.stderr.splitlines() or ["it gives no reason"])[-1]
        raise KvmtoolError(f"{base} cannot run the emulated host's agent: {reason}")
    standard, found = (line.split("\0") for line in done.stdout.splitlines())
    named = [path for path in found if path.startswith("/") and os.path.isfile(path)]
    files = tuple(dict.fromkeys([base, *named]))
    libraries = [path for path in files if ".so" in os.path.basename(path)]
    return Interpreter(
        program=base,
        library_path=":".join(dict.fromkeys(os.path.dirname(path) for path in libraries)),
        home=f"{sys.base_prefix}:{sys.base_exec_prefix}",
        module_path=(*standard, source),
        files=files,
    )


def compiled(path: str) -> tuple[str, bytes]:
    """Return where the bytecode of the module `path` belongs, and the bytecode.

    It is of the kind that is not checked against its source: an initramfs has no file times.
    """
    with tempfile.TemporaryDirectory() as directory:
        draft = os.path.join(directory, "module.pyc")
        py_compile.compile(
            path,
            cfile=draft,
            dfile=path,
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        with open(draft, "rb") as file:
            return importlib.util.cache_from_source(path), file.read()
