"""Debian's Prometheus, Alertmanager and promtool, unpacked by tests/real/install.py; servers on loopback only."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real import install
from tests.real.conftest import unavailable

LAUNCH = Path(install.HERE) / "launch.py"
WAIT = 60.0  # seconds for a server to answer on a busy machine


def program(name: str) -> str:
    """The path of promtool, prometheus or prometheus-alertmanager: the one on PATH, else the unpacked one."""
    found = shutil.which(name)
    if found:
        return found
    try:
        return str(install.install("prometheus") / "usr" / "bin" / name)
    except install.InstallError as error:
        unavailable(name, str(error))


def promtool(*args: str, input: str = "") -> subprocess.CompletedProcess[str]:
    """Run promtool; its output may hold findings where the status is 0, too."""
    command = [program("promtool"), *args]
    return subprocess.run(command, input=input, capture_output=True, text=True, timeout=120)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def asked(url: str) -> Any:
    """The JSON of a page, or its text."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        text = answer.read().decode()
    try:
        return json.loads(text)
    except ValueError:
        return text


@contextlib.contextmanager
def started(command: list[str], ready: str, folder: Path) -> Iterator[None]:
    """Run a server until it answers at `ready`, and end it afterwards: it dies with the tests, too."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("w") as log:
        launched = [sys.executable, str(LAUNCH), str(os.getpid()), *command]
        process = subprocess.Popen(launched, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
    try:
        until = time.monotonic() + WAIT
        while True:
            try:
                asked(ready)
                break
            except (OSError, urllib.error.URLError):
                if process.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"{command[0]} does not answer: {(folder / 'log').read_text()[-2000:]}")
                time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait(30)


@contextlib.contextmanager
def prometheus(folder: Path, configuration: str) -> Iterator[str]:
    """The base URL of a Prometheus with this configuration."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(configuration)
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle",
        "--log.level=warn",
    ]
    base = f"http://127.0.0.1:{port}"
    with started(command, f"{base}/-/ready", folder):
        yield base


TEMPLATES = b"/usr/share/prometheus/alertmanager"
"""Where Debian's Alertmanager looks for its templates; no option says otherwise."""


def movable_alertmanager(folder: Path) -> str:
    """Alertmanager that finds its templates in its working folder, which is given them.

    The package is unpacked only, so they are not where the program looks: in a copy of it that path is replaced by one
    of the same length.
    """
    found = Path(program("prometheus-alertmanager"))
    if Path(TEMPLATES.decode()).exists():
        return str(found)
    moved = found.with_name("prometheus-alertmanager.moved")
    if not moved.exists():
        data = found.read_bytes()
        assert data.count(TEMPLATES) >= 1
        here = b"/proc/self/cwd/".ljust(len(TEMPLATES), b"/")
        temporary = moved.with_name(f"{moved.name}.{os.getpid()}")
        temporary.write_bytes(data.replace(TEMPLATES, here))
        temporary.chmod(0o755)
        temporary.replace(moved)
    for template in (found.parents[1] / TEMPLATES.decode().removeprefix("/usr/")).glob("*.tmpl"):
        shutil.copy(template, folder)
    return str(moved)


@contextlib.contextmanager
def alertmanager(folder: Path, configuration: str) -> Iterator[str]:
    """The base URL of an Alertmanager with this configuration."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(configuration)
    command = [
        movable_alertmanager(folder),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    base = f"http://127.0.0.1:{port}"
    with started(command, f"{base}/-/ready", folder):
        yield base
