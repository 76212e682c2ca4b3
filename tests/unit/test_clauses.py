"""Each clause is judged on the examples that stand beside it, alone and as a part of the contract."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from chatproof.contract.clause import (
    BROKEN,
    HOLDS,
    LAYERS,
    MUST,
    NOT_APPLICABLE,
    SHOULD,
    UNDECIDED,
    VALIDATE,
    Clause,
    Context,
    Example,
)
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import _after_their_needs
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat import clauses
from chatproof.surfaces.chat.clauses.happy import GOOD
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY
from chatproof.target import profile
from chatproof.wire.exchange import ARRIVALS, OTHER_HEADERS, Secret
from tests.support import exchange, from_example

SMOKE = clauses.load()
CLAUSES = clauses.load(VALIDATE)
PROBES = surface_of("chat").rows(VALIDATE)
SMOKE_IDS = {
    "happy.status_200", "happy.media_type_json", "happy.body_json", "happy.choices_non_empty",
    "happy.message_content_non_empty", "happy.no_error_field", "happy.choices_shape",
    "auth.invalid_key.rejected", "auth.invalid_key.body_json", "auth.invalid_key.error_present",
    "auth.missing_key.rejected", "auth.missing_key.body_json", "auth.missing_key.error_present",
    "secret.not_reflected", "model.listed", "head.line_ends",
    "stream.media_type", "stream.events_parse", "stream.content_non_empty", "stream.finished", "stream.no_error",
    "stream.no_empty_events", "stream.closes",
}  # fmt: skip


def outcome(clause: Clause, example: Example) -> str:
    probe = clause.probe if clause.probe != "*" else "tools"  # any
    reply = Reply(exchange(probe, from_example(example)))
    assert reply.complete, reply.fault
    replies = {"happy": Reply(exchange("happy", from_example(GOOD))), probe: reply}  # clauses may look at the control
    context = Context(profile.load("generic"), EXAMPLE_MODEL, Secret(EXAMPLE_KEY), replies, surface_of("chat"))
    return clause.judge(reply, context).outcome


@pytest.mark.parametrize(("id", "example"), [(c.id, e) for c in CLAUSES.values() for e in c.holds_on])
def test_holds_on_its_example(id: str, example: Example) -> None:
    assert outcome(CLAUSES[id], example) == HOLDS


@pytest.mark.parametrize(("id", "example"), [(c.id, e) for c in CLAUSES.values() for e in c.breaks_on])
def test_breaks_on_its_example(id: str, example: Example) -> None:
    assert outcome(CLAUSES[id], example) == BROKEN


def test_ids_are_the_published_ones() -> None:
    assert set(SMOKE) == SMOKE_IDS
    assert set(CLAUSES) > SMOKE_IDS


def test_a_scope_is_put_together_once_and_smoke_is_a_part_of_validate() -> None:
    assert clauses.load() is clauses.load()
    assert {id: CLAUSES[id] for id in SMOKE} == SMOKE


def test_smoke_is_the_same_where_validates_clauses_are_known_already() -> None:
    known = clauses._loaded.pop("smoke")
    try:
        assert list(clauses.load().items()) == list(known.items())
    finally:
        clauses._loaded["smoke"] = known


def test_each_file_of_clauses_is_found_and_nothing_else() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.py", "b.py", "compiled.pyc", "_private.py", "__init__.py", "notes.txt"):
            (Path(folder) / name).touch()
        for name in ("validate", "__pycache__"):
            (Path(folder) / name).mkdir()
        assert clauses.files_of("p", folder, ("b", "gone")) == ["p.b", "p.a", "p.compiled"]


def test_streaming_is_the_one_capability_that_smoke_speaks_of() -> None:
    assert {id: c.capability for id, c in SMOKE.items() if c.capability} == {
        id: "stream" for id in SMOKE_IDS if id.startswith("stream.")
    }


def test_scopes_do_not_depend_on_what_was_loaded_first() -> None:
    """Clauses share functions over scopes (auth.empty_key is judged as auth.missing_key is)."""
    ask = "from chatproof.surfaces.chat import clauses as c; print(len(c.load({!r})), len(c.load({!r})), *list(c.load('smoke'))[:9])"
    said = {
        subprocess.run([sys.executable, "-c", ask.format(a, b)], capture_output=True, text=True, check=True).stdout
        for a, b in (("smoke", "smoke"), ("validate", "smoke"))
    }
    assert len({line.split()[1:] and " ".join(line.split()[1:]) for line in said}) == 1, said


# Judged on how a reply came, not on what it says: their examples are the tests named here.
BY_THE_WIRE = {
    "tools.intact": "tests/unit/test_agents.py",  # on two replies
    "stream.closes": "tests/unit/test_wire_clauses.py",
    "stream.incremental": "tests/unit/test_wire_clauses.py",
    "operations.burst": "tests/unit/test_wire_clauses.py",
    "operations.keep_alive": "tests/unit/test_wire_clauses.py",
}
# A must of validate names the client that breaks; these are the ones that the issue wants to be warnings.
SMOKE_SHOULD = {"model.listed", "stream.no_empty_events", "stream.closes"}


@pytest.mark.parametrize("id", CLAUSES)
def test_is_complete(id: str) -> None:
    clause = CLAUSES[id]
    assert (bool(clause.holds_on) and bool(clause.breaks_on)) != (id in BY_THE_WIRE)
    assert clause.says.endswith((".", ".)")) and clause.why.endswith(".") and clause.area
    assert clause.source.url.startswith("https://") and len(clause.source.accessed) == 10
    assert clause.layer in LAYERS
    after = PROBES[clause.probe].after if clause.probe != "*" else ""
    assert all(CLAUSES[need].probe in (clause.probe, after) for need in clause.needs)
    if id in SMOKE:
        assert clause.level == (SHOULD if id in SMOKE_SHOULD else MUST)
    else:
        assert clause.level in (MUST, SHOULD)
        told = clause.code or id.startswith("auth.") or id.endswith(".body_json")  # by the rows for bodies
        assert told, "a break must come to a diagnosis"


def test_a_clause_comes_after_those_it_needs() -> None:
    """Judging looks at what it found earlier, and takes for granted that it is there."""
    order = list(CLAUSES)
    assert [(id, need) for id in order for need in CLAUSES[id].needs if order.index(need) > order.index(id)] == []


def test_ids_of_the_whole_contract_are_published() -> None:
    """docs/reference/clauses.md lists them: users write them into waivers, so none may change unseen."""
    listed = Path(__file__).parent.parent.parent / "docs" / "reference" / "clauses.md"
    text = listed.read_text()
    assert [id for id in CLAUSES if f"| `{id}` |" not in text] == []


@pytest.mark.parametrize("id", [id for id in CLAUSES if id not in BY_THE_WIRE])
def test_the_examples_would_catch_a_clause_that_always_holds_or_never_does(id: str) -> None:
    """Two-sided: no constant outcome satisfies a clause's own examples."""
    clause = CLAUSES[id]
    seen = {outcome(clause, example) for example in (*clause.holds_on, *clause.breaks_on)}
    assert seen == {HOLDS, BROKEN}


