"""`chatproof serve` as a process, with simulated targets on loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chatproof import simulator


class Answered:
    """A reply, whatever its status."""

    def __init__(self, status: int, text: str, headers: Any) -> None:
        self.status, self.text, self.headers = status, text, headers


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


class Served:
    """A running monitor."""

    def __init__(self, process: subprocess.Popen[str], base: str, folder: Path) -> None:
        self.process, self.base, self.folder = process, base, folder

    def get(self, path: str, headers: dict[str, str] | None = None, *, data: bytes | None = None,
            method: str = "") -> Answered:  # fmt: skip
        request = urllib.request.Request(self.base + path, data=data, headers=headers or {}, method=method or None)
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=30) as reply:
                return Answered(reply.status, reply.read().decode(), reply.headers)
        except urllib.error.HTTPError as error:
            return Answered(error.code, error.read().decode(), error.headers)

    def states(self, headers: dict[str, str] | None = None) -> dict[str, str]:
        said = json.loads(self.get("/status.json", headers).text)
        return {row["target"]: row["state"] for row in said["targets"]}

    def wait_for(self, wanted: dict[str, str], headers: dict[str, str] | None = None) -> dict[str, str]:
        until = time.monotonic() + 40
        while time.monotonic() < until:
            found = self.states(headers)
            if all(found.get(name) == state for name, state in wanted.items()):
                return found
            time.sleep(0.2)
        raise AssertionError(f"{found}, wanted {wanted}\n{self.log()}")

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def serving(folder: Path, config: str, *more: str, environ: dict[str, str] | None = None) -> Iterator[Served]:
    """Start it with a configuration; SIGTERM ends it, and nothing was left behind."""
    (folder / "watch.toml").write_text(config)
    argv = [sys.executable, "-m", "chatproof", "serve", "--config", str(folder / "watch.toml")]
    if "--journal" not in more:
        argv += ["--journal", str(folder / "journal.sqlite3")]
    argv += ["--listen", "127.0.0.1:0", *more]
    env = {**os.environ, "HOME": str(folder), **(environ or {})}
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True, env=env)
    assert process.stdout
    line = ""
    for line in process.stdout:
        if line.startswith("listening"):
            break
    found = re.search(r"https?://\S+", line)
    assert found, (folder / "log").read_text()
    try:
        yield Served(process, found[0], folder)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)
        process.stdout.close()


@contextmanager
def simulated(*faults: str, switchable: bool = False) -> Iterator[list[simulator.Simulator]]:
    started = [simulator.start(fault, switchable=switchable) for fault in faults]
    try:
        yield started
    finally:
        for each in started:
            each.stop()


def config_of(
    targets: dict[str, simulator.Simulator], monitor: str = 'every = "5s"\nevery_free = "5s"', own: str = ""
) -> str:
    """A file that watches these; their keys are in variables NAME_KEY: see `keys`."""
    parts = [f"[monitor]\n{monitor}"]
    for name, at in targets.items():
        parts.append(
            f'[targets.{name}]\nbase_url = "{at.base_url}"\nmodel = "{at.model}"\nkey_env = "{name.upper()}_KEY"\n'
            f"[targets.{name}.monitor]\n{own}"
        )
    return "\n".join(parts) + "\n"


def keys(targets: dict[str, simulator.Simulator]) -> dict[str, str]:
    return {f"{name.upper()}_KEY": at.key for name, at in targets.items()}
