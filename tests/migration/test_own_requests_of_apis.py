"""The user's own requests to the APIs beside chat through whole runs: sent, judged, compared, explained, kept nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest

from chatproof import Secret, Target, reporters, simulator
from chatproof.analysis.comparison import document
from chatproof.captures import request_bodies
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.surfaces import surface_of
from chatproof.target.target import check
from tests.migration.front import Refuses, refusing
from tests.migration.test_command import compare
from tests.support import schema
from tests.unit.test_own_requests_of_apis import CALLED as EVERYTHING
from tests.unit.test_own_requests_of_apis import CANARY

_TOOL = {"type": "function", "name": "look_up", "parameters": {"type": "object", "properties": {"q": {}}}}
RESPONSES: dict[str, Any] = {"model": "old", "input": f"Tell John Publican of {CANARY}.", "store": False}
MESSAGES: dict[str, Any] = {
    "model": "old",
    "max_tokens": 2000,
    "messages": [{"role": "user", "content": f"Tell John Publican of {CANARY}."}],
}
EMBEDDINGS: dict[str, Any] = {"model": "old", "input": [f"John Publican knows {CANARY}", "two"]}


def nothing(body: dict[str, Any]) -> None:
    return None


def without(field: str, said: str = "", status: int = 400) -> Refuses:
    """B refuses requests with a field, in words that quote the user's text."""

    def refuses(body: dict[str, Any]) -> tuple[int, Any] | None:
        words = said or f"Unknown parameter: '{field}' ({CANARY}: {json.dumps(body)[:900]})"
        error = {"message": words, "type": "invalid_request_error", "code": None, "param": None if said else field}
        return (status, {"error": error}) if field in body else None

    return refuses


class Move(NamedTuple):
    """What B refuses, and what is to be said of it."""

    api: str
    body: dict[str, Any]
    refuses: Refuses
    decision: str
    change: str


MOVES = (
    Move("responses", RESPONSES, nothing, "GO", ""),
    Move(
        "responses",
        {**RESPONSES, "truncation": "auto"},
        without("truncation"),
        "GO WITH CHANGES",
        "B refuses `truncation` auto; without it, it answers.",
    ),
    Move(
        "responses",
        {**RESPONSES, "text": {"format": {"type": "json_object"}, "verbosity": "low"}},
        lambda body: (400, {"error": "no"}) if "format" in body.get("text", {}) else None,
        "NO-GO",
        "B refuses `text.format` json_object; without it, it answers.",
    ),
    Move(
        "responses",
        {**RESPONSES, "stream": True, "instructions": CANARY, "tools": [_TOOL], "top_logprobs": 3},
        without("instructions", "Bad Request"),
        "GO WITH CHANGES",
        "B refuses `instructions`; as a system message, it answers.",
    ),
    Move(
        "messages",
        {**MESSAGES, "top_k": 5},
        without("top_k", "extra inputs are not permitted"),
        "GO WITH CHANGES",
        "B refuses `top_k` 5; without it, it answers.",
    ),
    Move(
        "messages",
        {**MESSAGES, "messages": [*MESSAGES["messages"], {"role": "assistant", "content": "It costs"}]},
        lambda body: (
            (400, {"error": {"message": "the final position must be a user's message"}})
            if body["messages"][-1]["role"] == "assistant"
            else None
        ),
        "GO WITH CHANGES",
        "B refuses an assistant's message at the end; with a user's message after it, it answers.",
    ),
    Move(
        "embeddings",
        {**EMBEDDINGS, "dimensions": 5},
        without("dimensions"),
        "NO-GO",
        "B refuses `dimensions`; without it, it answers.",
    ),
    Move(
        "embeddings",
        {**EMBEDDINGS, "user": CANARY},
        without("user"),
        "GO WITH CHANGES",
        "B refuses `user`; without it, it answers.",
    ),
)


def own(api: str, *bodies: dict[str, Any]) -> Settings:
    text = "\n".join(map(json.dumps, bodies)).encode()
    return Settings(requests=tuple(request_bodies.read(text, "traffic.jsonl", api=api)))


