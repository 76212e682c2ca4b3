"""Large bodies are parsed anew when they are asked for again, and say the same; a run's replies share one room."""

from __future__ import annotations

import json

import pytest

from chatproof.evidence import parsed_bodies, reply
from chatproof.evidence.reply import Reply
from chatproof.running import plan, scheduler
from chatproof.running.dispatch import Stop, Transport
from chatproof.running.plan import Settings
from chatproof.target.target import Target, check
from chatproof.transport.steps import Options
from chatproof.wire.exchange import Exchange, Response, Secret
from tests.support import KEY, request

LARGE = "x" * (reply._LARGE + 1)


def _exchange(probe: str, body: bytes, media: str = "application/json") -> Exchange:
    response = Response("1.1", 200, b"OK", ((b"Content-Type", media.encode()),), body, len(body), "identity")
    return Exchange("x1", probe, "2026-11-25T00:00:00Z", request(probe), response, None)


def test_a_large_body_says_the_same_after_others_were_asked() -> None:
    memory = parsed_bodies.Memory()
    replies = [Reply(_exchange("happy", json.dumps({"n": number, "x": LARGE}).encode()), memory) for number in range(9)]
    chunk = json.dumps({"x": LARGE, "choices": [{"delta": {"content": "a"}}]}).encode()
    stream = Reply(_exchange("stream", b"data: %b\n\ndata: [DONE]\n\n" % chunk, "text/event-stream"), memory)
    assert [r.object["n"] for r in replies] == [r.object["n"] for r in replies] == list(range(9))
    assert len(stream.chunks) == 1 and stream.ends_with_done and stream.kind == "sse"
    assert len(memory.json._kept) == parsed_bodies._FEW
    assert replies[0].object["n"] == 0 and stream.done_seen


def test_no_large_value_stays_with_its_reply() -> None:
    large, small = (Reply(_exchange("happy", json.dumps({"x": text}).encode())) for text in (LARGE, "x"))
    assert large.object and small.object
    assert vars(small)["_settled"] is not None and vars(large)["_settled"] is None


@pytest.mark.parametrize(
    ("before", "group", "cap"),
    [
        (0, ["tools", "happy"], 8 * 1024 * 1024),  # in order: the usual limit, which is no cap
        (0, ["tools", *(f"burst.{n}" for n in range(7))], 2 * 1024 * 1024),
        (12 * 1024 * 1024, ["tools", "json_object"], 2 * 1024 * 1024),
        (40 * 1024 * 1024, ["tools", "json_object"], scheduler.LEAST),
    ],
)
def test_the_room_of_a_run_is_shared(before: int, group: list[str], cap: int) -> None:
    resolved = check(Target("http://127.0.0.1:9/v1", model="m", key=Secret(KEY)))
    settings = Settings(kind="validate")
    contract = plan.contract_for(resolved, settings)
    planned = plan.plan(contract, resolved, settings)
    exchanges = [_exchange("models", b"x" * before)]
    sender = scheduler.Sending(contract, resolved, settings, planned, Transport(Options()), exchanges, {}, Stop())
    wave = sender.wave(group, sender.transport, exchanges)
    given = {probe: wave.transport.options_for(probe).limits.body for probe in wave.chosen}
    assert given == {probe: 8 * 1024 * 1024 if probe in contract.surface.rows("smoke") else cap for probe in group}