def test_areas_are_those_of_the_table() -> None:
    from chatproof.contract.areas import AREAS

    assert {clause.area for clause in CLAUSES.values()} <= {area.name for area in AREAS}


@pytest.mark.parametrize("status", [400, 404, 407, 408, 409, 410, 422, 424, 425, 426, 428, 429, 430, 499, 500, 503])
def test_clients_retry_a_timeout_a_conflict_an_early_request_a_limit_and_every_failure(status: int) -> None:
    retried = status in (408, 409, 425, 429) or status >= 500
    refusal = Example(status, "application/json", b'{"error":{"message":"no"}}')
    assert outcome(CLAUSES["error.missing_model.not_retried"], refusal) == (BROKEN if retried else HOLDS)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "rate_limit_exceeded"),
        (400, "insufficient_quota"),
        (400, "unsupported_country_region_territory"),
        (400, "mismatched_organization"),
        (407, ""),
        (408, ""),
    ],
)
def test_a_refusal_for_another_reason_says_nothing_of_the_request(status: int, code: str) -> None:
    refusal = Example(status, "application/json", b'{"error":{"message":"no","code":"%s"}}' % code.encode())
    assert outcome(CLAUSES["error.missing_model.refused"], refusal) == UNDECIDED


def test_each_refusal_belongs_to_the_area_that_it_verifies() -> None:
    found: dict[str, set[str]] = {}
    for clause in CLAUSES.values():
        if clause.id.startswith("error.") and clause.id.endswith(".refused"):
            found.setdefault(clause.area, set()).add(clause.probe.removeprefix("error."))
    assert found.pop("Required request fields") >= {"missing_model", "missing_messages", "message_without_role"}
    assert found == {
        "Optional request fields": {"temperature_string", "temperature_range", "stream_string"},
        "Model identifiers": {"unknown_model"},
        "HTTP method": {"get_endpoint"},
        "Endpoint path": {"unknown_path"},
    }


