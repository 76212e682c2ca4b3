"""Each fault of validate, live: exactly the clauses that it breaks, the verdict, the principal code, the states.

And the other way round: each clause and each state of each capability has a fault, or a reason why it has none.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from chatproof.contract.clause import VALIDATE as WHOLE
from chatproof.simulator.faults import FAULTS, VALIDATE
from chatproof.surfaces.chat import clauses
from tests.simulator.validate_runs import run

CLAUSES = clauses.load(WHOLE)
CAPABILITIES = {clause.capability for clause in CLAUSES.values() if clause.capability}

# Faults of smoke that break one clause of smoke and nothing else of the whole contract.
OF_SMOKE = {
    "head.line_ends": "bare-line-ends",
    "happy.choices_shape": "second-choice-without-content",
    "happy.status_200": "html-404",
    "happy.media_type_json": "media-type-text",
    "happy.body_json": "json-and-done",
    "happy.choices_non_empty": "empty-choices",
    "happy.message_content_non_empty": "empty-content",
    "happy.no_error_field": "error-beside-choices",
    "auth.invalid_key.rejected": "wrong-key-accepted",
    "auth.missing_key.rejected": "missing-key-accepted",
    "secret.not_reflected": "key-in-header",
    "model.listed": "model-not-listed",
    "stream.finished": "stream-no-done",
    "stream.closes": "stream-stays-open",
}
# States that no reply can show.
NEVER_SEEN = {
    ("seed", "ignored"): "one answer cannot show whether a seed has an effect",
    ("unicode", "unsupported"): "no client handles a refusal of ordinary text: it is broken",
}
# A whole behaviour that smoke tolerates, and validate does not; or breaks more than one clause, and why.
DIFFERS_FROM_SMOKE = {
    "harmless-no-usage-or-id": ("GO", "typed clients cannot decode a completion without id and created: a warning"),
    "harmless-two-choices": ("NO-GO", "two choices asked for become three, two of them with one index"),
}
# A clear refusal of a part of a capability breaks nothing and changes no state: the clause that notes it, and the part.
REFUSED_PART = {"parallel-tool-calls-unsupported": ("tools.usual", "parallel_tool_calls")}
NOT_ON_A_CLEAN_SIMULATOR = {
    "stream.incremental": "harmless-slow-stream",
    "operations.retry_after": "harmless-limited-burst",
    "operations.rate_limited_error": "harmless-limited-burst",
    "operations.rate_limit_headers": "harmless-limit-headers",
    "image.accepted": "image-supported",
}


def outcomes(document: dict[str, Any], *wanted: str) -> set[str]:
    return {finding["clause"] for finding in document["findings"] if finding["outcome"] in wanted}


def states(document: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["state"] for row in document["capabilities"]}


def codes(document: dict[str, Any]) -> list[str]:
    return [found["code"] for found in document["diagnoses"]]


@pytest.mark.parametrize("name", VALIDATE)
def test_fault_breaks_exactly_its_clauses(name: str) -> None:
    row, document = VALIDATE[name], run(name)
    assert outcomes(document, "broken") == set(row.breaks)
    assert (document["verdict"], codes(document)[:1]) == (row.verdict, [row.code] if row.code else [])
    found = states(document)
    assert [said for said in row.states if found[said.split("=")[0]] != said.split("=")[1]] == []
    owned = {clause for diagnosis in document["diagnoses"] for clause in diagnosis["clauses"]}
    assert set(row.breaks) <= owned, "each break has a diagnosis"


@pytest.mark.parametrize(("clause", "name"), OF_SMOKE.items())
def test_fault_of_smoke_breaks_exactly_its_clause(clause: str, name: str) -> None:
    document = run(name)
    assert outcomes(document, "broken") == {clause}
    assert (document["verdict"], codes(document)[:1]) == (FAULTS[name].verdict, [FAULTS[name].code])


def test_each_clause_has_a_fault_that_breaks_it_alone() -> None:
    alone = {row.breaks[0] for row in VALIDATE.values() if len(row.breaks) == 1} | set(OF_SMOKE)
    assert set(CLAUSES) - alone == set()


def test_each_state_of_each_capability_has_a_fault() -> None:
    wanted = {(name, state) for name in CAPABILITIES for state in ("unsupported", "ignored", "broken")}
    played = {tuple(said.split("=")) for row in VALIDATE.values() for said in row.states}
    assert wanted - played == set(NEVER_SEEN)
    assert {state for _, state in played} == {"supported", "unsupported", "ignored", "broken"}


def test_a_refusal_is_a_note_and_no_warning() -> None:
    document = run("json-schema-unsupported")
    assert document["verdict"] == "GO" and document["diagnoses"] == []
    found = next(finding for finding in document["findings"] if finding["clause"] == "json_schema.honoured")
    assert found["outcome"] == "not_applicable" and "not supported" in found["reason"]


@pytest.mark.parametrize(("name", "clause", "part"), [(name, *noted) for name, noted in REFUSED_PART.items()])
def test_a_refusal_of_a_part_is_noted_by_its_clause(name: str, clause: str, part: str) -> None:
    found = next(finding for finding in run(name)["findings"] if finding["clause"] == clause)
    assert found["outcome"] == "not_applicable"
    assert found["reason"].startswith("unsupported: ") and f'param "{part}"' in found["reason"]


@pytest.mark.parametrize(("clause", "name"), NOT_ON_A_CLEAN_SIMULATOR.items())
def test_what_a_clean_simulator_does_not_show_is_seen_to_hold(clause: str, name: str) -> None:
    assert clause in outcomes(run(name), "holds")
    assert outcomes(run(name), "broken") == set()


def test_the_simulator_passes_whole() -> None:
    """Done when: GO, nothing broken, every capability supported, at most 40 requests, in seconds also on a busy machine."""
    started = time.monotonic()
    document = run()
    assert time.monotonic() - started < 10
    assert document["verdict"] == "GO" and document["diagnoses"] == []
    assert document["cost"]["requests"] <= 50
    assert outcomes(document, "broken", "waived") == set()
    assert outcomes(document, "undecided") == set()
    not_shown = set(CLAUSES) - outcomes(document, "holds")
    assert not_shown == set(NOT_ON_A_CLEAN_SIMULATOR)
    assert set(states(document).values()) == {"supported"} and set(states(document)) == CAPABILITIES - {"image"}


def test_a_throttled_request_is_sent_once_more_and_alone() -> None:
    document = run("harmless-limited-burst")
    probes = [exchange["probe"] for exchange in document["exchanges"]]
    in_burst = [probe for probe in probes if probe.startswith("burst.")]
    refused = len(in_burst)  # two, and one where the first of the five was answered before the others had come
    assert refused in (1, 2) and len(probes) == len(set(probes)) == 50 + refused
    for probe in in_burst:
        first, again = (probes.index(name) for name in (probe, probe.removeprefix("burst.")))
        assert document["exchanges"][first]["response"]["status"] == 429
        assert document["exchanges"][again]["response"]["status"] == 200
        waited = document["exchanges"][again]["sent_at"] > document["exchanges"][first]["sent_at"]
        assert waited, "after the pause that Retry-After asks for"
    found = next(finding for finding in document["findings"] if finding["clause"] == "operations.burst")
    assert found["observed"] == f"5 parallel requests: {5 - refused} answered, {refused} refused with 429"


@pytest.mark.nightly
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_smoke_comes_to_the_same_under_validate(name: str) -> None:
    row, document = FAULTS[name], run(name)
    if name in DIFFERS_FROM_SMOKE:
        assert (document["verdict"], row.verdict) == (DIFFERS_FROM_SMOKE[name][0], "GO") and codes(document)
    else:
        assert (document["verdict"], codes(document)[:1]) == (row.verdict, [row.code] if row.code else [])


def test_names_are_unique_and_rows_well_formed() -> None:
    assert not set(FAULTS) & set(VALIDATE)
    for row in VALIDATE.values():
        assert set(row.breaks) <= set(CLAUSES) and row.about.endswith(".")
        assert {said.split("=")[0] for said in row.states} <= CAPABILITIES
        assert bool(row.breaks or row.states) is (row.name not in REFUSED_PART)
