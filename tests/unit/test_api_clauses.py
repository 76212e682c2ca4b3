"""Each clause of an API beside chat is judged on the examples that stand beside it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from chatproof.contract.areas import AREAS
from chatproof.contract.clause import (
    BROKEN,
    HOLDS,
    LAYERS,
    MUST,
    NOT_APPLICABLE,
    SHOULD,
    SMOKE,
    VALIDATE,
    Clause,
    Context,
    Example,
    Outcome,
)
from chatproof.contract.surface import Surface
from chatproof.diagnosis.failure_modes import CODED
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY
from chatproof.surfaces.embeddings import examples as embeddings
from chatproof.surfaces.messages import examples as messages
from chatproof.surfaces.messages.clauses.stream_blocks import of_text
from chatproof.surfaces.responses.clauses import happy as responses
from chatproof.surfaces.responses.clauses.validate.tools import alike
from chatproof.target import profile
from chatproof.wire.exchange import Secret
from tests.support import exchange, from_example

ROOT = Path(__file__).parent.parent.parent
GOOD = {"responses": responses.GOOD, "messages": messages.GOOD, "embeddings": embeddings.GOOD}
SURFACES = {api: surface_of(api) for api in GOOD}
ROWS = [(api, id) for api, surface in SURFACES.items() for id in surface.clauses(VALIDATE)]
ANYBODY = ("AI SDK", "client", "Client", "SDK", "parser", "key", "Who", "user")
ANOTHER = {"responses": "instructions", "messages": "system", "embeddings": "tokens"}
"""The request that a clause on each other reply is judged on."""
CLIENTS = {"messages": ("anthropic-", *ANYBODY)}  # of the others: OpenAI's


def outcome(surface: Surface, clause: Clause, example: Example, plain: Example | None = None) -> str:
    """Judge an example, beside the good plain reply or another one."""
    return judged(surface, clause, example, plain).outcome


def judged(surface: Surface, clause: Clause, example: Example, plain: Example | None = None) -> Outcome:
    """What a clause says of an example, beside the good plain reply or another one."""
    api = surface.name
    probe = clause.probe if clause.probe != "*" else ANOTHER[api]
    reply = Reply(exchange(probe, from_example(example), api=api))
    assert reply.complete, reply.fault
    control = Reply(exchange("happy", from_example(plain or GOOD[api]), api=api))  # clauses may look at it
    context = Context(
        profile.load("generic"), EXAMPLE_MODEL, Secret(EXAMPLE_KEY), {"happy": control, probe: reply}, surface
    )
    return clause.judge(reply, context)


OTHER_CODES = [  # an example that breaks a clause, by its number from the end, and the diagnosis of that break alone
    ("responses.stream.item_added", -1, "stream.duplicated"),
    ("responses.stream.item_added", -2, ""),
    ("responses.stream.numbered", -1, "stream.duplicated"),
    ("responses.stream.numbered", -2, ""),
    ("messages.stream.indexes", -1, "stream.duplicated"),
    ("messages.stream.indexes", -2, ""),
    ("messages.stream.stop_reason", -1, "contract.schema"),
    ("messages.stream.stop_reason", -2, ""),
]


@pytest.mark.parametrize(("id", "number", "code"), OTHER_CODES)
def test_a_break_of_another_kind_names_its_own_diagnosis(id: str, number: int, code: str) -> None:
    surface = SURFACES[id.partition(".")[0]]
    clause = surface.clauses(VALIDATE)[id]
    assert judged(surface, clause, clause.breaks_on[number]).code == code


BESIDE = {"embeddings.dimensions.unit": embeddings.of(embeddings.UNIT, embeddings.UNIT)}
"""The plain reply beside which a clause's examples are judged, where it is not the good one."""


@pytest.mark.parametrize(("api", "id"), ROWS)
def test_holds_and_breaks_on_its_examples(api: str, id: str) -> None:
    surface = SURFACES[api]
    clause, plain = surface.clauses(VALIDATE)[id], BESIDE.get(id)
    assert clause.holds_on and clause.breaks_on
    assert [outcome(surface, clause, one, plain) for one in clause.holds_on] == [HOLDS] * len(clause.holds_on)
    assert [outcome(surface, clause, one, plain) for one in clause.breaks_on] == [BROKEN] * len(clause.breaks_on)


@pytest.mark.parametrize(("api", "id"), ROWS)
def test_is_complete(api: str, id: str) -> None:
    surface = SURFACES[api]
    clauses, probes = surface.clauses(VALIDATE), surface.rows(VALIDATE)
    clause, order = clauses[id], list(clauses)
    assert id.startswith(f"{api}.")
    assert clause.says.endswith((".", ".)")) and clause.why.endswith(".")
    assert clause.source.url.startswith("https://") and len(clause.source.accessed) == 10
    assert clause.layer in LAYERS and clause.level in (MUST, SHOULD)
    assert clause.area in {area.name for area in AREAS}
    after = probes[clause.probe].after if clause.probe != "*" else ""
    assert all(clauses[need].probe in (clause.probe, after) for need in clause.needs)
    assert [need for need in clause.needs if order.index(need) > order.index(id)] == []
    own = {mode.code for mode in surface.failure_modes().coded}
    assert not clause.code or clause.code in {*CODED, *own}


