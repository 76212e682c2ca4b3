"""An API of one folder goes all the way: plan, send, judge, diagnose, record, report, journal, captures, comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chatproof
import chatproof.surfaces
from chatproof import Secret, Settings, Target, captures, journal, reporters, simulator
from chatproof.analysis import drift, escalation, run_diff
from chatproof.analysis.comparison.document import build as compare
from chatproof.analysis.incident.review import review
from chatproof.captures import entry
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.cli.shared.plan import show
from chatproof.contract.surface import Surface
from chatproof.journal.reading import by_id
from chatproof.judging.contract import Choice, contract_on
from chatproof.judging.judge import judge
from chatproof.simulator.wire import GOOD, Reply, Side
from chatproof.simulator.wire import Asked as Arrived
from chatproof.surfaces import names, surface_of
from chatproof.target.profile import load
from chatproof.target.target import check
from chatproof.wire.exchange import END
from tests.support import exchange, wire

NOW = "2026-11-28T20:00:00.000Z"
OF_CHAT = ("choices", "happy", "chat/completions", "auth.invalid_key", "finish_reason", "[DONE]")


@pytest.fixture(scope="module")
def toy() -> Iterator[Surface]:
    """The toy, found by its folder as any other API is."""
    place = str(Path(__file__).parent)
    chatproof.surfaces.__path__.append(place)
    entry._places.cache_clear()  # captures were looked at without it before
    try:
        yield surface_of("toy")
    finally:
        chatproof.surfaces.__path__.remove(place)
        chatproof.surfaces._loaded.pop("toy", None)
        entry._places.cache_clear()


class Runs:
    """Runs against the toy's server, each made once."""

    def __init__(self, toy: Surface) -> None:
        self.toy = toy
        self.made: dict[tuple[str, str], dict[str, Any]] = {}

    def __call__(self, kind: str = "smoke", fault: str = "") -> dict[str, Any]:
        if (kind, fault) not in self.made:
            good = self.toy.simulator()
            served = Side(lambda asked: FAULTS[fault](asked, good.respond(asked)), good.model, dict)
            started = simulator.start(side=served)
            try:
                target = Target(started.base_url, started.model, Secret(started.key), api="toy", name="t")
                run = chatproof.smoke if kind == "smoke" else chatproof.validate
                self.made[kind, fault] = run(target, Settings(stream=True), environ={}).document
            finally:
                started.stop()
        return json.loads(json.dumps(self.made[kind, fault]))  # type: ignore[no-any-return]


def _page(asked: Arrived, reply: Reply) -> Reply:
    return Reply(502, (("Content-Type", "text/html"),), b"<html>Bad Gateway</html>")


def _silent(asked: Arrived, reply: Reply) -> Reply:
    plain = asked.credential == GOOD and b"shouted" in reply.body
    return reply._replace(body=b'{"shouted":"","voice":"tenor"}') if plain else reply


def _open(asked: Arrived, reply: Reply) -> Reply:
    return reply if reply.status != 401 else reply._replace(status=200, body=b'{"shouted":"MARMALADE","breath":3}')


FAULTS = {"": lambda asked, reply: reply, "page": _page, "silent": _silent, "open": _open}


@pytest.fixture(scope="module")
def runs(toy: Surface) -> Runs:
    return Runs(toy)


def test_the_toy_is_listed_beside_chat(toy: Surface) -> None:
    assert names()[0] == "chat" and "toy" in names()


def test_its_requests_are_planned_and_nothing_of_chat(toy: Surface) -> None:
    target = Target("http://127.0.0.1:9/v1", "tenor", Secret("sk-Toy7Qv2mXw9LpTz4RbN8sKd3Yh"), api="toy")
    for kind, count in (("smoke", 5), ("validate", 12)):
        said = show(check(target), Settings(stream=True, kind=kind))
        assert said.startswith(f"# {count} requests") and "/shouts" in said and "marmalade" in said
        assert not any(word in said for word in OF_CHAT)


def test_a_good_toy_is_a_go_with_a_whole_record(runs: Runs) -> None:
    document = runs()
    record = document["smoke_test_run"]
    assert (document["verdict"], document["api"]) == ("GO", "toy")
    assert document["cost"] == {"requests": 5, "billable_requests": 2, "tokens_reported": 3}
    assert record["pass_fail"] == "PASS" and record["request_summary"] == "one word"
    seen = ("response_structure_valid", "choices_present", "content_non_empty", "auth_rejection_error_body_valid")
    assert [record[name] for name in seen] == ["true"] * 4 and record["error_field_present"] == "false"
    assert "speak of what was shouted" in record["notes"]
    assert {f["clause"].split(".")[0] for f in document["findings"]} == {"toy"}


def test_validate_sends_all_of_it_with_a_burst(runs: Runs) -> None:
    document = runs("validate")
    probes = [exchange["probe"] for exchange in document["exchanges"]]
    assert document["verdict"] == "GO", document["diagnoses"]
    assert {"loud", "flow", "blank", "wordless", "bareword", "choir", "burst.1"} <= set(
        probes
    ) and "whisper" not in probes
    assert {row["name"]: row["state"] for row in document["capabilities"]} == {
        "flow": "supported",
        "choir": "supported",
    }
    sent = {exchange["probe"]: exchange["sent_at"] for exchange in document["exchanges"]}
    assert sent["wordless"] > sent["choir"] > sent["loud"], "free requests first, and what must not pass last"


