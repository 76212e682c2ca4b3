"""The user's own requests through whole runs: sent as they are, judged, compared, explained, and kept nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from chatproof import Target
from chatproof.analysis.comparison import document
from chatproof.captures import request_bodies
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.surfaces.own.smallest_refusal import MOST
from chatproof.target.target import check
from tests.migration.front import Refuses, refusing
from tests.migration.test_command import compare
from tests.support import schema

CANARY = "Zebrafish-77"
PROMPT = f"Tell John Publican of {CANARY} what it costs."
BODY = {"model": "old", "messages": [{"role": "user", "content": PROMPT}], "temperature": 0.2, "seed": 7}


def own(*bodies: dict[str, Any], **more: Any) -> Settings:
    text = "\n".join(map(json.dumps, bodies)).encode()
    return Settings(requests=tuple(request_bodies.read(text, "traffic.jsonl")), **more)


def asked(target: Target, settings: Settings) -> dict[str, Any]:
    made = run(check(target), settings, environ={}).document
    assert list(jsonschema_rs.Draft202012Validator(schema("run-1")).iter_errors(made)) == []
    return made


def nothing(body: dict[str, Any]) -> None:
    return None


def no_temperature(body: dict[str, Any]) -> tuple[int, Any] | None:
    if body.get("temperature", 1) == 1:
        return None
    said = f"temperature is not supported for: {body['messages'][-1]['content']}"
    return 400, {"error": {"message": said, "type": "invalid_request_error", "param": "temperature", "code": None}}


def silent(body: dict[str, Any]) -> tuple[int, Any] | None:
    return (400, {"error": {"message": "Bad Request"}}) if "seed" in body else None


def too_large(body: dict[str, Any]) -> tuple[int, Any] | None:
    return (413, "Too Large") if len(json.dumps(body)) > 5000 else None


def moved(refuses: Refuses, *bodies: dict[str, Any]) -> dict[str, Any]:
    with refusing(nothing) as a, refusing(refuses) as b:
        runs = [asked(side.target, own(*bodies)) for side in (a, b)]
    made = document.build(runs, frozenset(), "2026-11-28T00:00:00.000Z")
    assert list(jsonschema_rs.Draft202012Validator(schema("comparison-1")).iter_errors(made)) == []
    return made


@pytest.mark.parametrize(
    ("refuses", "body", "decision", "change"),
    [
        (nothing, BODY, "GO", None),
        (no_temperature, {**BODY, "temperature": 1}, "GO", None),
        (no_temperature, BODY, "GO WITH CHANGES", "B refuses `temperature` 0.2; without it, it answers."),
        (silent, BODY, "GO WITH CHANGES", "B refuses `seed` 7; without it, it answers."),
        (
            too_large,
            {**BODY, "messages": [{"role": "user", "content": "word " * 2000}]},
            "NO-GO",
            "texts of this length",
        ),
        (
            lambda body: (400, {"error": "no"}) if "Zebra" in str(body) else None,
            BODY,
            "NO-GO",
            "plainest form is refused",
        ),
    ],
    ids=["equal", "not-asked", "in-words", "silent", "size", "text"],
)
def test_whether_a_request_works_there(
    refuses: Refuses, body: dict[str, Any], decision: str, change: str | None
) -> None:
    made = moved(refuses, body)
    rows = [row for row in made["differences"] if row["effect"] in ("breaks", "change")]
    assert (made["decision"], [row["kind"] for row in rows]) == (decision, ["request"] if change else [])
    if change:
        assert change in rows[0]["change"] and rows[0]["probes"] == ["request.1"]


def test_what_neither_side_takes_is_no_go() -> None:
    with refusing(no_temperature) as a, refusing(no_temperature) as b:
        runs = [asked(side.target, own(BODY)) for side in (a, b)]
    made = document.build(runs, frozenset(), "2026-11-28T00:00:00.000Z")
    assert made["decision"] == "GO WITH CHANGES"
    assert made["differences"][0]["change"].startswith("A refuses it, too. B refuses `temperature` 0.2")


def no_seed(body: dict[str, Any]) -> tuple[int, Any] | None:
    return (422, {"error": {"message": "seed: Extra inputs are not permitted"}}) if body.get("seed") else None


def test_what_the_own_requests_do_without_is_a_note() -> None:
    plain = {name: BODY[name] for name in ("model", "messages")}
    with refusing(nothing) as a, refusing(no_seed) as b:
        for body, decision in ((plain, "GO"), (BODY, "GO WITH CHANGES"), (None, "GO WITH CHANGES")):
            settings = own(*([body] if body else []), kind="validate", stream=True) if body else None
            settings = settings or Settings(kind="validate", stream=True)
            made = document.build(
                [asked(side.target, settings) for side in (a, b)], frozenset(), "2026-11-28T00:00:00.000Z"
            )
            assert made["decision"] == decision
            assert "seed" in [row["subject"] for row in made["differences"]]


def no_force(body: dict[str, Any]) -> tuple[int, Any] | None:
    if not body.get("tools"):
        return None
    return (400, {"error": {"message": "additionalProperties: unknown"}}) if "additionalProp" in str(body) else None


TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize(
    ("body", "requires", "decision"),
    [
        ({**BODY, "tools": [TOOL]}, (), "GO"),  # theirs is answered, whatever becomes of ours
        (BODY, (), "GO"),  # they use no tools
        (BODY, ("tools",), "NO-GO"),
    ],
)
def test_tools_that_the_own_requests_do_not_miss(
    body: dict[str, Any], requires: tuple[str, ...], decision: str
) -> None:
    with refusing(nothing) as a, refusing(no_force) as b:
        runs = [asked(side.target, own(body, kind="validate", stream=True)) for side in (a, b)]
    made = document.build(runs, frozenset(requires), "2026-11-28T00:00:00.000Z")
    assert made["decision"] == decision
    assert "tools" in [row["subject"] for row in made["differences"]]


def test_of_three_the_refused_one_is_named_with_its_line() -> None:
    plain = {**BODY, "temperature": 1}
    made = moved(no_temperature, plain, {**plain, "seed": 8}, BODY)
    assert [row["probes"] for row in made["differences"]] == [["request.3"]]
    assert any("request.3 is traffic.jsonl, line 3" in note for note in made["notes"])


@pytest.mark.parametrize("keep", [False, True])
def test_no_text_of_a_request_is_in_a_record(keep: bool) -> None:
    with refusing(no_temperature) as server:
        made = asked(server.target, own(BODY, {**BODY, "temperature": 1}, keep_bodies=keep))
    text = json.dumps(made)
    assert CANARY not in text and "Publican" not in text
    replies = [x["response"]["body"] for x in made["exchanges"] if x["probe"].startswith(("request.", "smaller."))]
    assert len(replies) == 3 and any(body["excerpt"] for body in replies) is keep
    row = made["requests"][0]
    assert row["bytes"] == len(json.dumps(BODY)) and len(row["sha256"]) == 64 and row["shape"]
    assert made["findings"] and "[of the request]" in text, "the refusal's words are kept, without what they quote"


def test_no_name_of_a_request_is_in_a_path_that_a_reply_gives() -> None:
    def echo(body: dict[str, object]) -> tuple[int, object] | None:
        said = {"message": "no", "param": f"tools[0].function.{CANARY}", "code": "invalid"}
        return (400, {"error": said, CANARY: {CANARY: 1}}) if PROMPT in str(body) else None

    with refusing(echo) as server:
        text = json.dumps(asked(server.target, own(BODY)))
    assert CANARY not in text and "tools[0].function.[of the request]" in text


def test_a_refusal_is_diagnosed_by_its_part_and_is_a_no_go() -> None:
    with refusing(no_temperature) as server:
        made = asked(server.target, own(BODY))
        sent = [body for body in server.seen if PROMPT in str(body)]
    assert made["verdict"] == "NO-GO"
    assert "change it for this endpoint (`temperature` 0.2: without it)" in made["diagnoses"][0]["next_step"]
    assert sent[0] == {**BODY, "model": server.target.model} and len(sent) == 2 and "temperature" not in sent[1]
    assert made["cost"]["requests"] == 4 + 2


def test_a_dead_control_keeps_own_requests_back() -> None:
    with refusing(lambda body: (500, {"error": {"message": "boom"}})) as server:
        made = asked(server.target, own(BODY))
    found = [f for f in made["findings"] if f["probe"] == "request.1"]
    assert [(f["clause"], f["outcome"]) for f in found] == [("request.answered", "undecided")]
    assert "happy did not pass" in found[0]["reason"]


def test_limits_bound_the_explanation() -> None:
    with refusing(silent) as server:
        made = asked(server.target, own(BODY, max_requests=6))
        assert made["cost"]["requests"] == 6 and made["requests"][0]["refused"]["asked"] <= 2
        crowd = {**BODY, **{f"field_{number}": 1 for number in range(200)}}
        assert asked(server.target, own(crowd))["cost"]["requests"] <= 5 + MOST


def test_validate_sends_them_beside_its_own() -> None:
    with refusing(no_temperature) as server:
        made = asked(server.target, own(BODY, kind="validate", stream=True))
    assert made["verdict"] == "NO-GO" and made["requests"][0]["refused"]["parts"] == ["`temperature` 0.2"]
    template = next(x["request"]["template"] for x in made["exchanges"] if x["probe"] == "request.1")
    assert template["body"] == "" and CANARY not in json.dumps(made)


def test_the_plan_prints_no_text_and_counts_them(tmp_path: Path) -> None:
    (tmp_path / "traffic.json").write_text(json.dumps(BODY))
    done = compare("simulator", "simulator", "--smoke", "--plan", "--request", str(tmp_path / "traffic.json"))
    assert done.returncode == 0 and CANARY not in done.stdout
    assert done.stdout.count("--data-binary @request.1.json") == 2 and "at most 8 smaller ones" in done.stdout


def test_a_configuration_names_them(tmp_path: Path) -> None:
    (tmp_path / "traffic.json").write_text(json.dumps(BODY))
    (tmp_path / "c.toml").write_text('[targets.a]\nbase_url = "http://127.0.0.1:9/v1"\nrequests = ["traffic.json"]\n')
    done = compare("a", "a", "--config", str(tmp_path / "c.toml"), "--model", "m", "--smoke", "--plan")
    assert done.returncode == 0, done.stderr
    assert "request.1: your own request, traffic.json" in done.stdout


@pytest.mark.parametrize("text", ["no json", '{"a": 1}'])
def test_a_file_without_requests_is_an_error_of_usage(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    done = compare("simulator", "simulator", "--smoke", "--request", str(tmp_path / "x.json"))
    assert done.returncode == 2 and "--request" in done.stderr and "Traceback" not in done.stderr
    assert compare("simulator", "simulator", "--smoke", "--request", str(tmp_path / "none")).returncode == 2