def asked(target: Target, settings: Settings) -> dict[str, Any]:
    made = run(check(target), settings, environ={}).document
    assert list(jsonschema_rs.Draft202012Validator(schema("run-1")).iter_errors(made)) == []
    return made


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.api}: {move.change or 'nothing'}")
def test_a_refusal_is_explained(move: Move) -> None:
    with refusing(nothing, api=move.api) as a, refusing(move.refuses, api=move.api) as b:
        runs = [asked(side.target, own(move.api, move.body)) for side in (a, b)]
        mine = [body for body in b.seen if CANARY in json.dumps(body)]
    made = document.build(runs, frozenset(), "2026-11-28T00:00:00.000Z")
    assert list(jsonschema_rs.Draft202012Validator(schema("comparison-1")).iter_errors(made)) == []
    told = [row["change"] for row in made["differences"] if row["probes"] == ["request.1"]]
    assert made["decision"] == move.decision, made["differences"]
    assert told == ([move.change] if move.change else [])
    assert {n: v for n, v in mine[0].items() if n != "model"} == {n: v for n, v in move.body.items() if n != "model"}
    assert CANARY not in json.dumps([runs, made]), "a record has none of the user's words"


@pytest.mark.parametrize("api", EVERYTHING)
def test_no_text_or_name_of_a_request_is_in_a_record(api: str) -> None:
    """B quotes the whole request in its refusal; the record has none of it."""

    def quoting(body: dict[str, Any]) -> tuple[int, Any] | None:
        if CANARY not in json.dumps(body):
            return None
        said = f"cannot do this: {json.dumps(body)} and {CANARY}"
        return 400, {"error": {"message": said, "type": "invalid_request_error", "param": None, "code": None}}

    with refusing(quoting, api=api) as b:
        made = asked(b.target, own(api, *EVERYTHING[api]))
    assert made["verdict"] == "NO-GO"
    said = json.dumps(made)
    assert CANARY not in said and "look_up" not in said


def test_what_the_plain_request_is_refused_for_is_not_sent_in_the_users_place() -> None:
    """A server that knows no `store` refuses it: where only we set it, the user's request goes without it."""
    mine = {name: value for name, value in RESPONSES.items() if name != "store"}
    with refusing(without("store"), api="responses") as b:
        made = asked(b.target, own("responses", mine))
        assert [("store" in body) for body in b.seen if CANARY in json.dumps(body)] == [False]
    assert not [f for f in made["findings"] if f["probe"] == "request.1" and f["outcome"] == "broken"]


def test_the_key_goes_in_the_header_that_is_answered() -> None:
    """A Messages server that takes x-api-key alone: the user's requests follow the plain one into that form."""
    server = simulator.start("no-bearer-header", side=surface_of("messages").simulator())
    try:
        target = Target(server.base_url, model=server.model, key=Secret(server.key), timeout=10.0, api="messages")
        made = asked(target, own("messages", MESSAGES))
    finally:
        server.stop()
    assert made["verdict"] == "GO"
    assert [f["outcome"] for f in made["findings"] if f["clause"] == "messages.request.answered"] == ["holds"]


def test_the_command_takes_them_for_every_api(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(RESPONSES))
    options = ("--api", "responses", "--smoke", "--request", str(path), "--format", "json")
    done = compare("simulator", "simulator", *options)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["decision"] == "GO"
    assert [row["source"] for row in made["runs"][0]["requests"]] == ["own.jsonl"]


def test_the_reports_list_the_requests_and_what_became_of_them() -> None:
    move = MOVES[1]
    with refusing(nothing, api=move.api) as a, refusing(move.refuses, api=move.api) as b:
        runs = [asked(side.target, own(move.api, move.body)) for side in (a, b)]
    made = document.build(runs, frozenset(), "2026-11-28T00:00:00.000Z")
    for format in ("markdown", "decision"):
        said = reporters.render(format, made, of="comparison")
        (row,) = [line for line in said.splitlines() if line.startswith("| `request.1` | `traffic.jsonl`")]
        assert "| answered | refuses `truncation` auto; without it, it answers |" in row
        assert CANARY not in said
    assert "| `responses.request.answered` | passed | failed |" in said
    assert all(f"`{run['run_id']}`" in said.partition("## What it rests on")[2] for run in runs)
    assert said.rstrip().splitlines()[-1].startswith("Made by chatproof")
