"""Two run documents compared: every kind of difference is found, nothing is found between a run and itself."""

import json
from typing import Any

import pytest

from chatproof.analysis.run_diff import KINDS, Difference, differences
from tests.journal_support import opening, run
from tests.support import COMPLETION, play


def played(**replies: Any) -> dict[str, Any]:
    document: dict[str, Any] = play(replies).record.document
    return document


def copy(document: dict[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(document))
    return copied


GOOD = run(1)
LESS_USAGE = json.loads(COMPLETION)
LESS_USAGE["usage"] = {"prompt_tokens": 8, "completion_tokens": "1"}
LESS_USAGE["choices"][0]["finish_reason"] = "length"
LESS_USAGE["choices"][0]["message"]["reasoning"] = "r"


def test_a_run_does_not_differ_from_itself() -> None:
    for verdict in ("GO", "NO-GO", "UNDECIDED"):
        assert differences(run(1, verdict), run(1, verdict)) == []
    assert differences(opening(GOOD), opening(GOOD)) == []


def test_another_run_differs_in_times_only() -> None:
    other = copy(run(2))
    other["exchanges"][0]["timings_ms"]["total"] = 99.5
    found = differences(GOOD, other)
    assert [(d.kind, d.probe, d.path, d.b) for d in found] == [("timing", "happy", "timings_ms.total", 99.5)]


def at(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at a dotted path; numbers index lists."""
    copied = copy(document)
    here: Any = copied
    *steps, last = path.split(".")
    for step in steps:
        here = here[int(step) if step.isdigit() else step]
    here[last] = value
    return copied


CERTIFICATE = {"subject": "CN=a", "issuer": "CN=ca", "not_after": "2027-01-01"}
SURROUNDINGS = {
    "target.base_url": "https://elsewhere.test/v1",
    "target.model": "gpt-y",
    "target.environment": "ci",
    "target.key.fingerprint": "00000000",
    "environment.python": "3.99.0",
    "environment.variables_set": ["OPENAI_API_KEY"],
    "environment.proxy_variables_ignored": ["HTTPS_PROXY"],
    "environment.user_agent": "other",
    "environment.addresses": ["192.0.2.8"],
    "tool.version": "9",
    "tool.contract": "0" * 64,
    "exchanges.0.request.header_names": ["Authorization", "X-Extra"],
    "exchanges.0.request.url": "https://llm.test/v2/chat/completions",
    "exchanges.0.peer": {"address": "192.0.2.9", "tls_version": "TLSv1.3", "certificate": CERTIFICATE},
}


@pytest.mark.parametrize("path", SURROUNDINGS)
def test_surroundings_come_first(path: str) -> None:
    other = at(run(2, "NO-GO"), path, SURROUNDINGS[path])
    found = differences(GOOD, other)
    assert found[0].kind == "environment" and found[0].path.rpartition(".")[2] in (*path.split("."), "path", "address")
    kinds = [d.kind for d in found]
    assert kinds == sorted(kinds, key=list(KINDS).index)
    assert [d for d in differences(other, GOOD) if d.kind == "environment"] != []


def test_another_api_is_said_first() -> None:
    found = differences(GOOD, {**copy(GOOD), "api": "responses"})
    assert found[0] == Difference("environment", "", "api", "chat", "responses", "changed")


def test_the_host_in_every_url_is_said_once() -> None:
    other = copy(GOOD)
    other["target"]["base_url"] = "https://elsewhere.test/v1"
    for exchange in other["exchanges"]:
        exchange["request"]["url"] = exchange["request"]["url"].replace("llm.test", "elsewhere.test")
    assert [d.path for d in differences(GOOD, other)] == ["target.base_url"]


def test_what_came_back() -> None:
    found = differences(
        played(), played(happy=f"200 application/json\nServer: new\nVia: 1.1 x\n\n{json.dumps(LESS_USAGE)}")
    )
    assert {(d.kind, d.probe, d.path, d.change) for d in found if d.kind not in ("cost", "timing")} == {
        ("header", "happy", "server", "added"),
        ("header", "happy", "via", "added"),
        ("shape", "happy", "$.choices[].message.reasoning", "added"),
        ("usage", "happy", "$.usage.total_tokens", "lost"),
        ("usage", "happy", "$.usage.completion_tokens", "retyped"),
        ("word", "happy", "finish_reason", "changed"),
    }
    assert Difference("usage", "happy", "$.usage.completion_tokens", "integer", "string", "retyped") in found


def test_status_fault_and_conclusions() -> None:
    found = {(d.kind, d.path): (d.a, d.b) for d in differences(run(1), run(2, "UNDECIDED"))}
    assert found["verdict", "verdict"] == ("GO", "UNDECIDED")
    assert found["status", "status"] == (200, "net.read_timeout")
    assert found["diagnosis", "net.read_timeout"] == (None, "provider")
    assert found["finding", "happy.status_200"] == ("holds", "undecided")


def test_an_html_page_is_no_list_of_lost_fields() -> None:
    found = differences(played(), played(happy="502 text/html\n\n<html>"))
    assert {d.kind for d in found if d.probe == "happy"} == {"finding", "status", "header", "body"}


def test_a_run_without_an_end_can_be_compared() -> None:
    found = differences(GOOD, opening(at(run(2), "target.environment", "ci")))
    assert found[0] == Difference("environment", "", "target.environment", "test", "ci", "changed")
    assert Difference("status", "happy", "status", 200, None, "lost") in found


def test_a_probe_that_only_one_sent() -> None:
    other = copy(GOOD)
    del other["exchanges"][3]
    assert [(d.probe, d.a, d.b) for d in differences(GOOD, other) if d.kind == "status"] == [("models", 200, None)]
