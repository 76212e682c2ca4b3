"""`chatproof fleet run --reuse-connection`: one connection where the server keeps it, and the same verdicts where not."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.contract.probe import Probe
from chatproof.fleet.ready import Fleet
from chatproof.fleet.sending import Carrier, doubt_of
from chatproof.fleet.targets import OPTION, Listed
from chatproof.running.plan import Settings
from chatproof.surfaces import surface_of
from chatproof.target.target import Wanted
from chatproof.wire.exchange import Exchange, Fault, Response
from tests.fleet.support import fleet, write
from tests.rogue import certs

KEY = "sk-reuse-0123456789abcdefghijklmnop"
CHAT = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "pong"}, "finish_reason": "stop"}],
}
HABITS = {
    # habit: (connections of one target, replies on a used one, probes asked again)
    "keeps": (1, 3, 0),
    "says it closes": (4, 0, 0),
    "closes": (4, 0, 2),
    "resets": (4, 0, 2),
    "refuses later ones": (4, 0, 3),
    "knows a connection by its first key": (3, 1, 2),
    "takes any key": (3, 1, 2),
}
NOT_GO = {"takes any key": ("NO-GO", "auth.not_enforced")}


class Server:
    """Plain sockets. A target's path says how it treats a connection after its first reply."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.connections: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.base = f"{'https' if context else 'http'}://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

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
        with suppress(OSError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as file:
                self._converse(connection, file)

    def _converse(self, connection: socket.socket, file: Any) -> None:
        number, first_key = 0, False
        while head := b"".join(iter(file.readline, b"\r\n")) if file.peek(1) else b"":
            number += 1
            habit = list(HABITS)[int(head.split(b"/")[1])]
            self.connections[habit] += number == 1
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = file.read(int(length[1])) if length else b""
            is_known = f"Bearer {KEY}".encode() in head or habit == "takes any key"
            first_key = first_key or is_known
            if habit == "knows a connection by its first key":
                is_known = first_key
            status, said = 401, {"error": {"message": "wrong", "type": "t", "param": None, "code": "invalid_api_key"}}
            if is_known:
                status, said = 200, CHAT if body else {"object": "list", "data": [{"id": "m", "object": "model"}]}
                self.paid[habit] += f"Bearer {KEY}".encode() in head and bool(body)
            if number > 1 and habit == "refuses later ones":
                status, said = 400, {"error": {"message": "what?", "type": "t", "param": None, "code": None}}
            data = json.dumps(said).encode()
            ends = (
                b"Connection: close\r\n" if b"connection: close" in head.lower() or habit == "says it closes" else b""
            )
            start = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
            connection.sendall(start.encode() + ends + b"\r\n" + data)
            if ends or habit == "closes":
                return
            if habit == "resets" and file.peek(1):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # RST, not FIN
                return


@contextmanager
def servers(folder: Path) -> Iterator[list[Server]]:
    certs.write_authority(folder)
    made = [Server(None), Server(certs.context("good"))]
    try:
        yield made
    finally:
        for server in made:
            server.stop()


def rows(server: Server, ca_file: str) -> list[dict[str, Any]]:
    more = {"ca_file": ca_file} if server.base.startswith("https") else {}
    return [
        {"name": f"{server.base[:5]} {habit}", "base_url": f"{server.base}/{number}/v1", "model": "m", "key_env": "K"}
        | more
        for number, habit in enumerate(HABITS)
    ]


def test_one_connection_where_it_is_kept_and_the_same_verdicts_where_it_is_not(tmp_path: Path) -> None:
    ca_file = str(certs.write_authority(tmp_path))
    place = str(tmp_path / "runs.sqlite")
    with servers(tmp_path) as made:
        file = write(tmp_path, [row for server in made for row in rows(server, ca_file)])
        args = ("--targets", file, "--format", "jsonl", "--judges", "1", "--per-host", "50")
        reused = fleet(tmp_path, {"K": KEY}, *args, "--journal", place, "--reuse-connection")
        connections = [Counter(server.connections) for server in made]
        paid = [Counter(server.paid) for server in made]
        fresh = fleet(tmp_path, {"K": KEY}, *args, "--journal", "none")
    kept = journal.open(place)
    for server, connected, asked in zip(made, connections, paid, strict=True):
        for habit, (count, used, again) in HABITS.items():
            name = f"{server.base[:5]} {habit}"
            row, plain = reused.rows[name], fresh.rows[name]
            assert (row["verdict"], row["code"]) == (plain["verdict"], plain["code"]), name
            assert (row["verdict"], row["code"]) == NOT_GO.get(habit, ("GO", None)), name
            assert asked[habit] == 1, f"{name}: a paid request is sent once"
            assert connected[habit] == count, name
            document = kept.find(row["run_id"]).document
            assert document["cost"]["requests"] == 4 + again, name
            assert not any(exchange["fault"] for exchange in document["exchanges"]), name
            notes = document["smoke_test_run"]["notes"]
            assert f"--reuse-connection: {used} of 4 replies arrived on a connection" in notes, name
            assert ("asked again on a new connection" in notes) == bool(again), name


def test_what_was_answered_is_kept_when_it_is_cut_short() -> None:
    """The paid reply has come, the next one never does: who cancels has the first."""

    async def cut() -> list[str]:
        asked = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert length is not None
            await reader.readexactly(int(length[1]))
            data = json.dumps(CHAT).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        listed = Listed("t", {"base_url": url, "model": "m", "key_env": "K"}, "f", OPTION, "f:1")
        made = Fleet([listed], Wanted(), Settings(), {"K": KEY}, reuse=True)
        ready, carrier, into = made.ready("t"), Carrier({}), list[Exchange]()
        sending = asyncio.ensure_future(carrier.in_turn(ready, carrier.options_of(ready), into, []))
        await asked.wait()
        sending.cancel()
        await asyncio.wait((sending,))
        server.close()
        await asyncio.sleep(0.05)  # the server's side sees the end, too
        return [exchange.probe for exchange in into]

    assert asyncio.run(cut()) == ["happy"]


@pytest.mark.parametrize(
    ("probe", "status", "fault", "reused", "doubt"),
    [
        ("models", 200, "", True, ""),
        ("models", 200, "net.reset", True, "net.reset"),
        ("models", 404, "", True, "HTTP 404"),
        ("models", 404, "", False, ""),
        ("models", 200, "net.reset", False, ""),
        ("auth.invalid_key", 401, "", True, ""),
        ("auth.invalid_key", 403, "", True, ""),
        ("auth.invalid_key", 200, "", True, "HTTP 200"),
        ("auth.invalid_key", 503, "", True, "HTTP 503"),
    ],
)
def test_only_a_used_connection_puts_a_reply_in_doubt(
    probe: str, status: int, fault: str, reused: bool, doubt: str
) -> None:
    row: Probe = surface_of("chat").known(probe)
    response = Response("1.1", status, b"Said", (), b"", 0, "identity")
    exchange = Exchange("x1", probe, "", None, response, Fault(fault, "first_byte", "") if fault else None)  # type: ignore[arg-type]
    assert doubt_of(exchange._replace(reused=reused), row) == doubt
