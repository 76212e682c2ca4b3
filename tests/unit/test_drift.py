"""Drift: what changed since the good runs is named; what comes and goes is not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.analysis import drift
from tests.support import COMPLETION, play
from tests.unit.test_journal_cli import run as cli


def answer(change: Any = None, headers: str = "", **more: Any) -> dict[str, Any]:
    """A run whose happy path was answered by a changed completion."""
    body = json.loads(COMPLETION)
    if change:
        change(body)
    document: dict[str, Any] = play(
        {"happy": f"200 application/json\nServer: nginx\n{headers}\n{json.dumps({**body, **more})}"}
    ).record.document
    return document


def points(now: dict[str, Any], *past: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(row["kind"], row["path"], row["change"]) for row in drift.found(now, past or (answer(),) * 3)]


def message(**fields: Any) -> Any:
    return lambda body: body["choices"][0]["message"].update(fields)


def without(*path: Any) -> Any:
    def change(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        del body[path[-1]]

    return change


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (lambda: answer(without("usage", "total_tokens")), [("usage", "$.usage.total_tokens", "lost")]),
        (lambda: answer(without("usage")), [("usage", "$.usage", "lost")]),
        (lambda: answer(created="yesterday"), [("shape", "$.created", "retyped")]),
        (lambda: answer(id=None), [("shape", "$.id", "retyped")]),
        (lambda: answer(route="eu"), [("shape", "$.route", "added")]),
        (lambda: answer(message(thoughts={"a": 1})), [("shape", "$.choices[].message.thoughts", "added")]),
        (lambda: answer(headers="Via: 1.1 cache\n"), [("header", "via", "added")]),
        (lambda: answer(headers="CF-Ray: 1\nX-Served-By: b\n"), [("header", "cf-ray", "added"), ("header", "x-served-by", "added")]),
    ],
)  # fmt: skip
def test_what_changed_is_named(now: Any, expected: list[tuple[str, str, str]]) -> None:
    assert points(now()) == expected


def test_another_server_and_another_refusal() -> None:
    body = '401 application/json\n\n{"detail":"no","message":"Invalid token"}'
    refused = play({"auth.invalid_key": body}).record.document
    before = play().record.document
    assert {(row["probe"], row["path"], row["change"]) for row in drift.found(refused, [before] * 3)} == {
        ("auth.invalid_key", "$.error", "lost"), ("auth.invalid_key", "$.detail", "added"),
        ("auth.invalid_key", "$.message", "added"),
    }  # fmt: skip
    forbidden = play(
        {"auth.invalid_key": '403 application/json\n\n{"error":{"message":"Invalid token","type":"x","code":""}}'}
    )
    assert points(forbidden.record.document, before) == [("status", "status", "changed")]
    (row,) = drift.found(answer(), [{**answer(), "exchanges": _served("envoy")}] * 3)
    assert (row["path"], row["before"], row["after"]) == ("server", ["envoy"], "nginx")


def _served(name: str) -> list[dict[str, Any]]:
    copied: list[dict[str, Any]] = json.loads(json.dumps(answer()["exchanges"]))
    for header in copied[0]["response"]["headers"]:
        if header[0] == "Server":
            header[1] = name
    return copied


@pytest.mark.parametrize(
    "now",
    [
        lambda: answer(system_fingerprint="fp", service_tier=None),
        lambda: answer(message(refusal=None, tool_calls=None, reasoning_content="hm", annotations=[])),
        lambda: answer(lambda b: b["usage"].update(prompt_tokens_details={"cached_tokens": 0})),
        lambda: answer(lambda b: b["choices"][0].update(finish_reason="length", logprobs=None)),
        lambda: answer(lambda b: b["usage"].update(total_tokens=9.5)),
        lambda: answer(headers="Set-Cookie: a\nDate: x\nX-RateLimit-Remaining: 3\nCF-Cache: x\n".replace("CF-Cache", "Age")),
        lambda: play({"happy": "502 text/html\n\n<html>"}).record.document,
        lambda: play({"happy": "503 application/json\n\n{}"}).record.document,
        lambda: play({"models": '200 application/json\n\n{"object":"list","data":[{"id":"gpt-x","pricing":1}]}'}).record.document,
    ],
)  # fmt: skip
def test_no_wolf(now: Any) -> None:
    assert points(now()) == []


def test_a_field_that_came_and_went_before_is_no_news() -> None:
    sometimes = answer(route="eu")
    assert points(answer(), sometimes, answer(), sometimes) == [] == points(sometimes, answer(), sometimes, answer())
    assert points(answer(), sometimes, sometimes, sometimes) == [("shape", "$.route", "lost")]


# -- as a command ------------------------------------------------------------------------------------------------------


def smoke(place: Path, *args: str) -> tuple[int, dict[str, Any], str]:
    done = cli("smoke", "simulator", "--journal", str(place), "--format", "json", *args)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_twenty_runs_of_the_simulator_do_not_drift(tmp_path: Path) -> None:
    """In one process each; the journal is the last one's."""
    code = (
        "import sys; from chatproof.cli import main as cli\n"
        "for n in range(20): assert cli.main(['smoke', 'simulator', '--stream', '-q', '--fail-on', 'drift', '--journal', sys.argv[1]]) == 0"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "j.sqlite3")], check=True, stdout=subprocess.DEVNULL)
    kept = journal.open(str(tmp_path / "j.sqlite3"))
    runs = [kept.find(row.run_id).document for row in kept.list()]
    assert len(runs) == 20 and not any(run.get("drift") for run in runs)
    status, document, _ = smoke(tmp_path / "j.sqlite3", "--stream", "--against", "latest:GO", "--fail-on", "drift")
    assert status == 0 and document["drift"] == [] and len(document["drift_baseline"]) == 10


def test_drift_is_a_warning_and_fails_when_asked(tmp_path: Path) -> None:
    place = tmp_path / "j.sqlite3"
    assert "this target has no good run yet" in " ".join(smoke(place, "--against", "latest:GO")[1]["notes"])
    for _ in range(2):
        assert "drift" not in smoke(place)[1]
    assert smoke(place)[1].get("drift") is None, "equal to a good run: not even compared"
    status, document, said = smoke(place, "--fault", "harmless-no-usage-or-id", "--fail-on", "drift")
    assert status == 1 and "--fail-on drift" in said and document["verdict"] == "GO"
    text = cli("show", "latest", "--journal", str(place)).stdout
    assert "\n  drift " in text and "chatproof diff" in text


def test_against_is_looked_up_before_anything_is_sent(tmp_path: Path) -> None:
    done = cli(
        "smoke", "http://127.0.0.1:1/v1", "--model", "m", "--against", "smoke-nope", "--journal", str(tmp_path / "j")
    )
    assert done.returncode == 2 and "journal.missing" in done.stderr and done.stdout == ""
