"""What fails a run: the whole table of verdicts and policies."""

from typing import Any

import pytest

from chatproof.cli import exit_status
from chatproof.usage_error import UsageError
from tests.support import play

WARNING = '200 application/json\n\n{"data":[{"id":"other"}]}'
RUNS: dict[str, dict[str, Any]] = {
    "GO": {},
    "GO, warning": {"models": WARNING},
    "NO-GO": {"all": "502 text/html\n\n<html>"},
    "UNDECIDED": {"happy": b"HTTP/1.1 200 OK\r\nX: y"},
    "UNDECIDED, warning": {"auth.missing_key": b"HTTP/1.1 401 No\r\nX", "models": WARNING},
}
TABLE = {  # policy: statuses of GO; GO, warning; NO-GO; UNDECIDED; UNDECIDED, warning; GO with drift
    "": (0, 0, 1, 3, 3, 0),
    "broken": (0, 0, 1, 0, 0, 0),
    "undecided": (0, 0, 1, 3, 3, 0),
    "broken,undecided": (0, 0, 1, 3, 3, 0),
    "warning": (0, 1, 1, 3, 3, 0),
    "broken,warning": (0, 1, 1, 0, 1, 0),
    "drift": (0, 0, 1, 3, 3, 1),
    "broken,drift": (0, 0, 1, 0, 0, 1),
    "warning,drift": (0, 1, 1, 3, 3, 1),
    "never": (0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("words", TABLE)
def test_every_verdict_under_every_policy(words: str) -> None:
    fails = exit_status.policy([words] if words else [])
    documents = [play(replies).record.document for replies in RUNS.values()]
    assert [d["verdict"] for d in documents] == [name.partition(",")[0] for name in RUNS]
    documents.append({**documents[0], "drift": [{"what": "a header is gone"}]})
    assert tuple(exit_status.of_run(document, fails) for document in documents) == TABLE[words]


def test_words_may_be_repeated_or_joined() -> None:
    assert exit_status.policy(["broken", "drift"]) == exit_status.policy(["broken,drift"]) == {"broken", "drift"}
    assert exit_status.policy([], exit_zero=True) == exit_status.policy(["never"], exit_zero=True) == frozenset()


@pytest.mark.parametrize("words", [["nope"], ["broken,"], [""], ["never,broken"], ["never", "drift"]])
def test_what_makes_no_policy(words: list[str]) -> None:
    with pytest.raises(UsageError):
        exit_status.policy(words)


def test_exit_zero_contradicts_a_policy() -> None:
    with pytest.raises(UsageError, match="contradict"):
        exit_status.policy(["warning"], exit_zero=True)


@pytest.mark.parametrize(("signal", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_no_policy_hides_a_signal(signal: str, status: int) -> None:
    document = play().record.document
    document["notes"].append(f"interrupted by {signal} before all requests were answered")
    assert exit_status.of_run(document, frozenset()) == status


def test_reasons_are_told_only_where_the_verdict_does_not_tell() -> None:
    document = play({"models": WARNING}).record.document
    assert exit_status.reasons(document, exit_status.DEFAULT) == []
    assert exit_status.reasons(document, exit_status.policy(["warning"])) == ["--fail-on warning: failed: model.listed"]
