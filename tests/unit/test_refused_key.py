"""When a refusal is proof that the key was judged: the clauses `auth.*.rejected`, beside what the good key got."""

import pytest

from chatproof.contract.clause import Context, Outcome
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat.clauses.auth import rejected
from chatproof.target import profile
from chatproof.wire.exchange import Fault
from tests.support import GOOD, exchange, wire

BUSY = '{"error":{"message":"Overloaded, try again","type":"server_error"}}'
ODD = '{"error":{"message":"Not today.","type":"refusal"}}'
OTHER = '{"error":{"message":"No such deployment","type":"deployment_error"}}'


def judged(refusal: str, good_key: str | bytes | Fault | None, status: int | None = None) -> Outcome:
    """The clause on this answer to a wrong key; `good_key` is the answer to the good one, where it was asked."""
    sent = exchange("auth.invalid_key", wire(refusal))
    if status is not None:  # one that HTTP/1.1 knows, and no server ends a reply with
        assert sent.response
        sent = sent._replace(response=sent.response._replace(status=status))
    known = {}
    if good_key is not None:
        known["happy"] = Reply(exchange("happy", wire(good_key) if isinstance(good_key, str) else good_key))
    return rejected(Reply(sent), Context(profile.load("generic"), "m", None, known, surface_of("chat")))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(199, "holds"), (200, "broken"), (204, "broken"), (299, "broken"), (300, "holds"), (302, "holds"), (403, "holds")],
)
def test_only_a_status_of_success_lets_the_key_in(status: int, outcome: str) -> None:
    assert judged(f"403 application/json\n\n{ODD}", GOOD["happy"], status).outcome == outcome


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        (f"400 application/json\n\n{ODD}", "holds"),
        (f"500 application/json\n\n{ODD}", "holds"),
        (f"400 application/json\n\n{BUSY}", "undecided"),
        ('400 application/json\n\n{"error":{"message":"hm","code":"overloaded_error"}}', "undecided"),
        ('400 application/json\n\n{"error":{"message":"hm","type":"overloaded_error"}}', "undecided"),
        ('400 application/json\n\n{"error":{"message":"hm","param":"overload_policy"}}', "holds"),
        ("499 text/html\n\n<html>", "holds"),
        ("500 text/html\n\n<html>", "undecided"),
        *((f"{status} application/json\n\n{ODD}", "undecided") for status in (408, 425, 429, 502, 503, 504, 524, 529)),
        ('503 application/json\n\n{"error":{"message":"no such model","code":"model_not_found"}}', "holds"),
    ],
)
def test_beside_an_accepted_good_key_a_refusal_counts_unless_it_speaks_of_load(refusal: str, outcome: str) -> None:
    assert judged(refusal, GOOD["happy"]).outcome == outcome


@pytest.mark.parametrize(
    ("good_key", "outcome"),
    [
        (f"404 application/json\n\n{ODD}", "holds"),
        (f"403 application/json\n\n{OTHER}", "holds"),
        (f"403 application/json\n\n{ODD}", "undecided"),
        (Fault("net.reset", "first_byte", "x"), "undecided"),
        (f"HTTP/1.1 404 No\r\nContent-Length: 999\r\n\r\n{OTHER}".encode(), "undecided"),
        (None, "undecided"),
    ],
)
def test_where_the_good_key_is_refused_too_it_must_be_refused_in_another_way(
    good_key: str | bytes | Fault | None, outcome: str
) -> None:
    assert judged(f"403 application/json\n\n{ODD}", good_key).outcome == outcome
    assert judged(f"418 application/json\n\n{ODD}", good_key).outcome == "undecided", "and in a usual one"


@pytest.mark.parametrize("refusal", ["403 text/html\n\n<html>", f"403 application/json\n\n{ODD}"])
def test_what_the_good_key_gets_is_not_guessed(refusal: str) -> None:
    assert judged(refusal, None).outcome == "undecided"
    assert judged("401 text/html\n\n<html>", None).outcome == "holds"


def test_a_success_without_a_completion_is_excused_only_by_the_same_for_the_good_key() -> None:
    assert judged("204\n\n", None).outcome == "broken"
    assert judged("204\n\n", GOOD["happy"]).outcome == "broken"
    assert judged("204\n\n", "204\n\n").outcome == "undecided"
