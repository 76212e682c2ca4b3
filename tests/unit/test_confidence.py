"""Certain means certain: each code has its rule, and what the rule names as decisive decides."""

from __future__ import annotations

from typing import Any

import pytest

from chatproof.diagnosis.confidence import RULES, rule_of
from chatproof.diagnosis.failure_modes import every_row
from chatproof.wire.exchange import Fault
from tests.support import Played, play, wire

MODES = every_row()
CODES = sorted({mode.code for mode in MODES})
OWNERS = {"you", "provider", "gateway", "network"}


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_one_rule_that_covers_its_rows(code: str) -> None:
    assert sum(code in rule.codes for rule in RULES) == 1
    rule = rule_of(code)
    rows = [mode for mode in MODES if mode.code == code]
    for row in rows:
        assert row.owner not in rule.excluded or row.confidence != "certain", "it excludes its own owner"
        assert row.confidence in rule.rule, f"the rule does not say when it is {row.confidence}"
    if any(row.confidence == "certain" for row in rows):
        assert rule.excluded and set(rule.excluded) <= OWNERS, "certain, and nobody is left out"


def test_no_rule_is_of_a_code_that_is_not() -> None:
    assert {code for rule in RULES for code in rule.codes} == set(CODES)


KEY = '401 application/json\n\n{"error":{"message":"Invalid API key","code":"invalid_api_key"}}'
NO_KEY = '401 application/json\n\n{"error":{"message":"No API key was provided","code":"missing_api_key"}}'
FORBIDDEN = '403 application/json\n\n{"error":{"message":"%s"}}'
PAGE = "%d text/html\n\n<html><title>%s</title></html>"
UPSTREAM = '500 application/json\n\n{"error":{"message":"connect ECONNREFUSED 10.0.0.7:8000"}}'
GONE = '404 application/json\n\n{"error":{"message":"The model gpt-x does not exist","code":"model_not_found"}}'
OTHERS = '200 application/json\n\n{"data":[{"id":"other"}]}'
MONEY = '402 application/json\n\n{"error":{"message":"Insufficient balance"}}'

Seen = dict[str, Any]
CONTRASTS: list[tuple[str, Seen, tuple[str, str], Seen, tuple[str, str]]] = [
    # what decides, what comes of it, and what comes where that is not seen: (code, owner, confidence)
    ("auth.rejected", {"happy": KEY, "models": KEY}, ("you", "certain"), {"happy": KEY}, ("unknown", "likely")),
    (
        "gateway.error",
        {"happy": PAGE % (502, "502 Bad Gateway")},
        ("gateway", "certain"),
        {"happy": UPSTREAM},
        ("gateway", "likely"),
    ),
    (
        "gateway.challenge",
        {"all": PAGE.replace("\n\n", "\ncf-mitigated: challenge\n\n") % (403, "Just a moment...")},
        ("gateway", "certain"),
        {"all": PAGE % (403, "403 Forbidden")},
        ("gateway", "likely"),
    ),
    ("account.quota", {"all": MONEY}, ("you", "certain"), {"all": PAGE % (402, "Payment Required")}, ("you", "likely")),
    (
        "server.error",
        {"happy": '500 application/json\n\n{"error":{"message":"boom","type":"server_error"}}'},
        ("provider", "certain"),
        {"happy": PAGE % (500, "Internal Server Error")},
        ("unknown", "possible"),
    ),
    (
        "net.refused",
        {"happy": Fault("net.refused", "connect", "192.0.2.7:443: connection refused")},
        ("provider", "likely"),
        {"happy": Fault("net.refused", "connect", "localhost is the container")},
        ("unknown", "likely"),
    ),
]


@pytest.mark.parametrize(("code", "seen", "said", "less", "lowered"), CONTRASTS, ids=[row[0] for row in CONTRASTS])
def test_without_what_decides_less_is_said(
    code: str, seen: Seen, said: tuple[str, str], less: Seen, lowered: tuple[str, str]
) -> None:
    found = [next(d for d in play(replies).diagnoses if d.code == code) for replies in (seen, less)]
    assert [(one.owner, one.confidence) for one in found] == [said, lowered]


def test_a_ban_is_certain_by_its_words_or_against_a_request_without_a_key() -> None:
    bare = FORBIDDEN % "no"
    worded = FORBIDDEN % "You do not have permission"
    found = [
        next(d for d in run.diagnoses if d.code == "auth.permission")
        for run in (play({"happy": bare}), Played({"happy": wire(worded)}), Played({"happy": wire(bare)}))
    ]
    assert [(d.owner, d.confidence) for d in found] == [("you", "certain"), ("you", "certain"), ("unknown", "possible")]


def test_a_model_is_certain_by_its_name_and_likely_by_a_listing() -> None:
    named = play({"happy": GONE, "models": OTHERS}).diagnoses[0]
    plain = play({"happy": '404 application/json\n\n{"error":{"message":"not found"}}', "models": OTHERS}).diagnoses[0]
    assert (named.code, named.confidence) == ("model.unavailable", "certain")
    assert (plain.code, plain.confidence) == ("model.unavailable", "likely")


def test_a_provider_that_a_router_does_not_find_is_likely_the_models_name() -> None:
    found = play({"happy": '404 application/json\n\n{"error":{"message":"Provider \'acme\' not found"}}'}).diagnoses[0]
    assert (found.code, found.confidence) == ("model.unavailable", "likely")


def test_a_key_that_arrived_nowhere_blames_nobody_for_certain() -> None:
    lost = play({"happy": NO_KEY, "models": NO_KEY, "auth.invalid_key": NO_KEY, "auth.missing_key": NO_KEY}).diagnoses[
        0
    ]
    assert (lost.code, lost.owner, lost.confidence) == ("auth.header", "unknown", "likely")
    unsent = play({"all": NO_KEY}, no_auth=True, no_key=True).diagnoses[0]
    assert (unsent.code, unsent.owner) == ("auth.header", "you")
