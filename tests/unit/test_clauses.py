"""Each clause is judged on the examples that stand beside it, alone and as a part of the contract."""

import pytest

from chatproof import clauses, profile
from chatproof.clause import BROKEN, HOLDS, Clause, Context, Example
from chatproof.clauses.models import EXAMPLE_MODEL
from chatproof.clauses.secrets import EXAMPLE_KEY
from chatproof.exchange import Secret
from chatproof.reply import Reply
from tests.support import exchange, from_example

CLAUSES = clauses.load()
SMOKE_IDS = {
    "happy.status_200", "happy.media_type_json", "happy.body_json", "happy.choices_non_empty",
    "happy.message_content_non_empty", "happy.no_error_field",
    "auth.invalid_key.rejected", "auth.invalid_key.body_json", "auth.invalid_key.error_present",
    "auth.missing_key.rejected", "auth.missing_key.body_json", "auth.missing_key.error_present",
    "secret.not_reflected", "model.listed",
    "stream.media_type", "stream.events_parse", "stream.content_non_empty", "stream.finished", "stream.no_error",
}  # fmt: skip


def outcome(clause: Clause, example: Example) -> str:
    probe = clause.probe if clause.probe != "*" else "happy"
    reply = Reply(exchange(probe, from_example(example)))
    assert reply.complete, reply.fault
    context = Context(profile.load("generic"), EXAMPLE_MODEL, Secret(EXAMPLE_KEY), {probe: reply})
    return clause.judge(reply, context).outcome


@pytest.mark.parametrize(("id", "example"), [(c.id, e) for c in CLAUSES.values() for e in c.holds_on])
def test_holds_on_its_example(id: str, example: Example) -> None:
    assert outcome(CLAUSES[id], example) == HOLDS


@pytest.mark.parametrize(("id", "example"), [(c.id, e) for c in CLAUSES.values() for e in c.breaks_on])
def test_breaks_on_its_example(id: str, example: Example) -> None:
    assert outcome(CLAUSES[id], example) == BROKEN


def test_ids_are_the_published_ones() -> None:
    assert set(CLAUSES) == SMOKE_IDS


@pytest.mark.parametrize("id", CLAUSES)
def test_is_complete(id: str) -> None:
    clause = CLAUSES[id]
    assert clause.holds_on and clause.breaks_on
    assert clause.says.endswith(".") and clause.why.endswith(".") and clause.area
    assert clause.source.url.startswith("https://") and len(clause.source.accessed) == 10
    assert clause.level == ("should" if id == "model.listed" else "must")
    assert all(need in CLAUSES and CLAUSES[need].probe == clause.probe for need in clause.needs)


def test_areas_are_those_of_the_table() -> None:
    from chatproof.areas import AREAS

    assert {clause.area for clause in CLAUSES.values()} <= {area.name for area in AREAS}


FORBIDDEN = ("pong", "latency", "first_byte", "price", "cost", "quota", "uptime", "usage", "total_tokens", "timings")


@pytest.mark.parametrize("module", ["happy", "auth", "models", "secrets", "stream"])
def test_smoke_never_asserts_on_what_varies(module: str) -> None:
    """Seed: wording, token counts, latency, price, quota, uptime, other accounts' models are not asserted on."""
    import ast
    import importlib
    import inspect

    source = inspect.getsource(importlib.import_module(f"chatproof.clauses.{module}"))
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        body = ast.unparse(ast.Module(body=function.body, type_ignores=[])).lower()
        assert not [word for word in FORBIDDEN if word in body], function.name
