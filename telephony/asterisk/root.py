"""Builds the development Asterisk: a small Debian tree of its own, kept in the user's cache."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

Report = Callable[[str], None]

SUITE = "forky"
PACKAGES = (
    "asterisk",
    "asterisk-modules",
    "asterisk-core-sounds-en-wav",
    "asterisk-moh-opsound-wav",
    "sip-tester",
)
OLDEST = (22, 10, 1)
REFUSED = ((22, 11, 0),)  # bridging a spied channel fails there (asterisk#2134)
RECIPE = hashlib.sha256(repr((SUITE, PACKAGES, OLDEST)).encode()).hexdigest()[:8]

DOCKER_HINT = "or use `docker compose up`, which brings an Asterisk of its own"


class RootUnavailable(RuntimeError):
    """The development root cannot be built here; the message says what it needs."""


def default_root() -> Path:
    """Return where the root is kept, shared by all clones of the same recipe."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "hotline" / f"asterisk-root-{SUITE}-{RECIPE}"


def build_root(directory: str | Path | None = None, report: Report = print) -> Path:
    """Return the development root in `directory` (default: the cache), building it first if it is not there.

    Takes 425 MB and about half a minute. Two builders wait for each other; a build that fails leaves nothing.
    Raises RootUnavailable, with what is missing, when it cannot be built on this machine.
    """
    target = Path(directory).absolute() if directory is not None else default_root()
    if not _is_root(target):
        _check_machine()
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(target.name + ".lock"), report):
            if not _is_root(target):
                _build(target, report)
    _name_this_host(target)
    return target


def asterisk_version(root: str | Path) -> str:
    """Return the version of the Asterisk in `root`; raises RootUnavailable unless it is one we can use."""
    answer = subprocess.run(["chroot", str(root), "asterisk", "-V"], capture_output=True, text=True, check=False)
    return check_version(answer.stdout.strip() or answer.stderr.strip())


def own_asterisk() -> str:
    """Return the version of this machine's own Asterisk; empty when there is none that can be used."""
    try:
        return check_version(_output("asterisk", "-V"))
    except RootUnavailable:
        return ""


def check_version(banner: str) -> str:
    """Return the version that `asterisk -V` printed; raises RootUnavailable unless it is one we can use."""
    match = re.search(r"Asterisk (?:certified/)?(\d+)\.(\d+)(?:\.(\d+))?", banner)
    if match is None:
        raise RootUnavailable(f"no Asterisk found: {banner!r}")
    version = int(match[1]), int(match[2]), int(match[3] or 0)
    text = ".".join(map(str, version))
    if version < OLDEST or version in REFUSED:
        raise RootUnavailable(f"Asterisk {text} cannot be used: it must be at least 22.10.1, and not 22.11.0")
    return text


def _is_root(directory: Path) -> bool:
    return (directory / "usr/sbin/asterisk").exists()


def _check_machine() -> None:
    os_release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    if os_release.get("ID") != "debian":
        raise RootUnavailable(f"building the development Asterisk needs Debian; {DOCKER_HINT}")
    if os.geteuid() != 0:
        raise RootUnavailable(f"building the development Asterisk needs root (mmdebstrap, chroot); {DOCKER_HINT}")


def _build(target: Path, report: Report) -> None:
    mirror = _mirror()
    if shutil.which("mmdebstrap") is None:
        report("installing mmdebstrap")
        _run(["apt-get", "install", "-y", "--no-install-recommends", "mmdebstrap"], report=None)
    building = target.with_name(target.name + ".building")
    if building.exists():
        shutil.rmtree(building)
    report(f"building the development Asterisk (Debian {SUITE}) in {target}")
    try:
        # In a mount namespace of its own: whatever it mounts is gone with it, even if it is killed.
        _run(
            [
                *("unshare", "--mount", "mmdebstrap", "--variant=apt", f"--include={','.join(PACKAGES)}"),
                *('--aptopt=APT::Install-Recommends "false"', *_apt_options()),
                *(SUITE, str(building), mirror),
            ],
            report=report,
        )
        report(f"Asterisk {asterisk_version(building)} is ready")
        building.rename(target)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _mirror() -> str:
    """Return the Debian mirror of the machine's own apt sources."""
    lines = _output("apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages")
    for line in lines.splitlines():
        origin, label, uri = line.split(" ", 2)
        if origin == label == "Debian":
            return uri
    raise RootUnavailable("no Debian mirror in this machine's apt sources: run `apt-get update`, and see /etc/apt")


def _apt_options() -> Iterator[str]:
    """Yield what the machine's apt configuration says about reaching its mirror."""
    for name in ("Acquire::Check-Valid-Until", "Acquire::http::Proxy", "Acquire::https::Proxy"):
        value = _output("apt-config", "shell", "VALUE", name).strip().removeprefix("VALUE=").strip("'")
        if value:
            yield f'--aptopt={name} "{value}"'


def _name_this_host(root: Path) -> None:
    """Let the root know this host's name and no resolver: else every call waits for DNS time-outs."""
    hosts = f"127.0.0.1 localhost {socket.gethostname()}\n::1 localhost\n"
    if (root / "etc/hosts").exists() and (root / "etc/hosts").read_text() == hosts:
        return
    (root / "etc/hosts").write_text(hosts)
    resolver = root / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)  # may be a link that leads out of the root
    resolver.write_text("")


def _run(command: list[str], report: Report | None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line.rstrip())
            if report is not None and line.startswith("I: "):
                report(f"  {line[3:].rstrip()}")
    if process.returncode != 0:
        raise RootUnavailable(f"`{command[0]} …` failed: " + " / ".join(said[-5:]))


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise RootUnavailable(f"`{' '.join(command)}` failed: {error}") from error


@contextlib.contextmanager
def _locked(path: Path, report: Report) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another build of the same root")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