@pytest.mark.parametrize(
    ("fault", "code", "owner"),
    [
        ("page", "gateway.error", "gateway"),
        ("silent", "content.empty", "provider"),
        ("open", "auth.not_enforced", "provider"),
    ],
)
def test_what_is_broken_is_diagnosed(runs: Runs, fault: str, code: str, owner: str) -> None:
    document = runs(fault=fault)
    first = document["diagnoses"][0]
    assert (document["verdict"], first["code"], first["owner"]) == ("NO-GO", code, owner)
    assert document["smoke_test_run"]["pass_fail"] == "FAIL"


@pytest.mark.parametrize("fault", ["", "silent"])
@pytest.mark.parametrize("format", reporters.formats())
def test_every_reporter_tells_of_it_in_its_own_words(runs: Runs, format: str, fault: str) -> None:
    text = reporters.render(format, runs("validate", fault))
    assert text.strip()
    names = {name.strip('"') for name in ("choices_present",)}  # the record's key keeps its name
    shown = text
    for name in names:
        shown = shown.replace(name, "")
    assert [word for word in OF_CHAT if word in shown] == []


def test_it_is_kept_in_a_journal_and_read_back(runs: Runs, tmp_path: Path) -> None:
    document = runs()
    started = {name: document[name] for name in ("run_id", "kind", "started_at", "target", "tool", "api")}
    kept = journal.open(str(tmp_path / "runs.sqlite"))
    kept.started({**started, "schema": "chatproof.started/1", "ci": "", "planned": []})
    kept.finished(document)
    assert by_id(kept, document["run_id"]).document == document


@pytest.mark.parametrize("kind", ["smoke", "validate"])
def test_its_run_document_is_judged_again(runs: Runs, kind: str) -> None:
    read = captures.read(json.dumps(runs(kind, "silent")).encode())
    again = judge_captures([Source("run.json", read)], Asked(scope=kind))
    assert again.document["api"] == "toy" and again.verdict == "NO-GO"


def test_a_har_of_its_traffic_is_judged(runs: Runs, toy: Surface) -> None:
    from chatproof.reporters import PLAIN, as_har

    started = simulator.start(side=toy.simulator())
    try:
        target = Target(started.base_url, started.model, Secret(started.key), api="toy")
        kept = chatproof.smoke(target, Settings(keep_bodies=True), environ={}).document
    finally:
        started.stop()
    har = captures.read(as_har.render(kept, PLAIN).encode())
    again = judge_captures([Source("a.har", har)], Asked(choice=Choice(api="toy")))
    assert {exchange["probe"] for exchange in again.document["exchanges"]} == {"loud", "stranger", "nobody", "voices"}
    held = {finding["clause"] for finding in again.findings if finding["outcome"] == "holds"}
    assert {"toy.loud.shouted", "toy.stranger.rejected"} <= held


def test_a_bare_capture_is_matched_by_its_request(toy: Surface) -> None:
    sent = (
        "> POST /v1/shouts HTTP/1.1\r\n> Host: h.test\r\n> Authorization: Bearer sk-Toy7Qv2mXw9LpTz4RbN8sKd3Yh\r\n>\r\n"
        '< HTTP/1.1 200 OK\r\n< Content-Type: application/json\r\n<\r\n{"shouted":"","voice":"tenor"}'
    )
    run = judge_captures([Source("curl.txt", captures.read(sent.encode()))], Asked(choice=Choice(api="toy")))
    assert [exchange["probe"] for exchange in run.document["exchanges"]] == ["loud"]
    assert run.verdict == "NO-GO" and run.diagnoses[0]["code"] == "content.empty"


def test_two_of_them_are_compared(runs: Runs) -> None:
    made = compare([runs("validate"), runs("validate", "silent")], frozenset(), NOW)
    assert made["decision"] != "GO" and any("toy.loud.shouted" in row["clauses"] for row in made["differences"])
    assert compare([runs("validate"), runs("validate")], frozenset(), NOW)["decision"] == "GO"
    for format in reporters.formats("comparison"):
        text = reporters.render(format, made, of="comparison").replace("choices_present", "")
        assert [word for word in OF_CHAT if word in text] == []


def test_what_looks_back_at_runs_knows_it(runs: Runs) -> None:
    good, bad = runs(), runs(fault="silent")
    assert run_diff.differences(good, bad)
    assert drift.found(good, [good]) == []
    bundle = escalation.bundle(bad, NOW)
    assert "/shouts" in json.dumps(bundle["reproduction"]) and "toy.loud.shouted" in json.dumps(bundle["mismatches"])
    told = review([good, bad], NOW)
    assert told["sources"] and "/shouts" in json.dumps(told["request_class"])


def test_a_stream_that_was_cut_is_judged_by_how_it_may_have_gone_on(toy: Surface) -> None:
    """Where an API does not say how its streams go on, nothing is said of one whose end was not captured."""
    cut = exchange("happy", wire('200 text/event-stream\n\ndata: {"shouted":"MAR"}\n\n'))
    cut = cut._replace(probe="flow", missing=frozenset({END}))
    contract = contract_on("flow", toy, load("generic"))
    held = {f.clause: f.outcome for f in judge(contract, [cut], model="tenor").findings if f.probe == "flow"}
    assert held["toy.flow.pieces"] == "holds", "however it goes on, the pieces make a word"
    silent = contract._replace(surface=toy._replace(endings=()))
    found = {f.clause: f.reason for f in judge(silent, [cut], model="tenor").findings if f.probe == "flow"}
    assert "the end of the body" in found["toy.flow.pieces"]
