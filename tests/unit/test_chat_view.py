"""What is read of a chat reply beside its answer: tokens, the lengths that are billed, and which server made it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat import view
from tests.support import exchange, wire


def plain(body: Any) -> Reply:
    return Reply(exchange("happy", wire(f"200 application/json\n\n{json.dumps(body)}")))


def streamed(*chunks: Any) -> Reply:
    events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return Reply(exchange("stream", wire(f"200 text/event-stream\n\n{events}data: [DONE]\n\n")))


@pytest.mark.parametrize(
    ("said", "total"),
    [(9, 9), (1, 1), (0, 0), (-1, 0), (2**53 - 1, 2**53 - 1), (2**53, 0), ("9", 0), (9.5, 0), (True, 0), (None, 0)],
)
def test_the_total_of_tokens_is_a_count(said: Any, total: int) -> None:
    assert view.tokens(plain({"usage": {"total_tokens": said}})) == total
    assert view.tokens(streamed({}, {"usage": {"total_tokens": said}}, {"usage": None})) == total


def test_a_total_that_is_repeated_counts_once() -> None:
    totals = [{"usage": {"total_tokens": total}} for total in (3, 9, 7)]
    assert view.tokens(streamed(*totals)) == 9
    assert view.tokens(plain({"usage": [9]})) == view.tokens(plain({})) == view.tokens(plain([])) == 0


FULL = {
    "prompt_tokens": 8,
    "completion_tokens": 5,
    "prompt_tokens_details": {"cached_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 1},
}


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (FULL, {"prompt": 8, "completion": 5, "cached": 2, "reasoning": 1}),
        ({"prompt_tokens": 0}, {"prompt": 0}),
        ({"completion_tokens": 1}, {"completion": 1}),
        ({"prompt_tokens": 2**53 - 1}, {"prompt": 2**53 - 1}),
        ({"prompt_tokens": 8, "completion_tokens": 2**53}, {"prompt": 8}),
        ({"prompt_tokens": 8, "completion_tokens": -1}, {"prompt": 8}),
        ({"prompt_tokens": 8, "completion_tokens": True}, {"prompt": 8}),
        ({"prompt_tokens": 8, "prompt_tokens_details": [2]}, {"prompt": 8}),
    ],
)
def test_each_count_is_read_where_it_stands(usage: Any, counts: dict[str, int]) -> None:
    assert view.usage(plain({"usage": usage})) == {**counts, "answer_bytes": 0}
    assert view.usage(streamed({"usage": usage}, {"usage": {"prompt_tokens": 0}})) == {
        "prompt": 0, **counts, "answer_bytes": 0
    }  # fmt: skip


@pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens_details": {"cached_tokens": 2}}, {"total_tokens": 9}])
def test_without_a_count_of_either_side_nothing_is_read(usage: Any) -> None:
    assert view.usage(plain({"usage": usage, "choices": [{"message": {"content": "pong"}}]})) == {}


@pytest.mark.parametrize(
    ("message", "bytes"),
    [
        ({"content": "pong"}, 4),
        ({"content": "pöng"}, 5),
        ({"content": [{"type": "text", "text": "pong"}]}, 4),
        ({"content": None, "refusal": "no"}, 2),
        ({"content": "", "reasoning_content": "hm"}, 2),
        ({"content": "", "reasoning": "hmm"}, 3),
        ({"refusal": 7}, 0),
        ({"function_call": {"name": "f", "arguments": "{}"}}, 3),
        ({"function_call": "f"}, 0),
        ({"function_call": {"name": 7, "arguments": "{}"}}, 2),
        ({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}, 7, {"function": 7}, {"function": {"name": "gg"}}]}, 5),
        ({"tool_calls": {"function": {"name": "f"}}}, 0),
    ],
)  # fmt: skip
def test_all_that_was_answered_is_measured(message: dict[str, Any], bytes: int) -> None:
    usage = {"prompt_tokens": 8}
    other = {"choices": [7, {"message": "x"}, {"message": {"content": "1"}}], "usage": usage}
    assert view.usage(plain({"choices": [{"message": message}], "usage": usage})) == {
        "prompt": 8,
        "answer_bytes": bytes,
    }
    assert view.usage(streamed({"choices": [{"delta": message}]}, other)) == {"prompt": 8, "answer_bytes": bytes + 1}


@pytest.mark.parametrize(
    ("id", "form"),
    [
        ("chatcmpl-9f", "chatcmpl-"),
        ("gen_1", "gen_"),
        ("req:1", "req:"),
        ("a-b-c", "a-"),
        ("x1-2", "other"),
        ("ä-1", "other"),
        ("-1", "other"),
        ("x" * 23 + "-1", "x" * 23 + "-"),
        ("x" * 24 + "-1", "other"),
        ("123e4567-e89b-12d3-a456-426614174000", "uuid"),
        ("123e4567-e89b-12d3-a456-42661417400", "other"),
        ("123e4567-e89b-12d3-a456x426614174000", "other"),
        ("20260101", "number"),
        ("2026x", "other"),
        ("", ""),
    ],
)
def test_the_form_of_an_id_is_what_one_server_gives_to_all(id: str, form: str) -> None:
    assert view.id_form(id) == form
    assert view.upstream(plain({"id": id, "system_fingerprint": "fp"})) == ("fp", form)


def test_of_a_stream_the_first_chunk_with_an_id_tells_the_server() -> None:
    chunks = {"id": "", "system_fingerprint": "no"}, {"id": "gen-1", "system_fingerprint": "fp"}, {"id": "other-2"}
    assert view.upstream(streamed(*chunks)) == ("fp", "gen-")
    assert view.upstream(plain({"id": 7, "system_fingerprint": 7})) == view.upstream(streamed({})) == ("", "")


def test_the_model_is_that_of_the_first_chunk_that_names_one() -> None:
    assert view.model(plain({"model": "a"})) == view.model(streamed({"model": "a"}, {"model": "b"})) == "a"
    assert view.model(plain({"model": 7})) == view.model(streamed({})) == ""
    assert view.model(streamed({"model": ""}, {"model": "b"})) == "b", "Azure's first chunk names none"


@pytest.mark.parametrize(
    ("reason", "failed"),
    [
        ("error", True), ("network_error", True), ("Server-Error", True), ("abort", True), ("aborted", True),
        ("insufficient_system_resource", True), ("stop", False), ("length", False), ("terror", False), (None, False),
        (["error"], False),
    ],
)  # fmt: skip
def test_a_reason_may_say_that_the_server_failed(reason: Any, failed: bool) -> None:
    assert view.has_failed(reason) is failed
