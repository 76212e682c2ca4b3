"""A real PostgreSQL server for the tests that need one: Debian's, started on loopback in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "hunter2-of-the-journal"


class Unavailable(Exception):
    """There is no PostgreSQL on this machine and none can be installed; the message says why."""


def programs() -> Path:
    """The folder of initdb and pg_ctl; installs the package where it is missing and we are root on Debian."""
    found = _installed()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "postgresql"]):
            subprocess.run(["apt-get", *command], env=environ, capture_output=True, timeout=600)
        found = _installed()
    if found is None:
        raise Unavailable("no initdb: install the package postgresql")
    return found


def _installed() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).parent if other else None


@contextmanager
def server() -> Iterator[str]:
    """The URL of a fresh server's database, without a password: `trust` on loopback for postgres, a password for `asked`."""
    bin = programs()
    folder = Path(tempfile.mkdtemp(prefix="chatproof-postgres-"))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        _as_owner([str(bin / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"], folder)
        rules = "host all asked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        (data / "pg_hba.conf").write_text(rules)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _as_owner(
            [str(bin / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start"], folder
        )
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            _as_owner([str(bin / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_owner(command: list[str], folder: Path) -> None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() == 0:
        command = ["su", "postgres", "-s", "/bin/sh", "-c", " ".join(f"'{word}'" for word in command)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Unavailable(f"{command[-1][:80]}: {done.stderr.strip()[-300:]}")