@cache
def reference(api: str) -> str:
    return (ROOT / "docs" / "reference" / f"clauses-{api}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("api", "id"), ROWS)
def test_the_reference_says_why(api: str, id: str) -> None:
    (row,) = (line for line in reference(api).splitlines() if line.startswith(f"| `{id}` |"))
    clause = SURFACES[api].clauses(VALIDATE)[id]
    assert clause.says in row and clause.why in row
    assert f"{clause.source.url} ({clause.source.accessed})" in row


@pytest.mark.parametrize("api", SURFACES)
def test_a_must_names_a_client_that_loses_the_answer(api: str) -> None:
    clients = CLIENTS.get(api, ("openai-", "LangChain", "Codex", *ANYBODY))
    musts = [c for c in SURFACES[api].clauses(VALIDATE).values() if c.level == MUST]
    assert [c.id for c in musts if not any(word in c.why for word in clients)] == []


@pytest.mark.parametrize("api", SURFACES)
def test_smoke_is_a_part_of_validate(api: str) -> None:
    surface = SURFACES[api]
    smoke = surface.clauses(SMOKE)
    assert list(surface.clauses(VALIDATE))[: len(smoke)] == list(smoke)
    assert surface.leak.id == f"{api}.secret.not_reflected"
    assert set(surface.recorded.assertions) <= set(smoke)


def test_one_call_at_a_time_is_a_models_way_unless_the_client_needs_two() -> None:
    surface = SURFACES["responses"]
    clauses = surface.clauses(VALIDATE)
    clause = clauses["responses.tools.parallel"]
    one = Reply(exchange(clause.probe, from_example(clauses["responses.tools.called"].holds_on[0]), api="responses"))
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, {clause.probe: one}, surface)
    found = clause.judge(one, context)
    assert (found.outcome, found.state) == (NOT_APPLICABLE, ""), "compare would call it a loss"
    required = clause.judge(one, context._replace(required=frozenset({"parallel_tools"})))
    assert (required.outcome, required.state) == (BROKEN, "ignored")


@pytest.mark.parametrize(
    ("plain", "pieces", "expected"),
    [
        ("The word is pong.", ("The word ", "is pong."), HOLDS),
        ("The word is pong.", ("\n", "The word ", "is pong.", " "), HOLDS),
        ("The word is pong.", ("The word",), HOLDS),  # as a model may stop
        ("The word is pong.", ("pong.",), HOLDS),
        ("Pong!", ("Pong",), HOLDS),
        ("Okay, pong", ("Okay", " pong"), HOLDS),
        ("pong pong", ("pong",), HOLDS),
        ("haha", ("ha", "ha"), HOLDS),
        ("The word is pong.", ("The wor", "is pong."), BROKEN),
        ("The word is pong.", ("The word ", "is po"), BROKEN),
        ("The word is pong.", ("ord is", " pong."), BROKEN),
        ("The word is pong.", ("The word ", "The word ", "is pong."), BROKEN),
        ("The word is pong.", ("is pong.", "The word "), BROKEN),
    ],
)
def test_a_streamed_text_is_compared_with_the_plain_one(plain: str, pieces: tuple[str, ...], expected: str) -> None:
    surface = SURFACES["messages"]
    control = messages.altered(b'"pong"', json.dumps(plain).encode())
    clause = surface.clauses(VALIDATE)["messages.stream.whole_text"]
    assert outcome(surface, clause, of_text(*pieces), control) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ('{"a":1,"b":[2]}', '{ "b": [2], "a": 1 }', True),
        ('{"b":[2],"a":1}', '{"a":1,"b":[2]}', True),
        ('{"a":1}', '{"a":"1"}', False),
        ("{", "{", True),  # that both are cut off is another clause's
        ("{", "{}", False),
        ("{}", "{", False),
        ("[", "{", False),
    ],
)
def test_arguments_are_compared_as_clients_read_them(one: str, other: str, expected: bool) -> None:
    assert alike(one, other) == expected


@pytest.mark.parametrize(
    ("example", "expected", "at"),
    [
        (Example(404, "application/json", b'{"models":[]}'), NOT_APPLICABLE, ""),
        (Example(200, "text/html", b"<html></html>"), NOT_APPLICABLE, ""),
        (Example(200, "application/json", b'{"error":{"message":"no"}}'), NOT_APPLICABLE, ""),
        (Example(200, "application/json", b"[]"), BROKEN, "$"),
        (Example(200, "application/json", b"7"), BROKEN, "$.data"),
        (Example(200, "application/json", b'{"data":{}}'), BROKEN, "$.data"),
        (Example(200, "application/json", b'{"data":7}'), BROKEN, "$.data"),
    ],
)
def test_a_list_of_models_is_judged_where_one_came(example: Example, expected: str, at: str) -> None:
    surface = SURFACES["responses"]
    found = judged(surface, surface.clauses(VALIDATE)["responses.model.list_form"], example)
    assert (found.outcome, found.at) == (expected, at)
