"""The record's fields and the verdict come from the same clauses: they can never say different things."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof.contract.clause import BROKEN, HOLDS
from chatproof.evidence.provider_error import carried_error
from tests.support import play

FIELDS = {
    "response_structure_valid": ("happy.choices_shape", "true"),
    "content_non_empty": ("happy.message_content_non_empty", "true"),
    "auth_rejection_error_body_valid": ("auth.invalid_key.error_present", "true"),
}
PASSING = {
    "http_status": "200",
    "response_structure_valid": "true",
    "choices_present": "true",
    "content_non_empty": "true",
    "error_field_present": "false",
    "auth_rejection_error_body_valid": "true",
}

odd = st.sampled_from([None, "", " ", "\u200b", "pong", 7, True, [], {}, ["pong"], [{"type": "text", "text": "pong"}]])
messages = st.one_of(
    odd,
    st.fixed_dictionaries(
        {},
        optional={
            "role": st.one_of(odd, st.just("assistant")),
            "content": st.one_of(odd, st.just("pong")),
            "tool_calls": st.sampled_from([None, [], [{"id": "c1"}]]),
            "refusal": st.sampled_from([None, "", "no"]),
            "function_call": st.sampled_from([None, {"name": "f"}]),
        },
    ),
    st.just({"role": "assistant", "content": "pong"}),
)
choices = st.one_of(
    odd,
    st.fixed_dictionaries({}, optional={"index": st.just(0), "message": messages, "error": odd}),
    st.builds(lambda message: {"index": 0, "message": message}, messages),
)
bodies = st.one_of(
    odd,
    st.fixed_dictionaries({}, optional={"choices": st.one_of(odd, st.lists(choices, max_size=3)), "error": odd}),
    st.builds(lambda all: {"id": "c1", "choices": all}, st.lists(choices, min_size=1, max_size=3)),
)
refusals = st.one_of(odd, st.just({"error": {"message": "no"}}), st.just({"detail": "no"}), st.just({"status": 401}))


def reply(status: int, body: Any) -> str:
    return f"{status} application/json\n\n{json.dumps(body)}"


@given(st.sampled_from([200, 200, 200, 201, 429, 500]), bodies, st.sampled_from([200, 401, 403, 503]), refusals)
@settings(max_examples=400, deadline=None)
def test_no_field_of_the_record_contradicts_a_finding_or_the_verdict(
    status: int, body: Any, refused: int, refusal: Any
) -> None:
    record = play({"happy": reply(status, body), "auth.invalid_key": reply(refused, refusal)}).record
    fields, found = record.record, {finding["clause"]: finding["outcome"] for finding in record.findings}
    for field, (clause, held) in FIELDS.items():
        if found[clause] in (HOLDS, BROKEN):
            assert (fields[field] == held) is (found[clause] == HOLDS), (field, clause, found[clause])
    if fields["pass_fail"] == "PASS":
        assert {name: fields[name] for name in PASSING} == PASSING
    if found["happy.no_error_field"] == HOLDS:
        assert fields["error_field_present"] == "false" and not (isinstance(body, dict) and carried_error(body)[1])


def test_the_property_meets_both_verdicts() -> None:
    """Without this, replies that are all broken would satisfy it."""
    good = reply(200, {"choices": [{"message": {"role": "assistant", "content": "pong"}}]})
    assert play({"happy": good}).record.record["pass_fail"] == "PASS"
    assert play({"happy": good.replace('"role"', '"rule"')}).record.record["pass_fail"] == "FAIL"
