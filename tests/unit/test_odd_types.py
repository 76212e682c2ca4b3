"""No clause raises where a value is an array or an object in place of a text: such a value is in no set and names nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chatproof.contract.clause import BROKEN, NOT_APPLICABLE, VALIDATE, Clause, Context, Example
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import judge
from chatproof.surfaces import names, surface_of
from chatproof.surfaces.chat.clauses.happy import GOOD
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY
from chatproof.target import profile
from chatproof.wire.exchange import Secret
from tests.support import exchange, from_example
from tests.unit import test_api_clauses as others

GENERIC = profile.load("generic")
PLAIN = {**others.GOOD, "chat": GOOD}
ANOTHER = {**others.ANOTHER, "chat": "happy"}


def with_one_other(text: str, other: Any) -> Iterator[str]:
    """The JSON text with another value in the place of each text in it, one at a time."""
    value = json.loads(text)

    def places(at: Any) -> Iterator[tuple[Any, Any]]:
        for name in at if isinstance(at, dict) else range(len(at)) if isinstance(at, list) else ():
            yield from [(at, name)] if isinstance(at[name], str) else places(at[name])

    for holder, name in list(places(value)):
        said, holder[name] = holder[name], other
        yield json.dumps(value)
        holder[name] = said


def changed(body: bytes, other: Any) -> Iterator[bytes]:
    """The body, JSON or the events of a stream, with one text replaced; nothing for any other body."""
    lines = body.decode("utf-8", "replace").split("\n")
    is_stream = any(line.startswith("data: {") for line in lines)
    for number, line in enumerate(lines if is_stream else [body.decode("utf-8", "replace")]):
        start = "data: " if is_stream else ""
        if not line.startswith(f"{start}{{"):
            continue
        try:
            told = [*with_one_other(line.removeprefix(start), other)]
        except ValueError:
            continue
        for text in told:
            yield "\n".join([*lines[:number], start + text, *lines[number + 1 :]] if is_stream else [text]).encode()


def needed(clauses: Mapping[str, Clause], id: str) -> dict[str, Example]:
    """A good reply to each request whose clauses must hold before this one is judged."""
    found: dict[str, Example] = {}
    for need in clauses[id].needs:
        found |= {**needed(clauses, need), clauses[need].probe: clauses[need].holds_on[0]}
    return found


def judge_each(api: str, others: tuple[Any, ...]) -> list[str]:
    """What raises where each clause is judged on its own examples so changed, beside good ones of those it needs."""
    raised, clauses = [], surface_of(api).clauses(VALIDATE)
    for id, clause in clauses.items():
        probe = clause.probe if clause.probe != "*" else ANOTHER[api]
        contract = contract_of(VALIDATE, GENERIC, Choice(stream=True, api=api, only=(id, *clause.needs)))
        beside = {"happy": PLAIN[api], **needed(clauses, id)}
        asked = {name: exchange(name, from_example(one), api=api) for name, one in beside.items() if name != "*"}
        for example in (*clause.holds_on, *clause.breaks_on):
            for other in others:
                for body in changed(example.body, other):
                    asked[probe] = exchange(probe, from_example(example._replace(body=body)), api=api)
                    try:
                        judge(contract, asked.values(), model=EXAMPLE_MODEL, key=Secret(EXAMPLE_KEY))
                    except Exception as error:
                        raised.append(f"{id}: {error!r} on {body[:200]!r}")
    return raised


@pytest.mark.nightly
@pytest.mark.parametrize("api", names())
def test_no_clause_raises_on_an_array_or_object_for_a_text(api: str) -> None:
    assert judge_each(api, ([["a"]], {"a": []}, 1.5)) == []


@pytest.mark.parametrize(
    ("id", "said", "instead"),
    [
        ("messages.happy.stop_reason_said", b'"end_turn"', b'["end_turn"]'),
        ("messages.happy.stop_reason_said", b'"end_turn"', b'{"type":"end_turn"}'),
        ("messages.happy.known_blocks", b'"type":"text"', b'"type":["text"]'),
        ("messages.happy.known_blocks", b'"type":"text"', b'"type":{}'),
    ],
)
def test_what_is_asked_of_a_set_is_a_text(id: str, said: bytes, instead: bytes) -> None:
    plain: Example = others.GOOD["messages"]
    assert said in plain.body
    changed = plain._replace(body=plain.body.replace(said, instead))
    surface = surface_of("messages")
    reply = Reply(exchange("happy", from_example(changed), api="messages"))
    context = Context(GENERIC, EXAMPLE_MODEL, Secret(EXAMPLE_KEY), {"happy": reply}, surface)
    assert surface.clauses(VALIDATE)[id].judge(reply, context).outcome == BROKEN


@pytest.mark.parametrize("instead", [b'["record_link"]', b'{"a":["b"]}'])
def test_calls_whose_names_are_no_texts(instead: bytes) -> None:
    clause = surface_of("chat").clauses(VALIDATE)["tools.parallel_apart"]
    changed = clause.holds_on[0]._replace(body=clause.holds_on[0].body.replace(b'"record_link"', instead))
    reply = Reply(exchange(clause.probe, from_example(changed)))
    context = Context(GENERIC, EXAMPLE_MODEL, Secret(EXAMPLE_KEY), {clause.probe: reply}, surface_of("chat"))
    assert changed != clause.holds_on[0]
    assert clause.judge(reply, context).outcome == NOT_APPLICABLE


def test_a_likelihood_that_cannot_be_and_no_others_beside_it() -> None:
    clause = surface_of("chat").clauses(VALIDATE)["logprobs.coherent"]
    good = json.loads(clause.holds_on[0].body)
    for place in good["choices"][0]["logprobs"]["content"]:
        place |= {"logprob": 0.5, "top_logprobs": []}
    changed = clause.holds_on[0]._replace(body=json.dumps(good).encode())
    reply = Reply(exchange(clause.probe, from_example(changed)))
    context = Context(GENERIC, EXAMPLE_MODEL, Secret(EXAMPLE_KEY), {clause.probe: reply}, surface_of("chat"))
    found = clause.judge(reply, context)
    assert (found.outcome, found.observed) == (BROKEN, "0.5")
