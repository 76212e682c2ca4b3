"""One endpoint asked by two APIs: what a team meets that moves from chat completions to responses, side by side."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from chatproof import reporters, simulator
from chatproof.analysis.comparison.document import build
from chatproof.cli import main as cli
from chatproof.running.plan import Settings
from chatproof.running.run import validate
from chatproof.surfaces import surface_of
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests.support import schema

NOW = "2026-11-29T02:00:00.000Z"
Run = dict[str, Any]


def made(api: str, fault: str = "") -> Run:
    server = simulator.start(fault, side=surface_of(api).simulator())
    try:
        target = Target(server.base_url, model=server.model, key=Secret(server.key), timeout=10.0, api=api)
        document = validate(target, Settings(stream=True, burst=1, unasked=True), environ={}).document
    finally:
        server.stop()
    document["target"]["base_url"] = "http://127.0.0.1:1/v1"  # one endpoint for both
    return document


@pytest.fixture(scope="module")
def chat() -> Run:
    return made("chat")


@pytest.fixture(scope="module")
def responses() -> Run:
    return made("responses")


def compared(a: Run, b: Run, *requires: str) -> dict[str, Any]:
    document = build([a, b], frozenset(requires), NOW)
    jsonschema.validate(document, schema("comparison-1"))
    return document


def rows(document: dict[str, Any], sort: str) -> dict[str, tuple[str, str]]:
    return {
        row["what"]: (row["a"], row["b"]) for row in document["candidates"][0]["side_by_side"] if row["sort"] == sort
    }


def differences(document: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(row["kind"], row["subject"], row["effect"]) for row in document["differences"]}


def altered(run: Run, change: Callable[[Run], object]) -> Run:
    other = copy.deepcopy(run)
    change(other)
    return other


def test_another_api_is_a_change_by_itself_and_fields_are_not_compared(chat: Run, responses: Run) -> None:
    document = compared(chat, responses)
    assert document["decision"] == "GO WITH CHANGES"
    assert differences(document) == {("api", "", "change"), ("error", "", "change")}
    codes = next(row for row in document["differences"] if row["kind"] == "error")
    assert (codes["a"], codes["b"]) == ("integer_above_max_value", "decimal_above_max_value")
    assert document["targets"][1]["api"] == "responses" and "api" not in document["targets"][0]
    assert document["candidates"][0]["rollback"][0] == "API: POST /responses → POST /chat/completions"
    assert not any("chance or time" in note for note in document["notes"])


def test_what_both_are_asked_stands_side_by_side(chat: Run, responses: Run) -> None:
    document = compared(chat, responses)
    abilities = rows(document, "ability")
    assert abilities["tools"] == abilities["json_schema"] == ("supported", "supported")
    assert abilities["max_completion_tokens"] == ("supported", "supported"), "max_output_tokens is the same there"
    assert abilities["n"] == ("supported", "not requested") and abilities["codex"] == ("not requested", "supported")
    assert rows(document, "usage")["happy"][0] == rows(document, "usage")["happy"][1]
    refusals = rows(document, "refusal")
    assert refusals["auth.invalid_key"] == ("HTTP 401, code invalid_api_key, $.error.message",) * 2
    assert "error.missing_messages" not in refusals and "error.unknown_model" in refusals
    other = compared(responses, chat)
    assert rows(other, "ability")["max_output_tokens"] == ("supported", "supported")


def test_two_runs_of_one_api_have_nothing_side_by_side(chat: Run) -> None:
    assert "side_by_side" not in compared(chat, chat)["candidates"][0]


def test_an_ability_that_is_lost_there_is_a_loss(chat: Run) -> None:
    document = compared(chat, made("responses", "tools-ignored"), "tools")
    assert document["decision"] == "NO-GO" and ("capability", "tools", "breaks") in differences(document)


def test_a_refusal_that_is_another_there_is_told(chat: Run) -> None:
    document = compared(chat, made("responses", "unknown-model-accepted"))
    refused = next(row for row in document["differences"] if row["probes"] == ["error.unknown_model"])
    assert (refused["kind"], refused["effect"]) == ("status", "change")
    assert rows(document, "refusal")["error.unknown_model"][1] == "HTTP 200: not refused"


def test_a_must_that_is_broken_there_breaks_the_client(chat: Run, responses: Run) -> None:
    def break_it(run: Run) -> None:
        found = next(f for f in run["findings"] if f["clause"] == "responses.stream.usage")
        found.update(outcome="broken", at="$.usage", expected="counts", observed="none")

    document = compared(chat, altered(responses, break_it))
    assert ("clause", "responses.stream.usage", "breaks") in differences(document)


def test_what_both_break_by_one_name_is_no_difference(chat: Run, responses: Run) -> None:
    id = "error.unknown_model.field_named"

    def break_it(run: Run) -> None:
        found = next(f for f in run["findings"] if f["clause"].removeprefix("responses.") == id)
        found.update(outcome="broken", at="$.error", expected="model by name", observed="no name")

    both = compared(altered(chat, break_it), altered(responses, break_it))
    assert not any(row["kind"] == "clause" for row in both["differences"])
    one = compared(chat, altered(responses, break_it))
    assert ("clause", f"responses.{id}", "change") in differences(one)


@pytest.mark.parametrize(("more", "effect"), [(3, ""), (9, "note"), (40, "change")])
def test_usage_of_the_same_text_may_differ_by_a_few_tokens(chat: Run, responses: Run, more: int, effect: str) -> None:
    def count(run: Run) -> None:
        plain = next(x for x in run["exchanges"] if x["probe"] == "happy")
        plain["response"]["usage"]["prompt"] += more

    found = [
        row["effect"] for row in compared(chat, altered(responses, count))["differences"] if row["kind"] == "tokens"
    ]
    assert found == ([effect] if effect else [])


@pytest.mark.parametrize("format", reporters.formats("comparison"))
def test_each_report_has_both_sides(format: str, chat: Run, responses: Run) -> None:
    text = reporters.render(format, compared(chat, responses), of="comparison")
    assert "responses" in text and (format != "text" or "--api responses" in text)
    for word in ("integer_above_max_value", "decimal_above_max_value", "max_completion_tokens", "parallel_tools"):
        assert word in text


def test_the_command_compares_one_endpoint_with_itself(capfd: pytest.CaptureFixture[str]) -> None:
    asked = ("compare", "simulator", "simulator", "--api", "chat", "--api", "responses", "--journal", "none")
    status = cli.main([*asked, "--format", "json", "--require", "tools"])
    document = json.loads(capfd.readouterr().out)
    assert (status, document["decision"]) == (0, "GO WITH CHANGES") and document["asked_again"] is None
    assert {exchange["probe"] for run in document["runs"] for exchange in run["exchanges"]} >= {"codex", "tools.stream"}
