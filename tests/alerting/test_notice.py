"""What an alert says: cause, owner, since, next step, run, explanation; and nothing of a key or a reply's body."""

from __future__ import annotations

import json

import pytest

from chatproof.monitoring.alerting.notice import Notice, document, lines, severity, text, title
from chatproof.monitoring.values import (
    CHANGED,
    DEGRADED,
    FAILING,
    OPENED,
    RESOLVED,
    UNKNOWN,
    UNKNOWN_OURS,
    UNKNOWN_THEIRS,
)
from tests.alerting.incidents import AT, incident

WHOLE = """\
cause: gateway.error: A gateway answered in the provider's place.
owner: gateway (certain)
changed here: the key (its fingerprint): 1a before, 2b now
since: 2026-11-28T21:06:40.000Z
next: Tell whoever runs the gateway.
targets: desk, shop
run: smoke-20261129-000000-abcdef
explain: chatproof explain gateway.error
page: https://monitor.test/incidents/inc-1
incident: inc-1, revision 1"""


def test_to_the_letter() -> None:
    made = incident(changes=("the key (its fingerprint): 1a before, 2b now",))
    notice = Notice(OPENED, made, link="https://monitor.test/")
    assert text(notice) == WHOLE
    assert title(notice) == "failing: desk and 1 more at https://gw.test: gateway.error, owner gateway"


def test_the_end_says_when_and_asks_for_nothing() -> None:
    over = Notice(RESOLVED, incident(revision=3, ended=AT + 600, targets=()))
    said = dict(lines(over))
    assert said["until"] == "2026-11-28T21:16:40.000Z" and "next" not in said and said["targets"] == "desk, shop"
    assert title(over) == "over: desk and 1 more at https://gw.test: gateway.error"


@pytest.mark.parametrize(
    ("state", "urgent", "words"),
    [
        (FAILING, "page", "failing: shop"),
        (UNKNOWN, "warning", "cannot be decided: shop"),
        (UNKNOWN_OURS, "warning", "cannot be decided: our own network: 1 target:"),
        (UNKNOWN_THEIRS, "warning", "cannot be reached, while others can: shop"),
        (DEGRADED, "info", "GO with warnings: shop"),
    ],
)
def test_only_what_was_seen_to_be_broken_pages(state: str, urgent: str, words: str) -> None:
    made = incident(state=state, targets=("shop",))
    assert severity(made) == urgent and title(Notice(OPENED, made)).startswith(words)


def test_many_targets_are_counted() -> None:
    targets = tuple(f"model-{number:03}" for number in range(200))
    notice = Notice(CHANGED, incident(targets=targets))
    assert dict(lines(notice))["targets"].endswith(", model-009 and 190 more")
    assert document(notice)["incident"]["targets"] == list(targets) and len(text(notice)) < 2000


def test_odd_names_are_harmless_and_bounded() -> None:
    odd = "a\nrun: forged\x1b[31m\u202e" + "b" * 10_000
    notice = Notice(OPENED, incident(targets=(odd,), changes=(odd,)))
    assert all(said.isprintable() and len(said) <= 500 for _, said in lines(notice))
    assert sum(line.startswith("run: ") for line in text(notice).splitlines()) == 1 and len(title(notice)) < 300
    json.dumps(document(notice)).encode("ascii")


def test_a_repeat_is_told_apart_and_has_the_same_id() -> None:
    first, again = Notice(OPENED, incident()), Notice(OPENED, incident(), is_repeat=True)
    assert first.id == again.id == "inc-1.1" and document(again) == {**document(first), "repeat": True}
