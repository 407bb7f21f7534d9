"""A real PostgreSQL for a test session: a private cluster on a free port of loopback, gone with the session."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.ports import free_port

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class PostgresServer:
    """A cluster of its own that can be stopped and started again on the same port."""

    def __init__(self, binaries: Path, directory: Path) -> None:
        self._binaries = binaries
        self._data = directory / "data"
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(directory, account.pw_uid, account.pw_gid)
        self.port = free_port()
        self._child: subprocess.Popen[bytes]
        self._run("initdb", "--auth=trust", "--username=hotline", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
        options = {
            "port": self.port,
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": "''",
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
            "log_min_messages": "fatal",
        }
        with (self._data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in options.items())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), "-D", str(self._data), *arguments]
        subprocess.run(command, user=self._user, check=True, cwd="/", stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start the server and return once it answers. It ends with us, however we end."""
        command = ["setpriv", "--pdeathsig=QUIT", str(self._binaries / "postgres"), "-D", str(self._data)]
        self._child = subprocess.Popen(command, user=self._user, cwd="/", stderr=subprocess.DEVNULL)
        ready = [str(self._binaries / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={self.port}"]
        for _ in range(600):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL does not answer")

    def stop(self) -> None:
        """End the server and every connection to it at once."""
        self._child.send_signal(signal.SIGQUIT)
        self._child.wait(30)

    def new_database(self) -> str:
        """Return the URL of a new, empty database."""
        name = f"t{secrets.token_hex(6)}"
        where = ["--host=127.0.0.1", f"--port={self.port}", "--username=hotline"]
        subprocess.run([str(self._binaries / "createdb"), *where, "--maintenance-db=postgres", name], check=True)
        return f"postgresql://hotline@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Give a running server for the whole session."""
    if not _PLACES:
        pytest.skip("no PostgreSQL server: `make test` installs it")
    # Not pytest's own directory: the server's user could not enter that.
    directory = Path(tempfile.mkdtemp(prefix="hotline-postgres-"))
    try:
        server = PostgresServer(_PLACES[0], directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
