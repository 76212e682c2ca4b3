"""May the client move? Each answer on runs made for it; what was not observed is never equal."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import jsonschema_rs
import pytest

from chatproof.analysis.comparison import clients, document
from chatproof.analysis.comparison.difference import named
from chatproof.analysis.comparison.differences import between
from chatproof.analysis.comparison.judgements import abilities
from chatproof.contract.clause import VALIDATE
from chatproof.surfaces.chat.clauses import load
from tests.migration.conftest import play
from tests.support import schema

AT = "2026-11-25T00:00:00.000Z"
Run = dict[str, Any]


def compared(*runs: Run, requires: tuple[str, ...] = ()) -> dict[str, Any]:
    made = document.build(list(runs), frozenset(requires), AT)
    assert list(jsonschema_rs.Draft202012Validator(schema("comparison-1")).iter_errors(made)) == []
    return made


def with_state(run: Run, capability: str, state: str) -> Run:
    """The run with every clause of a capability as if the endpoint had refused, ignored or mangled it."""
    clauses = load(VALIDATE)
    run = copy.deepcopy(run)
    for finding in run["findings"]:
        if clauses[finding["clause"]].capability == capability and finding.get("state"):
            finding |= {"state": state, "outcome": "not_applicable" if state == "unsupported" else "broken"}
            finding |= {"observed": f"seen as {state}", "expected": "done", "reason": ""}
    assert abilities(run)[capability].state == state
    return run


def test_go(good_whole: Run) -> None:
    made = compared(good_whole, copy.deepcopy(good_whole))
    assert (made["decision"], made["differences"]) == ("GO", [])
    assert made["candidates"][0]["changes"] == []


@pytest.mark.parametrize("state", ["unsupported", "ignored", "broken"])
@pytest.mark.parametrize(
    ("capability", "decision"),
    [("tools", "NO-GO"), ("json_schema", "NO-GO"), ("logprobs", "GO WITH CHANGES"), ("developer", "GO WITH CHANGES")],
)
def test_a_lost_capability(good_whole: Run, capability: str, decision: str, state: str) -> None:
    if capability not in abilities(good_whole):
        pytest.fail(f"the simulator's run says nothing of {capability}")
    made = compared(good_whole, with_state(good_whole, capability, state))
    assert made["decision"] == decision
    assert [row["subject"] for row in made["differences"]] == [capability]
    assert capability in made["candidates"][0]["changes"][0]


def test_what_is_not_required_is_a_change(good_whole: Run) -> None:
    lost = with_state(good_whole, "tools", "unsupported")
    assert compared(good_whole, lost, requires=("json_schema",))["decision"] == "GO WITH CHANGES"
    made = compared(good_whole, lost, requires=("tools",))
    assert made["decision"] == "NO-GO"
    assert "tools" in made["candidates"][0]["reasons"][0]


def test_a_requirement_that_both_lack_is_no_difference_and_a_no_go(good_whole: Run) -> None:
    lost = with_state(good_whole, "tools", "unsupported")
    made = compared(lost, copy.deepcopy(lost), requires=("tools",))
    assert (made["decision"], made["differences"]) == ("NO-GO", [])


def test_the_token_cap_has_another_name(good_whole: Run) -> None:
    made = compared(good_whole, with_state(good_whole, "max_tokens", "unsupported"))
    assert made["decision"] == "GO WITH CHANGES"
    (row,) = made["differences"]
    assert (row["kind"], row["effect"]) == ("parameter", "change")
    assert row["change"] == "Send max_completion_tokens instead of max_tokens."
    assert any("max_tokens" in client["says"] for client in row["clients"])


def test_a_dead_candidate(good_whole: Run) -> None:
    made = compared(good_whole, play("connection-refused", "validate"))
    assert made["decision"] == "NO-GO"
    (row,) = made["differences"]
    assert (row["kind"], row["effect"]) == ("transport", "breaks")
    assert "net.refused" in row["b"]
    assert len(made["candidates"][0]["not_compared"]) > 20


def test_a_dead_baseline_decides_nothing(good_whole: Run) -> None:
    made = compared(play("html-502", "validate"), good_whole)
    assert made["decision"] == "UNDECIDED"
    assert "gateway.error" in made["candidates"][0]["reasons"][0]


def test_what_only_a_was_asked_is_undecided(good_whole: Run, good: Run) -> None:
    made = compared(good_whole, good)
    assert made["decision"] == "UNDECIDED"
    assert {row["missing_on"] for row in made["candidates"][0]["not_compared"]} == {"B"}
    assert any("different kinds" in note for note in made["notes"])


def without(run: Run, capability: str) -> Run:
    """The run in which no reply to a probe of this capability came whole."""
    run = copy.deepcopy(run)
    for finding in run["findings"]:
        if finding["clause"].startswith(capability) and finding["level"] == "must":
            finding |= {"outcome": "undecided", "state": "", "reason": "no complete response: limit.deadline (body)"}
    return run


@pytest.mark.parametrize("side", [0, 1])
def test_a_part_of_the_contract_is_told_in_the_headline(good: Run, side: int) -> None:
    runs = [copy.deepcopy(good), copy.deepcopy(good)]
    runs[side]["narrowed"] = ["--skip tools"]
    made = document.Comparison(compared(*runs))
    assert made.report(verbosity=-1).startswith("GO  narrowed by --skip tools · from A ")
    assert "GO, narrowed by `--skip` tools |" in made.report("markdown")
    assert "narrowed" not in document.Comparison(compared(good, copy.deepcopy(good))).report(verbosity=-1)


def test_what_was_seen_on_neither_is_not_the_same(good_whole: Run) -> None:
    blind = without(good_whole, "stream.")
    made = compared(blind, copy.deepcopy(blind))
    assert made["decision"] == "UNDECIDED"
    assert "not checked on A, nor on B: stream." in made["candidates"][0]["reasons"][0]


@pytest.mark.parametrize("fault", ["stream-cut", "wrong-key-rate-limited", "missing-key-crash"])
def test_what_no_run_could_observe_is_undecided(fault: str) -> None:
    assert compared(play(fault), play(fault))["decision"] == "UNDECIDED"


def test_what_follows_from_a_break_that_both_have_is_no_difference() -> None:
    made = compared(play("stream-broken-json"), play("stream-broken-json"))
    assert made["decision"] == "GO"


def test_a_waived_break_is_one_all_the_same(good: Run) -> None:
    waived = play("stream-no-done")
    for finding in waived["findings"]:
        if finding["outcome"] == "broken":
            finding |= {"outcome": "waived", "reason": "known"}
    assert [one.effect for one in between(good, waived)] == ["breaks"]


def test_candidates_are_ranked(good: Run) -> None:
    made = compared(good, play("html-502"), play("harmless-error-string"), copy.deepcopy(good))
    assert [row["label"] for row in made["candidates"]] == ["D", "C", "B"]
    assert [row["decision"] for row in made["candidates"]] == ["GO", "GO WITH CHANGES", "NO-GO"]
    assert made["decision"] == "GO"
    assert {row["candidate"] for row in made["differences"]} == {"B", "C"}


def test_rollback_names_what_to_restore(good: Run) -> None:
    other = play()
    other["target"] |= {"model": "other-model", "key": {**other["target"]["key"], "source": "env:OTHER_KEY"}}
    lines = compared(good, other)["candidates"][0]["rollback"]
    assert f"model: other-model → {good['target']['model']}" in lines
    assert f"key: from env:OTHER_KEY → from {good['target']['key']['source']}" in lines


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"x-request-id"}, set(), [("request id", "change")]),
        ({"x-request-id"}, {"request-id"}, [("request id", "change")]),
        (set(), {"x-request-id"}, []),
        ({"x-ratelimit-limit-requests"}, set(), [("rate limits", "note")]),
        ({"date"}, {"server"}, []),
    ],
)
def test_headers(good: Run, ours: set[str], theirs: set[str], expected: list[tuple[str, str]]) -> None:
    a, b = copy.deepcopy(good), copy.deepcopy(good)
    for run, names in ((a, ours), (b, theirs)):
        for exchange in run["exchanges"]:
            exchange["response"]["header_names"] = sorted(names)
    assert [(one.subject, one.effect) for one in between(a, b)] == expected


def test_http_version(good: Run) -> None:
    old = copy.deepcopy(good)
    for exchange in old["exchanges"]:
        exchange["response"]["http_version"] = "1.0"
    assert [(one.kind, one.effect) for one in between(good, old)] == [("http", "change")]


def test_finish_reasons_of_the_reference_are_the_models_choice(good: Run) -> None:
    def with_reason(word: str) -> Run:
        run = copy.deepcopy(good)
        for exchange in run["exchanges"]:
            for row in exchange["response"]["body"]["shape"]:
                if row[0] == "$.choices[].finish_reason" and exchange["probe"] == "happy":
                    row[1] = f"string={word}"
        return run

    assert between(good, with_reason("length")) == []
    (one,) = between(good, with_reason("eos"))
    assert (one.kind, one.at, one.b) == ("value", "finish_reason", "eos")
    assert [client["client"] for client in clients.affected(one)] == ["async-openai (Rust)"]


def test_text_ids_tokens_and_timings_are_never_differences(good: Run) -> None:
    other = copy.deepcopy(good)
    other["cost"]["tokens_reported"] = 10_000
    for exchange in other["exchanges"]:
        exchange["timings_ms"] = dict.fromkeys(exchange["timings_ms"], 9999.0)
        exchange["response"]["request_id"] = "another"
        exchange["response"]["body"] |= {"sha256": "0" * 64, "bytes": 1, "excerpt": "other text"}
    assert between(good, other) == []


def test_every_client_row_has_its_source_and_matches_something_real() -> None:
    known = load(VALIDATE)
    capabilities = {clause.capability for clause in known.values()}
    for row in clients.rows():
        assert row["source"].startswith("https://")
        assert row["accessed"] >= "2026-11-01"
        assert row["client"] and row["says"]
        assert any(row.get(name) for name in clients.CRITERIA), row
        assert set(row) <= {"client", "says", "source", "accessed", "type", *clients.CRITERIA}
        assert set(row.get("clauses", ())) <= set(known)
        assert set(row.get("capabilities", ())) <= capabilities


@pytest.mark.parametrize(
    "fault",
    [
        "html-502", "tools-unsupported", "key-not-enforced", "harmless-error-string", "tool-choice-unsupported",
        "stream-cut",
    ],
)  # fmt: skip
def test_each_candidate_is_called_by_its_own_letter(good_whole: Run, fault: str) -> None:
    """Of three targets, what was said of the third named the second: its breaks, changes and what was not seen."""
    seen = play(fault, "validate")
    [alone] = compared(good_whole, seen)["candidates"]
    made = compared(good_whole, with_state(good_whole, "tools", "broken"), seen)
    [third] = [row for row in made["candidates"] if row["label"] == "C"]

    def as_second(value: Any) -> Any:
        if isinstance(value, list):
            return [as_second(each) for each in value]
        if isinstance(value, dict):
            return {name: as_second(each) for name, each in value.items()}
        return re.sub(r"\bC\b", "B", value) if isinstance(value, str) else value

    for name in ("reasons", "changes", "not_compared", "unsettled"):
        assert as_second(third[name]) == alone[name]
        assert not re.search(r"\bB\b", json.dumps(third[name])), third[name]
    assert not any(re.search(r"\bB\b", row["change"]) for row in made["differences"] if row["candidate"] == "C")
    part = document.Comparison(made).report("markdown").partition("## A to C")[2].partition("\n## ")[0]
    assert "on B" not in part and "B:" not in part


@pytest.mark.parametrize("text", ["Use $.B there.", "Let it accept role B-2.", "`B` is gone", 'the code "B"'])
def test_what_a_server_calls_b_stays_so(text: str) -> None:
    assert named(text, "C") == text and named(f"{text} B refuses it; ask B. B's own, on B", "D").count("D") == 4


def test_a_dead_gateway_is_not_the_best_candidate(good_whole: Run) -> None:
    """One break, because nothing else of it could be seen."""
    made = compared(good_whole, play("html-502", "validate"), play("tools-unsupported", "validate"))
    assert [row["label"] for row in made["candidates"]] == ["C", "B"]


def test_each_request_that_was_not_seen_has_its_own_reason(good_whole: Run) -> None:
    made = compared(good_whole, play("html-502", "validate"))
    text = " ".join(document.Comparison(made).report(width=10_000).split())
    assert "everyday: not sent: happy did not pass" in text and "key.x_api_key: not sent not" not in text
    for row in made["candidates"][0]["not_compared"]:
        assert re.search(
            rf"{re.escape(row['probe'])}(?:, [a-z_.]+)*: {re.escape(row['reason'])}(?: not seen| rollback)", text
        )
