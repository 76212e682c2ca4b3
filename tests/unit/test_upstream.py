"""Another server behind the same endpoint is noticed by its marks, and said as a note; what varies by itself is not."""

from __future__ import annotations

import argparse
import copy
import json
from typing import Any

import pytest

from chatproof.analysis import upstream
from chatproof.analysis.incident.review import review
from chatproof.cli.shared.keeping import Keeper
from chatproof.journal.entry import signature_of
from chatproof.surfaces.chat.view import id_form
from tests.support import COMPLETION, play

Run = dict[str, Any]
REFUSAL = '{"error":{"message":"no such key","type":"invalid_request_error","code":"invalid_api_key","param":null}}'
OTHER_REFUSAL = '{"code":401,"msg":"no such key"}'


def answer(headers: str = "", refusal: str = REFUSAL, **more: Any) -> Run:
    body = {**json.loads(COMPLETION), "id": "chatcmpl-1", **more}
    document: Run = play(
        {
            "happy": f"200 application/json\n{headers}\n{json.dumps(body)}",
            "auth.invalid_key": f"401 application/json\n\n{refusal}",
        }
    ).record.document
    return document


def test_the_record_has_the_marks() -> None:
    assert answer(system_fingerprint="fp_1")["upstream"] == {"fingerprints": ["fp_1"], "ids": ["chatcmpl-"]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"system_fingerprint": "fp_2"}, "system_fingerprint fp_1 → fp_2"),
        ({"id": "gen-17"}, "the ids are chatcmpl- → gen-"),
        ({"headers": "X-Kong-Upstream-Latency: 3\n"}, "headers that are new: x-kong-upstream-latency"),
        ({"refusal": OTHER_REFUSAL}, "errors (auth.invalid_key) give the reason in $.error, $.error.code"),
    ],
)
def test_a_change_is_named(change: dict[str, Any], said: str) -> None:
    before = {"system_fingerprint": "fp_1"}
    (sentence,) = upstream.since(answer(**{**before, **change}), [answer(**before)] * 3)
    assert sentence.startswith("the upstream changed since the good runs: ") and said in sentence
    assert sentence.count("→") + sentence.count("headers that") == 1, "nothing else changed"


@pytest.mark.parametrize(
    "now",
    [
        {},
        {"id": "chatcmpl-99"},
        {"system_fingerprint": None},
        {"headers": "X-RateLimit-Remaining: 3\nX-Cache: HIT\n"},
        {"created": 7, "model": "another"},
    ],
)
def test_what_varies_by_itself_is_no_change(now: dict[str, Any]) -> None:
    before = {"system_fingerprint": "fp_1"}
    assert upstream.since(answer(**{**before, **now}), [answer(**before)] * 3) == []


def test_what_one_of_the_good_runs_had_is_no_change() -> None:
    past = [answer(system_fingerprint="fp_1"), answer(system_fingerprint="fp_2")]
    assert upstream.since(answer(system_fingerprint="fp_2"), past) == []


def test_a_run_that_got_no_answer_says_nothing() -> None:
    failed = play({"happy": "fault net.refused connect"}).record.document
    assert upstream.since(failed, [answer()]) == []


def test_an_outage_is_no_other_upstream() -> None:
    down = play({"happy": "502 text/html\nX-Served-By: edge\n\n<h1>Bad gateway</h1>"}).record.document
    assert upstream.since(down, [answer()] * 3) == []


def test_a_review_tells_between_which_runs() -> None:
    runs = []
    for number, mark in enumerate(("fp_1", "fp_1", "fp_2")):
        run = copy.deepcopy(answer(system_fingerprint=mark))
        run |= {"run_id": f"smoke-2026112{number}-000000-abcdef", "started_at": f"2026-11-2{number}T00:00:00.000Z"}
        runs.append(run)
    said = [remark for remark in review(runs, "2026-11-28T00:00:00.000Z")["remarks"] if "upstream" in remark]
    assert said == [
        "the upstream changed between smoke-20261121-000000-abcdef and smoke-20261122-000000-abcdef: "
        "system_fingerprint fp_1 → fp_2"
    ]


def test_other_targets_are_not_compared() -> None:
    other = answer(system_fingerprint="fp_2")
    other["target"]["model"] = "another"
    assert upstream.remarks([answer(system_fingerprint="fp_1"), other]) == []


@pytest.mark.parametrize(
    ("id", "form"),
    [
        ("chatcmpl-9", "chatcmpl-"),
        ("gen-1730-x", "gen-"),
        ("msg_01", "msg_"),
        ("0195d3a4-6f6b-7a3c-8a2e-0123456789ab", "uuid"),
        ("20261128", "number"),
        ("a1b2c3", "other"),
        ("", ""),
        ("ключ-1", "other"),
    ],
)
def test_forms_of_ids(id: str, form: str) -> None:
    assert id_form(id) == form


def test_the_marks_are_part_of_the_journals_signature() -> None:
    """Else a run whose shape is the same would never be compared with the good ones."""
    assert signature_of(answer(id="chatcmpl-1")) == signature_of(answer(id="chatcmpl-2"))
    assert signature_of(answer(id="chatcmpl-1")) != signature_of(answer(id="gen-1"))


def test_drift_says_it_in_the_notes() -> None:
    keeper = Keeper(argparse.Namespace(journal="none"))
    now, before = answer(id="gen-1"), [answer()] * 3
    keeper.drift(now, before)
    assert "the upstream changed since the good runs: the ids are chatcmpl- → gen-" in now["notes"]
    same = answer()
    keeper.drift(same, before)
    assert not any("upstream" in note for note in same["notes"])
