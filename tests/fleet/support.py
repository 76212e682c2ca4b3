"""Fleets for tests: simulators as targets, the command in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from chatproof import simulator
from chatproof.simulator import Simulator

PATIENCE = 100.0  # seconds after which a fleet that does not end is killed


class Ended(NamedTuple):
    status: int
    stdout: str
    stderr: str

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """What `--format jsonl` printed, by the target's name."""
        found = [json.loads(line) for line in self.stdout.splitlines()]
        assert len({row["name"] for row in found}) == len(found), "a target has one line"
        return {row["name"]: row for row in found}


def line_of(name: str, started: Simulator, variable: str, **more: object) -> dict[str, Any]:
    """A target's line for a running simulator, whose key is in a variable."""
    row: dict[str, Any] = {"name": name, "base_url": started.base_url, "model": started.model, "key_env": variable}
    if started.ca_file:
        row["ca_file"] = started.ca_file
    if started.proxy:
        row["proxy"] = started.proxy
    if started.timeout:
        row["timeout"] = f"{started.timeout * 1000:.0f}ms"
    return row | more


@contextmanager
def simulators(faults: Iterable[str]) -> Iterator[tuple[list[dict[str, Any]], dict[str, str]]]:
    """(a line for each fault, empty for none; the variables with their keys)."""
    rows, keys, running = [], {}, []
    try:
        for number, fault in enumerate(faults):
            started = simulator.start(fault)
            running.append(started)
            keys[f"FLEET_KEY_{number}"] = started.key
            rows.append(line_of(fault or f"good-{number}", started, f"FLEET_KEY_{number}"))
        yield rows, keys
    finally:
        for started in running:
            started.stop()


def write(folder: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    path = folder / "targets.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return str(path)


def environ(folder: Path, keys: Mapping[str, str]) -> dict[str, str]:
    """This process's variables, without what is meant for other runs, and a state folder of the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHATPROOF_", "FLEET_"))}
    return kept | {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)} | dict(keys)


def fleet(folder: Path, keys: Mapping[str, str], *args: str) -> Ended:
    """Run `chatproof fleet run` to its end."""
    command = [sys.executable, "-m", "chatproof", "fleet", "run", *args]
    done = subprocess.run(
        command, env=environ(folder, keys), cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def interrupted(folder: Path, keys: Mapping[str, str], lines: int, *args: str) -> Ended:
    """The same, and ^C for the whole process group, as a terminal sends it, once so many lines were printed."""
    command = [sys.executable, "-m", "chatproof", "fleet", "run", *args]
    process = subprocess.Popen(
        command,
        env=environ(folder, keys),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(lines)]
    os.killpg(process.pid, signal.SIGINT)
    rest, stderr = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, "".join(seen) + rest, stderr)


class Counting:
    """A chat completions server that counts the paid requests of each model, and holds each of them for a moment."""

    def __init__(self, key: str, seconds: float = 0.0) -> None:
        self.key, self.seconds = key, seconds
        self.paid: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.base_url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def targets(self, names: Iterable[str], variable: str) -> list[dict[str, Any]]:
        """A target for each name, which is its model, too."""
        return [{"name": name, "base_url": self.base_url, "model": name, "key_env": variable} for name in names]

    def stop(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file:
            head = b""
            while (line := file.readline()) not in (b"\r\n", b""):
                head += line
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = json.loads(file.read(int(length[1]))) if length else {}
            if f"Bearer {self.key}".encode() not in head:
                self._answer(
                    connection, 401, {"error": {"message": "wrong key", "type": "auth", "code": "invalid_api_key"}}
                )
            elif not body:
                self._answer(connection, 200, {"object": "list", "data": []})
            else:
                with self._lock:
                    self.paid[body["model"]] += 1
                time.sleep(self.seconds)
                message = {"role": "assistant", "content": "pong"}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self._answer(
                    connection,
                    200,
                    {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]},
                )

    @staticmethod
    def _answer(connection: socket.socket, status: int, said: dict[str, Any]) -> None:
        data = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        with suppress(OSError):
            connection.sendall(head.encode() + data)