FORBIDDEN = ("pong", "latency", "first_byte", "price", "cost", "quota", "uptime", "usage", "total_tokens", "timings")


@pytest.mark.parametrize("module", ["happy", "auth", "models", "secrets", "stream"])
def test_smoke_never_asserts_on_what_varies(module: str) -> None:
    """Seed: wording, token counts, latency, price, quota, uptime, other accounts' models are not asserted on."""
    import ast
    import importlib
    import inspect

    source = inspect.getsource(importlib.import_module(f"chatproof.surfaces.chat.clauses.{module}"))
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        body = ast.unparse(ast.Module(body=function.body, type_ignores=[])).lower()
        assert not [word for word in FORBIDDEN if word in body], function.name


def test_node_reads_a_head_of_16_kib_and_no_longer_one() -> None:
    plain = Reply(exchange("happy", from_example(GOOD._replace(extra=((b"X", b""),)))))
    assert plain.response is not None
    left = 16384 - sum(len(name) + len(value) + 4 for name, value in plain.response.headers)
    for length, expected in ((left, HOLDS), (left + 1, BROKEN)):
        assert outcome(CLAUSES["head.line_ends"], GOOD._replace(extra=((b"X", b"a" * length),))) == expected


BARE, TWICE, LARGE, FOLDED = CLAUSES["head.line_ends"].breaks_on


@pytest.mark.parametrize(
    ("example", "missing", "expected"),
    [
        (GOOD, ARRIVALS, HOLDS),
        (BARE, ARRIVALS, NOT_APPLICABLE),  # they may be those of a terminal or an editor
        (FOLDED, ARRIVALS, NOT_APPLICABLE),
        (TWICE, ARRIVALS, BROKEN),
        (LARGE, ARRIVALS, BROKEN),
        (TWICE, OTHER_HEADERS, HOLDS),  # what stands there may be what one client tells of two
        (LARGE, OTHER_HEADERS, HOLDS),
    ],
)
def test_a_captures_head_is_judged_by_what_it_has_of_it(example: Example, missing: str, expected: str) -> None:
    made = exchange("happy", from_example(example))
    reply = Reply(made._replace(missing=frozenset({missing})))
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, {}, surface_of("chat"))
    assert CLAUSES["head.line_ends"].judge(reply, context).outcome == expected
    assert made.response is not None
    unseen = Reply(made._replace(response=made.response._replace(bare_lines=None), missing=frozenset({missing})))
    where_no_line_was_seen = BROKEN if expected == BROKEN else NOT_APPLICABLE
    assert CLAUSES["head.line_ends"].judge(unseen, context).outcome == where_no_line_was_seen


@pytest.mark.parametrize("id", ["unicode.accepted", "tools.result"])
def test_a_limit_says_nothing_of_what_must_be_answered(id: str) -> None:
    limited = Example(429, "application/json", b'{"error":{"message":"slow down"}}')
    assert outcome(CLAUSES[id], limited) == UNDECIDED


def test_nine_numbers_in_a_row_show_no_counting() -> None:
    """What comes last may be cut in its middle, and counts for nothing."""
    clause = CLAUSES["stream.text_whole"]
    counted = clause.breaks_on[-1]
    assert outcome(clause, counted) == BROKEN
    fewer = counted._replace(body=counted.body.replace(b'{"content":"12, "}', b"{}"))
    assert outcome(clause, fewer) == NOT_APPLICABLE


def test_a_clause_is_judged_after_those_it_needs_in_whichever_order_files_are_read() -> None:
    assert [*_after_their_needs(dict(reversed(CLAUSES.items())))] != [*reversed(CLAUSES)]
    order = [*_after_their_needs(dict(reversed(CLAUSES.items())))]
    assert [(id, need) for id in order for need in CLAUSES[id].needs if order.index(need) > order.index(id)] == []
    assert [*_after_their_needs(CLAUSES)] == [*CLAUSES], "those that are in order keep it"
