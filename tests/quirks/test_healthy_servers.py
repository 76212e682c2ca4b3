"""Servers that are well, in the clothes of their providers: a whole run against each is GO."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from chatproof.contract.clause import BROKEN, MUST
from chatproof.simulator import chat
from chatproof.simulator.wire import Asked, Reply, message
from chatproof.transport.steps import KeepAliveRequest
from chatproof.transport.steps import wire as sent_as
from chatproof.wire.exchange import Exchange
from chatproof.wire.http1 import ResponseReader
from tests.captures import by_kind

SERVERS = tomllib.loads((Path(__file__).parents[1] / "data" / "healthy_servers.toml").read_text())["server"]
ADDED = {"top", "choice", "message", "usage", "chunk", "chunk_choice", "delta"}
KNOWN = ADDED | {"name", "source", "lead", "first", "json", "sse", "drop", "grows", "usage_in_choice", "refusal"}


def dressed(reply: Reply, server: dict[str, Any]) -> Reply:
    """The simulator's answer as this server would give it."""
    if reply.status == 401 and "refusal" in server:
        return reply._replace(status=400, body=server["refusal"].encode())
    if reply.status != 200:
        return reply
    kind = server.get("sse" if reply.events else "json")
    headers = tuple((name, kind if kind and name == "Content-Type" else value) for name, value in reply.headers)
    if reply.events:
        return reply._replace(headers=headers, events=tuple(events(reply, server)))
    value = json.loads(reply.body)
    if value.get("object") != "chat.completion":
        return reply
    for choice in value["choices"]:
        add(choice, server, "choice")
        add(choice["message"], server, "message")
    add(value, server, "top")
    add(value["usage"], server, "usage")
    return reply._replace(headers=headers, body=(server.get("lead", "") + json.dumps(value)).encode())


def events(reply: Reply, server: dict[str, Any]) -> list[bytes]:
    made = [server["first"].encode()] if server.get("first") else []
    chunks = [json.loads(event[6:]) for event in reply.events if event != chat.DONE]
    counted = next((chunk["usage"] for chunk in chunks if chunk.get("usage")), None)
    so_far = ""
    for chunk in chunks:
        add(chunk, server, "chunk")
        for choice in chunk["choices"]:
            add(choice, server, "chunk_choice")
            add(choice["delta"], server, "delta")
            so_far += choice["delta"].get("content") or ""
            if server.get("grows"):
                choice["message"] = {"role": "assistant", "content": so_far}
            if server.get("usage_in_choice") and counted and choice.get("finish_reason"):
                choice["usage"] = counted
        made.append(f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n".encode())
    return [*made, chat.DONE]


def add(value: dict[str, Any], server: dict[str, Any], part: str) -> None:
    for name in server.get("drop", ()):
        value.pop(name, None)
    value.update(server.get(part, {}))


@pytest.mark.parametrize("kind", ["smoke", "validate"])
@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server["name"])
def test_a_healthy_server_is_go(server: dict[str, Any], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def exchanged(one: KeepAliveRequest, row: dict[str, Any]) -> Exchange:
        incoming = by_kind.Incoming(by_kind.KEY.encode())
        incoming.feed(sent_as(one.request))
        asked: Asked
        ((asked, refused),) = incoming.ready
        reader = ResponseReader(one.request.method)
        reader.feed(b"".join(message(asked, dressed(refused or chat.respond(asked), server), close=True)))
        reader.eof()
        return Exchange(one.id, one.probe, by_kind.AT, one.request, reader.response(), reader.fault)

    monkeypatch.setattr(by_kind, "exchanged", exchanged)
    document = by_kind.run_of({"run": kind, "stream": kind == "smoke"})
    broken = {f["clause"]: f["observed"] for f in document["findings"] if f["outcome"] == BROKEN and f["level"] == MUST}
    assert (document["verdict"], broken) == ("GO", {})


def test_rows_are_well_formed_and_change_something() -> None:
    assert all(set(server) <= KNOWN and server["source"].startswith("https://") for server in SERVERS)
    assert all(set(server) & (KNOWN - {"name", "source"}) for server in SERVERS)
