"""A reply that a client refused, and quotes: smoke's clauses may find nothing, and the complete contract says why."""

from __future__ import annotations

import json
from typing import Any

from chatproof import captures
from chatproof.captures.judge_captures import REFUSED, Asked, Source, judge_captures
from chatproof.judging.contract import Choice

GOOD: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1712345678,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
}


def refused(reply: dict[str, Any], asked: Asked = Asked()) -> dict[str, Any]:  # noqa: B008  it is a value
    said = f"""AI_APICallError: Failed to process successful response
    at postToApi (file:///app/node_modules/@ai-sdk/provider-utils/dist/index.mjs:612:13)
  cause: AI_TypeValidationError: Type validation failed: Value: {json.dumps(reply)}.
  url: 'http://gw.example:4000/v1/chat/completions',
  statusCode: 200,
"""
    return judge_captures([Source("pasted", captures.read(said.encode()))], asked).document


def test_the_complete_contract_names_what_smoke_does_not_ask() -> None:
    document = refused({**GOOD, "created": "1712345678"})
    assert (document["verdict"], document["diagnoses"][0]["code"]) == ("NO-GO", "contract.schema")
    assert "created" in str(document["diagnoses"][0]["evidence"]) and REFUSED in document["notes"]


def test_what_breaks_nothing_is_not_told_by_that_contract() -> None:
    document = refused(GOOD)
    assert document["verdict"] == "UNDECIDED" and REFUSED not in document["notes"]


def test_who_chose_clauses_gets_those() -> None:
    document = refused({**GOOD, "created": "1"}, Asked(choice=Choice(only=("happy",))))
    assert REFUSED not in document["notes"]


def test_the_phrase_of_a_status_is_no_word_of_the_api() -> None:
    said = b"InternalServerError: 502 Bad Gateway\n    at APIError.generate (file:///app/error.mjs:66:20)\n"
    document = judge_captures([Source("pasted", captures.read(said))], Asked()).document
    first = document["diagnoses"][0]
    assert (first["code"], first["confidence"]) == ("gateway.error", "likely")
