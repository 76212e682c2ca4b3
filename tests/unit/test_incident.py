"""The incident review: each rule is reached by an example, each layer says what the runs show and no more."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from chatproof import judge_bytes, reporters
from chatproof.analysis.incident.layers import CHANGED, HOLDS, TO_VERIFY
from chatproof.analysis.incident.review import review
from chatproof.analysis.incident.rules import CLIENT, DEPLOYMENT, DOCS, NONE, OURS, RULES, UNRESOLVED, VERDICTS
from chatproof.wire.exchange import Fault
from tests.support import play

EMPTY = '200 application/json\n\n{"id":"c1","object":"chat.completion","choices":[]}'
RENAMED = '200 application/json\n\n{"id":"c1","object":"chat.completion","answers":[{"text":"pong"}]}'
REJECTED = (
    '401 application/json\n\n{"error":{"message":"Invalid token","type":"comet_api_error","code":"invalid_api_key"}}'
)
QUOTA = '429 application/json\n\n{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}'
UNSUPPORTED = (
    '400 application/json\n\n{"error":{"message":"Unsupported parameter: stream","param":"stream",'
    '"code":"unsupported_parameter"}}'
)
HTML = "200 text/html\n\n<html><title>Sign in</title></html>"
TIMEOUT = Fault("net.read_timeout", "first_byte", "nothing in 30 s")
DNS = Fault("net.dns", "dns", "no such host")
AT = "2026-11-22T10:00:00Z"
_COUNT = iter(range(1, 10**6))


def run(happy: Any = None, /, minute: int = 0, **change: Any) -> dict[str, Any]:
    """A run document: the happy path is answered so; `change` replaces fields of the target, or `contract`, `all`."""
    replies = {"all": change.pop("all")} if "all" in change else {"happy": happy} if happy is not None else {}
    document: dict[str, Any] = copy.deepcopy(play(replies).record.document)
    document["run_id"] = f"smoke-20261122-10{minute:02}00-{next(_COUNT):06x}"
    document["started_at"] = f"2026-11-22T10:{minute:02}:00.000Z"
    if "contract" in change:
        document["tool"]["contract"] = change.pop("contract")
    if "fingerprint" in change:
        document["target"]["key"]["fingerprint"] = change.pop("fingerprint")
    document["target"].update(change)
    return document


def not_held(document: dict[str, Any]) -> dict[str, Any]:
    """The run of a contract that did not have the clauses which this reply breaks."""
    document["findings"] = [f for f in document["findings"] if f["outcome"] != "broken"]
    return document | {"verdict": "GO", "diagnoses": []}


CASES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "nothing-bad": ([run(minute=0), run(minute=1)], NONE),
    "we-changed": ([run(minute=0), run(all=REJECTED, minute=1, fingerprint="00000000")], OURS),
    "mended-by-our-change": ([run(RENAMED, minute=0, base_url="https://other.test/v1"), run(minute=1)], OURS),
    "only-in-one-environment": (
        [run(minute=0), run(all=REJECTED, minute=1, environment="ci"), run(minute=2)],
        OURS,
    ),
    "contract-changed": ([not_held(run(EMPTY, minute=0)), run(EMPTY, minute=1, contract="f" * 64)], OURS),
    "account": ([run(minute=0), run(QUOTA, minute=1)], UNRESOLVED),
    "both-changed": ([run(minute=0), run(EMPTY, minute=1, fingerprint="00000000")], UNRESOLVED),
    "lost-without-a-change": ([run(minute=0), run(all=DNS, minute=1)], UNRESOLVED),
    "our-network": ([run(all=DNS, minute=0)], CLIENT),
    "not-observed": ([run(minute=0), run(all=TIMEOUT, minute=1)], UNRESOLVED),
    "good-elsewhere-only": ([run(minute=0), run(EMPTY, minute=1, environment="ci")], UNRESOLVED),
    "refused-without-a-change": ([run(minute=0), run(all=REJECTED, minute=1)], UNRESOLVED),
    "replies-changed": ([run(minute=0), run(RENAMED, minute=1)], DEPLOYMENT),
    "never-worked-from-here": ([run(all=HTML, minute=0)], CLIENT),
    "always-so": ([run(RENAMED, minute=0), run(RENAMED, minute=1)], DOCS),
    "mended-without-a-start": ([run(RENAMED, minute=0), run(minute=1)], DEPLOYMENT),
    "alone": ([run(RENAMED, minute=0)], UNRESOLVED),
}


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_is_reached_by_its_example(rule: str) -> None:
    runs, verdict = CASES[rule]
    document = review(runs, AT)
    assert (document["verdict"]["rule"], document["verdict"]["verdict"]) == (rule, verdict)


def test_each_rule_has_an_example_and_a_reason() -> None:
    assert list(CASES) == [rule.id for rule in RULES]
    assert {rule.verdict for rule in RULES} == set(VERDICTS)
    for rule in RULES:
        assert rule.reason and rule.settles and rule.why.endswith(".")


def test_no_rule_leaves_a_blank_to_be_filled_in() -> None:
    for rule, (runs, _) in CASES.items():
        verdict = review(runs, AT)["verdict"]
        assert "{" not in verdict["reason"] + verdict["settles"] and "()" not in verdict["reason"], rule
        assert set(verdict["runs"]) <= {document["run_id"] for document in runs}, rule


def test_a_deploy_that_starts_to_refuse_a_parameter_is_a_deployment_drift() -> None:
    """The request is named as the cause, yet it is the one that was accepted before."""
    document = review([run(minute=0), run(UNSUPPORTED, minute=1)], AT)
    assert document["verdict"]["rule"] == "replies-changed"


def layers(runs: list[dict[str, Any]]) -> dict[str, str]:
    return {layer["layer"]: layer["state"] for layer in review(runs, AT)["layers"]}


@pytest.mark.parametrize(
    ("bad", "changed", "unknown"),
    [
        (run(RENAMED, minute=1), {"response shape"}, set()),
        (run(QUOTA, minute=1), {"account"}, {"authentication", "request", "response shape"}),
        (run(all=TIMEOUT, minute=1), {"error behaviour"}, {"endpoint path", "authentication", "request", "response shape", "account"}),
        (run(minute=1, model="gpt-x-2", base_url="https://other.test/v1"), {"endpoint path", "request"}, set()),
    ],
)  # fmt: skip
def test_layers_say_what_changed_and_what_was_not_seen(
    bad: dict[str, Any], changed: set[str], unknown: set[str]
) -> None:
    if not bad["diagnoses"]:  # two good runs: compare through a bad verdict
        bad["verdict"] = "NO-GO"
    found = layers([run(minute=0), bad])
    assert {name for name, state in found.items() if state == CHANGED} >= changed
    assert {name for name, state in found.items() if state == TO_VERIFY} >= unknown
    assert set(found) == {"endpoint path", "authentication", "request", "response shape", "error behaviour", "account"}


def test_layers_of_a_good_run_hold() -> None:
    assert set(layers([run()]).values()) == {HOLDS}


def test_a_retry_that_passed_does_not_end_the_incident() -> None:
    runs = [run(minute=0), run(EMPTY, minute=1), run(minute=2), run(EMPTY, minute=3), run(minute=4), run(minute=5)]
    document = review(list(reversed(runs)), AT)
    assert [step["verdict"] for step in document["timeline"]] == ["GO", "NO-GO", "GO", "NO-GO", "GO", "GO"]
    assert document["last_good"]["run_id"] == runs[0]["run_id"]
    assert document["first_bad"]["run_id"] == runs[1]["run_id"]
    assert document["recovered"]["run_id"] == runs[4]["run_id"]
    assert (
        runs[2]["run_id"] in document["remarks"][0]
        and "does not make the failed request valid" in document["remarks"][0]
    )


def test_without_a_good_end_it_is_not_over() -> None:
    document = review([run(minute=0), run(EMPTY, minute=1)], AT)
    assert document["recovered"] is None and any("no good run ends" in said for said in document["remarks"])


def test_the_failed_request_is_a_class_and_no_text() -> None:
    document = review([run(RENAMED, minute=1)], AT)
    asked = document["request_class"]
    assert asked["probe"] == "happy" and asked["summary"] == "messages_count=1, stream=false"
    assert asked["retries"] == "none: chatproof sends each request once"
    assert "pong" not in json.dumps(asked)


def test_what_a_capture_does_not_show_is_to_verify() -> None:
    bad = run(RENAMED, minute=1, base_url="unobserved", model="")
    bad["kind"] = "judge"
    asked = review([bad], AT)["request_class"]
    assert (asked["retries"], asked["timeout"], asked["model"]) == ("to verify",) * 3


def test_broken_assumptions_have_their_source() -> None:
    rows = review([run(RENAMED, minute=1)], AT)["sources"]
    assert rows[0]["clause"] == "happy.choices_non_empty" and rows[0]["source"].startswith("https://")


@pytest.mark.parametrize("format", reporters.formats("review"))
def test_hostile_text_is_shown_as_text(format: str) -> None:
    evil = "<img src=x onerror=alert(1)>\x1b[31m|\n# x\u202e[a](http://e)"
    bad = run(RENAMED, minute=1, environment=evil, name=evil)
    bad["diagnoses"][0]["summary"] = evil
    bad["findings"][3]["observed"] = evil
    text = reporters.render(format, review([run(minute=0), bad], AT), of="review")
    assert "\x1b" not in text and "\u202e" not in text
    if format == "markdown":
        text = re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", text)  # code spans
        assert "<img" not in text and "[a](" not in text and "\n# x" not in text
    if format == "json":
        assert json.loads(text)["schema"] == "chatproof.review/1"


@pytest.mark.parametrize("rule", CASES)
@pytest.mark.parametrize("format", reporters.formats("review"))
def test_every_review_is_laid_out(rule: str, format: str) -> None:
    document = review(CASES[rule][0], AT)
    text = reporters.render(format, document, of="review")
    assert document["verdict"]["verdict"] in text
    assert all(line == line.rstrip() for line in text.split("\n"))


PAGE = b"<html><title>502 Bad Gateway</title></html>"
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)


def test_clauses_that_changed_alike_stand_in_one_line() -> None:
    """A gateway that answers every request takes a dozen clauses along: what else changed must still be seen."""
    bad = play({"all": BAD_GATEWAY}).record.document
    text = reporters.render(
        "text", review([play().record.document, {**bad, "started_at": "2999-01-01T00:00:00.000Z"}], AT), of="review"
    )
    (line,) = re.findall(r"reply: (happy\.media_type_json,.*?: holds → undecided)", " ".join(text.split()))
    assert line.count(", ") == 8 and "5 more" in line


def test_an_outage_that_was_always_there_is_no_fault_of_the_documentation() -> None:
    bad = play({"all": BAD_GATEWAY}).record.document
    assert bad["diagnoses"][0]["code"] == "gateway.error"
    again = {**bad, "run_id": "smoke-20990101-000000-abcdef", "started_at": "2999-01-01T00:00:00.000Z"}
    decided = review([bad, again], AT)
    assert (decided["verdict"]["verdict"], decided["verdict"]["rule"]) == (UNRESOLVED, "alone")


@pytest.mark.parametrize(
    "capture",
    [
        EMPTY.partition("\n\n")[2],
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + EMPTY.partition("\n\n")[2],
        'HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n\r\n{"error":{"message":"quota","code":"insufficient_quota"}}',
    ],
)
def test_what_a_capture_does_not_say_is_no_change_of_ours(capture: str) -> None:
    """A pasted body has no URL, model or headers: the review said that we had changed them, and that this explains it."""
    judged = judge_bytes(capture.encode()).document
    judged["started_at"] = "2026-11-22T10:05:00.000Z"
    made = review([run(minute=0), judged], AT)
    assert made["verdict"]["verdict"] != OURS
    text = " ".join(reporters.render("text", made, of="review").split())
    assert "are the same)" not in text and "no change is known, but a capture does not say" in text
    changed = made["changed"]
    assert changed["on_our_side"] == [] and any(d["path"] == "target.base_url" for d in changed["around_us"])


def test_what_a_capture_says_is_a_change() -> None:
    """Its request is in it: another URL is one."""
    page = '{"error":{"message":"Invalid token","code":"invalid_api_key"}}'
    url = "https://elsewhere.test/v1/chat/completions"
    entry = {
        "startedDateTime": "2026-11-22T10:05:00.000Z", "time": 5.0,
        "request": {"method": "POST", "url": url, "headers": [{"name": "Authorization", "value": "Bearer x"}],
                    "postData": {"mimeType": "application/json",
                                 "text": '{"model":"m","messages":[{"role":"user","content":"hi"}]}'}},
        "response": {"status": 401, "statusText": "", "headers": [{"name": "Content-Type", "value": "application/json"}],
                     "content": {"mimeType": "application/json", "text": page}},
    }  # fmt: skip
    judged = judge_bytes(json.dumps({"log": {"version": "1.2", "entries": [entry]}}).encode()).document
    judged["started_at"] = "2026-11-22T10:05:00.000Z"
    made = review([run(minute=0), judged], AT)
    assert any(d["path"] == "target.base_url" for d in made["changed"]["on_our_side"])
