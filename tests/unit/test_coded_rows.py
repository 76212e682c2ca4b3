"""Diagnoses that a clause names itself: each has its row, and shows what the broken clauses saw."""

from chatproof import clauses, profile
from chatproof.clause import VALIDATE, Context
from chatproof.failure_modes import CODED, Case, Sign
from chatproof.judging import Finding
from chatproof.reply import Reply
from tests.support import GOOD, exchange, wire

LIMITED = "operations.rate_limited_error"


def broken(clause: str, level: str = "must", at: str = "$.id", state: str = "") -> Finding:
    return Finding(clause, level, "happy", "x", "broken", at, "a string", "7", "", state)


def sign(*findings: Finding) -> Sign:
    reply = Reply(exchange("happy", wire(GOOD["happy"])))
    found = CODED["contract.schema"].when(Case(reply, Context(profile.load("generic"), "m", None, {}), findings))
    assert found
    return found


def test_each_code_that_a_clause_names_has_a_row_and_each_row_a_clause() -> None:
    assert {clause.code for clause in clauses.load(VALIDATE).values() if clause.code} == set(CODED)


def test_owner_and_confidence_of_what_is_seen_on_the_wire_only() -> None:
    """No reply's words lead to these, so no golden text holds them."""
    rows = {code: (CODED[code].owner, CODED[code].confidence) for code in CODED if not code.startswith("contract.")}
    assert rows == {
        "stream.buffered": ("gateway", "likely"),
        "http.concurrency": ("gateway", "likely"),
        "http.keep_alive": ("unknown", "likely"),
    }


def test_a_break_is_shown_with_its_place_where_it_has_one() -> None:
    assert sign(broken("a.b"), broken("a.c", at="")).evidence == (
        "a.b at $.id: expected a string; observed 7",
        "a.c: expected a string; observed 7",
    )


def test_musts_are_shown_first_and_six_at_most() -> None:
    many = [broken(f"s.{number}", "should", "") for number in range(4)]
    many += [broken(f"m.{number}", "must", "") for number in range(4)]
    shown = [line.partition(":")[0] for line in sign(*many).evidence]
    assert shown == ["m.0", "m.1", "m.2", "m.3", "s.0", "s.1"]


def test_a_row_keeps_its_words_unless_all_breaks_are_of_one_sort() -> None:
    refused, ignored = broken("a.b", state="unsupported"), broken("a.c", state="ignored")
    assert sign(ignored) == sign(ignored)._replace(summary="", owner="", next_step="", confidence="")
    assert not sign(refused, ignored).summary
    assert not sign(broken(LIMITED), ignored).summary


def test_a_requirement_that_is_refused_is_the_users_to_drop() -> None:
    found = sign(broken("a.b", state="unsupported"))
    assert (found.summary, found.owner, found.confidence) == (
        "a capability that is required is clearly refused",
        "unknown",
        "certain",
    )
    assert found.next_step.startswith("Use a model that supports it, or leave it out of --require")


def test_a_429_without_words_is_still_one_to_wait_after() -> None:
    found = sign(broken(LIMITED))
    assert found.summary == "a 429 carries no error that clients can read" and not found.owner
    assert found.next_step.startswith("Wait and retry on status 429 alone")
