"""Each clause of the Embeddings API is judged on the examples that stand beside it."""

from __future__ import annotations

import pytest

from chatproof.contract.areas import AREAS
from chatproof.contract.clause import (
    BROKEN,
    HOLDS,
    LAYERS,
    MUST,
    SHOULD,
    SMOKE,
    VALIDATE,
    Clause,
    Context,
    Example,
)
from chatproof.diagnosis.failure_modes import CODED
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY
from chatproof.surfaces.embeddings.examples import GOOD
from chatproof.target import profile
from chatproof.wire.exchange import Secret
from tests.support import exchange, from_example

SURFACE = surface_of("embeddings")
CLAUSES = SURFACE.clauses(VALIDATE)
PROBES = SURFACE.rows(VALIDATE)


def outcome(clause: Clause, example: Example) -> str:
    probe = clause.probe if clause.probe != "*" else "happy"
    reply = Reply(exchange(probe, from_example(example), api="embeddings"))
    assert reply.complete, reply.fault
    replies = {
        "happy": Reply(exchange("happy", from_example(GOOD), api="embeddings")),
        probe: reply,
    }  # clauses may look at the control
    context = Context(profile.load("generic"), EXAMPLE_MODEL, Secret(EXAMPLE_KEY), replies, SURFACE)
    return clause.judge(reply, context).outcome


@pytest.mark.parametrize("id", CLAUSES)
def test_holds_and_breaks_on_its_examples(id: str) -> None:
    clause = CLAUSES[id]
    assert clause.holds_on and clause.breaks_on
    assert [outcome(clause, example) for example in clause.holds_on] == [HOLDS] * len(clause.holds_on)
    assert [outcome(clause, example) for example in clause.breaks_on] == [BROKEN] * len(clause.breaks_on)


@pytest.mark.parametrize("id", CLAUSES)
def test_is_complete(id: str) -> None:
    clause = CLAUSES[id]
    order = list(CLAUSES)
    assert id.startswith("embeddings.")
    assert clause.says.endswith((".", ".)")) and clause.why.endswith(".")
    assert clause.source.url.startswith("https://") and len(clause.source.accessed) == 10
    assert clause.layer in LAYERS and clause.level in (MUST, SHOULD)
    assert clause.area in {area.name for area in AREAS}
    after = PROBES[clause.probe].after if clause.probe != "*" else ""
    assert all(CLAUSES[need].probe in (clause.probe, after) for need in clause.needs)
    assert [need for need in clause.needs if order.index(need) > order.index(id)] == []
    assert not clause.code or clause.code in CODED


def test_a_must_names_a_client_that_loses_the_answer() -> None:
    clients = ("openai-", "AI SDK", "LangChain", "Codex", "client", "Client", "SDK", "parser", "key", "Who", "user")
    assert [c.id for c in CLAUSES.values() if c.level == MUST and not any(word in c.why for word in clients)] == []


def test_smoke_is_a_part_of_validate() -> None:
    assert list(CLAUSES)[: len(SURFACE.clauses(SMOKE))] == list(SURFACE.clauses(SMOKE))
    assert SURFACE.leak.id == "embeddings.secret.not_reflected"
    assert set(SURFACE.recorded.assertions) <= set(SURFACE.clauses(SMOKE))
