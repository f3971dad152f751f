"""Files from the distribution's packages, without root and without installing any (apt.conf(5)).

apt works here in a root of its own below the cache: its package lists, its archives and an
empty list of installed packages. It reads the sources and keys in /etc/apt; it writes nothing
there, and dpkg's database is not touched. A package is unpacked with `dpkg -x` into a draft
directory, which becomes the real one by a single rename.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from contextlib import contextmanager

from kvmtool import log
from kvmtool.cache import cache_dir
from kvmtool.emulated.progress import Step
from kvmtool.errors import ExitStatus, KvmtoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HOOKS = (
    "APT::Update::Pre-Invoke",
    "APT::Update::Post-Invoke",
    "APT::Update::Post-Invoke-Success",
    "DPkg::Pre-Install-Pkgs",
    "DPkg::Pre-Invoke",
    "DPkg::Post-Invoke",
)
_LISTS_LAST_S = 24 * 3600
_DRAFT = ".draft"


class SetupFailure(KvmtoolError):
    """A file that the distribution's packages have could not be got from them."""

    exit_status = ExitStatus.NO_USABLE_KVM


@contextmanager
def locked() -> Iterator[None]:
    """Hold the cache's lock: one process at a time makes files in it."""
    path = os.path.join(cache_dir(), "setup.lock")
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("another lkvm is setting this machine up: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def made_whole(path: str) -> Iterator[str]:
    """Give a draft directory that becomes `path` if the body succeeds, and else goes away.

    The caller holds the lock, so a draft that is there already is one that was interrupted.
    """
    draft = path + _DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    os.makedirs(draft, exist_ok=True)
    try:
        yield draft
        if os.path.isdir(path):
            shutil.rmtree(path)
        os.rename(draft, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def configuration(root: str, debian_name: str, hooks: Sequence[str] = _HOOKS) -> str:
    """Return an apt configuration that keeps everything apt writes below `root`.

    The host's hooks are cleared: they are made for its own apt, and one may delete its archives.
    """
    settings = {
        "Dir::State": f"{root}/state",
        "Dir::State::status": f"{root}/status",
        "Dir::Cache": f"{root}/cache",
        "Dir::Cache::archives": "archives",
        "Dir::Log": f"{root}/log",
        "APT::Architecture": debian_name,
        "APT::Sandbox::User": "",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
    }
    cleared = [f"#clear {hook};" for hook in (*hooks, "APT::Architectures")]
    lines = [f'{name} "{value}";' for name, value in settings.items()]
    return "\n".join((*cleared, *lines, f'APT::Architectures {{ "{debian_name}"; }};', ""))


def dependency(record: str, prefix: str) -> str | None:
    """Return the first package that `record` depends on whose name begins with `prefix`.

    `record` is a package's paragraph as `apt-cache show` prints it (deb-control(5)).
    """
    fields = re.findall(r"^(?:Pre-)?Depends:((?:.*\n[ \t])*.*)$", record, re.MULTILINE)
    for alternatives in ",".join(fields).split(","):
        name = re.split(r"[\s(:|]", alternatives.strip(), maxsplit=1)[0]
        if name.startswith(prefix):
            return name
    return None


def closure(listing: str) -> list[tuple[str, int]]:
    """Return the file name and size in bytes of each archive in `apt-get --print-uris` output."""
    found = re.findall(r"^'[^']+' (\S+\.deb) (\d+)(?: \S*)?$", listing, re.MULTILINE)
    return [(name, int(size)) for name, size in found]


class Packages:
    """The packages of one Debian architecture, by this machine's own sources.

    Raises SetupFailure where there is no apt, or when it fails; the message has apt's reason.
    """

    def __init__(self, debian_name: str, *, by_hand: str) -> None:
        """`by_hand` says what to install on a machine without apt."""
        missing = [tool for tool in ("apt-get", "apt-cache", "dpkg-deb") if not shutil.which(tool)]
        if missing:
            raise SetupFailure(f"this machine has no {missing[0]}; install by hand: {by_hand}")
        self._root = cache_dir("apt", debian_name)
        self._archives = cache_dir("apt", debian_name, "cache", "archives")
        self._configuration = os.path.join(self._root, "apt.conf")
        cache_dir("apt", debian_name, "cache", "archives", "partial")
        cache_dir("apt", debian_name, "state", "lists", "partial")
        cache_dir("apt", debian_name, "log")
        with open(os.path.join(self._root, "status"), "w"):
            pass  # empty: nothing is installed
        with open(self._configuration, "w") as file:
            file.write(configuration(self._root, debian_name))
        self._update()

    def resolve(self, package: str, prefix: str) -> str:
        """Return the package with a name that begins with `prefix` which `package` depends on."""
        record = self._run("apt-cache", "show", "--no-all-versions", package)
        found = dependency(record, prefix)
        if found is None:
            raise SetupFailure(f"the package {package} depends on no package {prefix}*")
        return found

    def unpack(self, package: str, directory: str) -> None:
        """Fetch `package` alone and unpack it into `directory`."""
        self._fetch(package, ["download", package])
        self._unpack_all(package, directory)

    def unpack_with_dependencies(self, package: str, directory: str) -> None:
        """Fetch `package` and everything that it needs and unpack all of it into `directory`."""
        install = ["-y", "install", package]
        archives = closure(self._run("apt-get", "--print-uris", *install))
        if not archives:
            raise SetupFailure(f"apt-get names no archives for the package {package}")
        size_mib = sum(size for _, size in archives) >> 20
        label = f"{package} and {len(archives) - 1} packages that it needs, {size_mib} MiB"
        self._fetch(label, ["--download-only", *install])
        self._unpack_all(label, directory)

    def _update(self) -> None:
        stamp = os.path.join(self._root, "updated")
        try:
            import time

            if 0 <= time.time() - os.stat(stamp).st_mtime < _LISTS_LAST_S:
                return
        except FileNotFoundError:
            pass
        self._fetch("the list of packages", ["update", "--error-on=any"])
        with open(stamp, "w"):
            pass

    def _fetch(self, label: str, arguments: Sequence[str]) -> None:
        """Run apt-get in the archives' directory and show the progress that it reports."""
        incoming, outgoing = os.pipe()
        command = ["apt-get", "-c", self._configuration, "-q", *arguments]
        command += ["-o", f"APT::Status-Fd={outgoing}", "-o", f"APT::Keep-Fds::={outgoing}"]
        with open(incoming) as reports, Step(f"fetching {label}") as step:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    cwd=self._archives,
                    env=_environment(),
                    pass_fds=(outgoing,),
                )
            finally:
                os.close(outgoing)
            with process:
                assert process.stderr is not None
                for report in reports:
                    fields = report.split(":")
                    if fields[0] == "dlstatus" and len(fields) > 2:
                        step.reached(float(fields[2]))
                reason = process.stderr.read()
        if process.returncode:
            raise _failure(command, reason.decode(errors="replace"))

    def _unpack_all(self, label: str, directory: str) -> None:
        archives = sorted(name for name in os.listdir(self._archives) if name.endswith(".deb"))
        if not archives:
            raise SetupFailure(f"apt-get fetched no archive for {label}")
        with Step(f"unpacking {label}") as step:
            for count, name in enumerate(archives):
                path = os.path.join(self._archives, name)
                _output(["dpkg-deb", "-x", path, directory])
                os.unlink(path)
                step.reached(100 * (count + 1) / len(archives))

    def _run(self, tool: str, *arguments: str) -> str:
        return _output([tool, "-c", self._configuration, "-q", *arguments])


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=_environment()
    )
    if done.returncode:
        raise _failure(command, done.stderr)
    return done.stdout


def _failure(command: Sequence[str], reason: str) -> SetupFailure:
    lines = [line for line in reason.splitlines() if line.startswith(("E:", "dpkg-deb: error"))]
    said = (lines or reason.splitlines() or ["it gives no reason"])[0]
    return SetupFailure(f"{command[0]} failed: {said.removeprefix('E: ')}")
