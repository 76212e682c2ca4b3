"""Captured requests of the Responses API are the user's: what they asked for is nobody else's doing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof.cli.main import main

REASONING = {"id": "rs_1", "type": "reasoning", "summary": []}
USAGE = {
    "input_tokens": 10,
    "output_tokens": 64,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 74,
}


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "content": [*parts]}


TEXT = message({"type": "output_text", "text": "Roses are", "annotations": []})
REFUSAL = message({"type": "refusal", "refusal": "I cannot help with that."})
CUT = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}


def judged(
    asked: dict[str, Any], answered: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    body = {"id": "resp_1", "object": "response", "created_at": 1795379441, "usage": USAGE, **answered}
    kind = [{"name": "content-type", "value": "application/json"}]
    url = "https://api.example.com/v1/responses"
    sent = {"mimeType": "application/json", "text": json.dumps({"model": "m", "input": "Write a poem.", **asked})}
    entry = {
        "startedDateTime": "2026-11-28T10:00:00Z",
        "request": {"method": "POST", "url": url, "httpVersion": "HTTP/1.1", "headers": kind, "postData": sent},
        "response": {"status": 200, "headers": kind, "content": {"text": json.dumps(body)}},
    }
    file = tmp_path / "one.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [entry]}}))
    main(["judge", str(file), "--api", "responses", "--format", "json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize(("asked", "outcome"), [({"max_output_tokens": 64}, "not_applicable"), ({}, "broken")])
def test_an_answer_that_the_request_itself_cuts_is_no_fault(
    asked: dict[str, Any], outcome: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = judged(asked, {**CUT, "output": [REASONING, TEXT]}, tmp_path, capsys)
    status = next(f for f in run["findings"] if f["clause"] == "responses.happy.status")
    assert status["outcome"] == outcome
    assert any(d["owner"] == "provider" for d in run["diagnoses"]) == (outcome == "broken")


@pytest.mark.parametrize(
    ("answered", "code", "step"),
    [
        ({**CUT, "output": [REASONING]}, "content.reasoning_budget", "Raise the request's max_output_tokens"),
        ({"output": [REFUSAL]}, "content.refused", "Read the request"),
        (
            {"output": [], "status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content.filtered",
            "Read the request",
        ),
    ],
)
def test_the_next_step_is_about_their_request_and_not_about_ours(
    answered: dict[str, Any], code: str, step: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = judged({"max_output_tokens": 64}, answered, tmp_path, capsys)["diagnoses"][0]
    assert found["code"] == code
    assert found["next_step"].startswith(step) and "the probe" not in found["next_step"]
