"""Captured embeddings are judged by what their own request asked for: how many texts, and which encoding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof.cli.main import main
from chatproof.surfaces.embeddings.examples import FIRST, SECOND, A, B, item, whole

FLOATS = (list(FIRST), list(SECOND))
OLD_KEY = "sk-Old7Qv2mXw9LpTz4RbN8sKd3YhF6"


def judged(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any]]:
    file = tmp_path / "capture.txt"
    file.write_text(text)
    status = main(["judge", str(file), "--api", "embeddings", "--format", "json", *args])
    return status, json.loads(capsys.readouterr().out)


def har(asked: dict[str, Any], answered: object, status: int = 200) -> str:
    kind = [{"name": "content-type", "value": "application/json"}]
    sent = {"mimeType": "application/json", "text": json.dumps({"model": "m", "input": ["one", "two"], **asked})}
    entry = {
        "startedDateTime": "2026-11-28T10:00:00Z",
        "request": {
            "method": "POST",
            "url": "https://api.example.com/v1/embeddings",
            "httpVersion": "HTTP/1.1",
            "headers": [*kind, {"name": "Authorization", "value": f"Bearer {OLD_KEY}"}],
            "postData": sent,
        },
        "response": {"status": status, "headers": kind, "content": {"text": json.dumps(answered)}},
    }
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [entry]}})


def broken(run: dict[str, Any]) -> list[str]:
    return [f["clause"] for f in run["findings"] if f["outcome"] == "broken"]


@pytest.mark.parametrize(
    ("asked", "answered", "found"),
    [
        ({"encoding_format": "base64"}, whole(A, B), []),
        ({"encoding_format": "base64"}, whole(*FLOATS), ["embeddings.happy.encoding"]),
        ({"encoding_format": "float"}, whole(A, B), ["embeddings.happy.encoding"]),
        ({}, whole(*FLOATS), []),
        ({}, whole(A, B), ["embeddings.happy.encoding"]),
        ({"input": "one"}, whole(list(FIRST)), []),
        ({"input": "one"}, whole(*FLOATS), ["embeddings.happy.count"]),
        ({}, whole(list(FIRST), list(FIRST)), ["embeddings.happy.distinct"]),
        ({"input": ["One", " one "]}, whole(list(FIRST), list(FIRST)), []),
        ({"input": [1, 2, 3]}, whole(list(FIRST)), []),
        ({"input": [[1, 2], [3]]}, whole(*FLOATS), []),
        ({"input": [[1, 2], [3], [4]]}, whole(*FLOATS), ["embeddings.happy.count"]),
        ({}, whole(*FLOATS) | {"data": [item(1, FLOATS[1]), item(0, FLOATS[0])]}, ["embeddings.happy.order"]),
    ],
)
def test_a_request_out_of_a_har_is_held_to_what_it_asked_for(
    asked: dict[str, Any],
    answered: object,
    found: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, run = judged(har(asked, answered), tmp_path, capsys)
    assert [exchange["probe"] for exchange in run["exchanges"]] == ["happy"]
    assert broken(run) == found
    assert OLD_KEY not in json.dumps(run)


def test_the_summary_of_a_captured_request_is_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, run = judged(har({"input": ["a", "b", "c"]}, whole(*FLOATS)), tmp_path, capsys)
    assert run["exchanges"][0]["request"]["summary"] == "inputs=3, encoding_format=float"
    assert run["smoke_test_run"]["request_summary"] == "inputs=3, encoding_format=float"


def test_what_curl_shows_is_judged_without_its_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{json.dumps(whole(*FLOATS))}"
    status, run = judged(shown, tmp_path, capsys)
    outcomes = {f["clause"]: (f["outcome"], f["reason"]) for f in run["findings"]}
    assert status == 3 and broken(run) == []
    for id in ("count", "encoding"):
        outcome, reason = outcomes[f"embeddings.happy.{id}"]
        assert outcome == "undecided" and "the request" in reason
    assert outcomes["embeddings.happy.data_array"][0] == "holds"


def test_what_curl_shows_with_its_request_is_judged_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = json.dumps({"model": "m", "input": "one", "encoding_format": "base64"})
    shown = (
        f"$ curl -i https://api.example.com/v1/embeddings -H 'Authorization: Bearer {OLD_KEY}' "
        f"-H 'Content-Type: application/json' -d '{asked}'\n"
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{json.dumps(whole(list(FIRST)))}"
    )
    _, run = judged(shown, tmp_path, capsys)
    assert broken(run) == ["embeddings.happy.encoding"] and OLD_KEY not in json.dumps(run)
    assert run["diagnoses"][0]["code"] == "contract.encoding"


def test_the_words_of_an_sdk_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = (
        "openai.BadRequestError: Error code: 400 - {'error': {'message': \"encoding_format 'base64' is not supported\", "
        "'type': 'invalid_request_error', 'param': 'encoding_format', 'code': None}}"
    )
    status, run = judged(said, tmp_path, capsys)
    assert (status, run["api"]) == (1, "embeddings")
    assert run["diagnoses"][0]["code"] in ("request.unsupported_parameter", "request.rejected")


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_embeddings_given_to_another_api_are_named_with_the_option(
    api: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "reply.json"
    file.write_text(json.dumps(whole(A, B)))
    assert main(["judge", str(file), "--api", api]) == 2
    assert "say --api embeddings" in capsys.readouterr().err


def test_a_listing_of_models_is_no_embedding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "models.json"
    file.write_text('{"object":"list","data":[{"id":"m","object":"model"}]}')
    main(["judge", str(file), "--api", "embeddings", "--model", "m", "--format", "json"])
    run = json.loads(capsys.readouterr().out)
    assert [exchange["probe"] for exchange in run["exchanges"]] == ["models"]
