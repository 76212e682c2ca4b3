"""Asking the simulator: by the standard library's client, and by raw bytes."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from chatproof.simulator import Simulator
from chatproof.simulator.chat import CHAT_PATH

USER = [{"role": "user", "content": "Respond with the single word: pong"}]


def port_of(sim: Simulator) -> int:
    return int(sim.base_url.split(":")[2].split("/")[0])


class Answer:
    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.status = reply.status
        self.headers = reply.headers
        self.body = reply.read()

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


def ask(
    sim: Simulator, method: str, path: str, body: object = None, key: str | None = "good", **headers: str
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(sim), timeout=5)
    if key is not None:
        headers["Authorization"] = f"Bearer {sim.key if key == 'good' else key}"
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    try:
        connection.request(method, path, data, headers)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def chat(sim: Simulator, **body: object) -> Answer:
    return ask(sim, "POST", CHAT_PATH, {"model": sim.model, "messages": USER, **body})


def raw(sim: Simulator, data: bytes) -> bytes:
    """Everything the server sends for these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", port_of(sim)), timeout=5) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: sock.recv(65536), b""))
