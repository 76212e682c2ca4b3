"""A broker that quotes the password it was given, with a terminal's codes: nothing of it reaches a log."""

from __future__ import annotations

import os
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("celery")

FORGED = b"\n[2026-01-01 00:00:00: INFO/MainProcess] all is well"
PASSWORD = "CANARYtq7wz2broker"


class Quoting:
    """Speaks so much of AMQP 0-9-1 that queues are declared; from the connection `until` on it refuses, and says why."""

    def __init__(self, until: int) -> None:
        self._until, self.connections = until, 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"amqp://bob:{PASSWORD}@127.0.0.1:{self.listening.getsockname()[1]}//"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self.listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with suppress(OSError), sock, sock.makefile("rb") as file:
            file.read(8)
            sock.sendall(frame(0, 10, 10, b"\0\x09" + long(b"") + long(b"PLAIN AMQPLAIN") + long(b"en_US")))
            while len(head := file.read(7)) == 7:
                kind, channel, size = struct.unpack(">BHI", head)
                payload = file.read(size + 1)[:-1]
                if kind == 1:
                    sock.sendall(self._answer(channel, payload, number))

    def _answer(self, channel: int, payload: bytes, number: int) -> bytes:
        method = struct.unpack(">HH", payload[:4])
        if method == (10, 11) and number >= self._until:
            found = re.search(rb"CANARY\w+", payload)
            text = b"no \x1b]0;owned\x07 for " + (found[0] if found else b"nobody") + FORGED
            return frame(0, 10, 50, struct.pack(">H", 403) + short(text) + struct.pack(">HH", 10, 11))
        if method == (10, 11):
            return frame(0, 10, 30, struct.pack(">HIH", 2047, 131072, 60))
        if method == (50, 10):
            return frame(channel, 50, 11, short(payload[7 : 7 + payload[6]]) + struct.pack(">II", 0, 0))
        answers = {(10, 31): b"", (10, 40): frame(0, 10, 41, short(b"")), (20, 10): frame(channel, 20, 11, long(b""))}
        return answers[method] if method in answers else frame(channel, method[0], method[1] + 1, b"")


def frame(channel: int, kind: int, method: int, arguments: bytes) -> bytes:
    payload = struct.pack(">HH", kind, method) + arguments
    return struct.pack(">BHI", 1, channel, len(payload)) + payload + b"\xce"


def short(text: bytes) -> bytes:
    return bytes([len(text)]) + text


def long(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


@pytest.fixture(params=[1, 2])
def broker(request: pytest.FixtureRequest) -> Iterator[Quoting]:
    made = Quoting(request.param)
    yield made
    made.listening.close()


def test_a_worker_logs_no_password_and_no_control(broker: Quoting, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[targets.k]\nbase_url = "http://127.0.0.1:9/v1"\nkey_env = "K"\nmodel = "m"\n')
    given = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "K": "k" * 24, "CHATPROOF_BROKER": broker.url}
    words = ["fleet", "worker", "--config", "c.toml", "--region", "eu", "--journal", "runs.sqlite", "-v"]
    done = subprocess.run(
        [sys.executable, "-m", "chatproof", *words], env=given, cwd=tmp_path, capture_output=True, timeout=60
    )
    said = done.stdout + done.stderr
    assert PASSWORD[:8].encode() not in said and b"\x1b" not in said and b"\x07" not in said
    assert not any(line.startswith(b"[2026-01-01") for line in said.splitlines()), "a line of its own is the worker's"
    if broker.connections == 1:
        assert done.returncode == 2 and b"the broker refuses the operation (code 403)" in said
    else:
        assert done.returncode == 4, "who restarts what fails must see that it did"
        assert b"all is well" in said
        assert b"\\x1b]0;owned\\x07 for [REDACTED:api_key]" in said, "the control: it was said"
