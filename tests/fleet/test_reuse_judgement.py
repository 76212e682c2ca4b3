"""`--reuse-judgement`: what is judged once is judged as each run alone would be, and never where a fault is near."""

from __future__ import annotations

import gc
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chatproof import journal, simulator
from chatproof.fleet.ready import Ready
from chatproof.fleet.reusing import Reusing
from chatproof.judging.contract import Contract
from chatproof.judging.judge import Judgement, judge
from chatproof.running.plan import Settings
from chatproof.running.run import Sent, carry
from chatproof.simulator.faults import FAULTS
from chatproof.simulator.responses_side import SIDE as RESPONSES
from chatproof.target.target import Resolved, Target, check
from chatproof.wire.exchange import Exchange, Secret
from tests.fleet.support import fleet, line_of, write

KEY = Secret("sk-reused-0123456789abcdefghijklmnop")
LISTED = [name for name, fault in FAULTS.items() if not fault.stream and not fault.place.proxy and fault.timeout < 1]
SOME = LISTED[::8]
Outcomes = list[tuple[str, str, str, str]]


class Played(NamedTuple):
    resolved: Resolved
    contract: Contract
    sent: Sent

    def changed(self, probe: str, **of_response: Any) -> Played:
        """The same run with something else in one reply."""

        def other(exchange: Exchange) -> Exchange:
            assert exchange.response is not None
            return exchange._replace(response=exchange.response._replace(**of_response))

        return self._replace(
            sent=self.sent._replace(exchanges=[other(e) if e.probe == probe else e for e in self.sent.exchanges])
        )

    def with_json(self, probe: str, change: dict[str, Any]) -> Played:
        """The same run with other members in one reply's JSON."""
        body = json.loads(self.body(probe))
        return self.changed(probe, body=json.dumps(body | change).encode())

    def body(self, probe: str) -> bytes:
        return next(e.response.body for e in self.sent.exchanges if e.probe == probe and e.response)


def played(fault: str, api: str = "chat") -> Played:
    server = simulator.start(fault, key=KEY, side=RESPONSES if api == "responses" else simulator.CHAT)
    try:
        target = Target(
            server.base_url, server.model, KEY, ca_file=server.ca_file, timeout=server.timeout or 30.0, api=api
        )
        carried = carry(check(target), Settings(), environ={})
    finally:
        server.stop()
    return Played(check(target), carried.contract, carried.sent)


def outcomes(judgement: Judgement) -> Outcomes:
    return [(f.clause, f.exchange, f.outcome, f.level) for f in judgement.findings]


def reused(reusing: Reusing, play: Played, first: Played) -> tuple[Judgement, str]:
    """As a run of the first one's host and contract, which all have in common here."""
    resolved = play.resolved._replace(url=first.resolved.url)
    return reusing.judgement_of(Ready("t", resolved, first.contract, {}, ""), play.sent)


def alone(play: Played) -> Judgement:
    target = play.resolved.target
    return judge(play.contract, play.sent.exchanges, model=target.model, key=target.key, not_sent=play.sent.not_sent)


def _compared(faults: list[str]) -> None:
    good = played("")
    reusing = Reusing(wanted=True)
    with ThreadPoolExecutor(4) as pool:
        plays = [*pool.map(played, faults)]
    for name, play in zip(faults, plays, strict=True):
        for each in (good, play, play):  # of one host: first well, then with a fault, twice
            made, _ = reused(reusing, each, good)
            assert outcomes(made) == outcomes(alone(each)), name
            assert made.verdict == alone(each).verdict, name
    assert reused(reusing, good, good)[1].startswith(f"--reuse-judgement: judged as {good.sent.run_id};")


def test_rows_of_the_fault_list_are_judged_as_they_are_alone() -> None:
    _compared(SOME)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_every_row_of_the_fault_list_is_judged_as_it_is_alone() -> None:
    _compared(LISTED)


@pytest.fixture(scope="module")
def good() -> Played:
    return played("")


def said(text: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


def test_ids_times_texts_and_counts_make_no_difference(good: Played) -> None:
    reusing = Reusing(wanted=True)
    first = good.with_json("happy", said("pong"))
    assert reused(reusing, first, good)[1] == ""
    counts = {"prompt_tokens": 9, "completion_tokens": 40, "total_tokens": 49}
    other = {"id": "chatcmpl-other", "created": 1790000001, **said("ping, and more")}
    second = good.with_json("happy", {**other, "usage": {**json.loads(good.body("happy"))["usage"], **counts}})
    judgement, remark = reused(reusing, second, good)
    assert remark and outcomes(judgement) == outcomes(alone(second))
    assert {finding.observed for finding in judgement.findings} == {""}, "what was seen there was not seen here"
    assert reused(Reusing(wanted=False), second, good)[1] == ""


@pytest.mark.parametrize(
    "change",
    [
        said(""), said("\u200b\u2060"), said(None), said("   "), said(7), {"choices": []}, {"error": {"message": "boom"}},
        {"id": ""}, {"created": "1790000001"}, {"created": -1}, {"model": "another"}, {"choices": None},
    ],
)  # fmt: skip
def test_any_other_difference_is_judged(good: Played, change: dict[str, Any]) -> None:
    reusing = Reusing(wanted=True)
    reused(reusing, good.with_json("happy", said("pong")), good)
    other = good.with_json("happy", {**said("pong"), **change})
    made, remark = reused(reusing, other, good)
    assert remark == "" and outcomes(made) == outcomes(alone(other))


def test_which_ids_are_the_same_makes_a_difference() -> None:
    """Two messages of one id are none that a client can tell apart; of two ids they are."""
    good = played("", "responses")
    message = next(item for item in json.loads(good.body("happy"))["output"] if item["type"] == "message")
    reusing = Reusing(wanted=True)

    def with_ids(*ids: str) -> Played:
        other = {**message, "content": [{**message["content"][0], "text": " once more"}]}  # twice the same is a warning
        return good.with_json("happy", {"output": [{**message, "id": ids[0]}, {**other, "id": ids[1]}]})

    assert reused(reusing, with_ids("msg_1", "msg_2"), good)[0].verdict == "GO"
    assert reused(reusing, with_ids("msg_3", "msg_4"), good)[1], "ids as such make none"
    made, remark = reused(reusing, with_ids("msg_1", "msg_1"), good)
    assert (made.verdict, remark) == ("NO-GO", "")


@pytest.mark.parametrize("flaw", [{"bare_lines": 1}, {"folded_lines": 1}])
def test_a_head_that_node_refuses_is_judged(good: Played, flaw: dict[str, int]) -> None:
    """The headers' values do not show it."""
    reusing = Reusing(wanted=True)
    first = good.with_json("happy", said("pong"))
    reused(reusing, first, good)
    made, remark = reused(reusing, first.changed("happy", **flaw), good)
    assert (made.verdict, remark) == ("NO-GO", "")


def test_a_key_that_comes_back_in_a_text_is_found(good: Played) -> None:
    """Texts make no difference, but each is searched for the key of its own run."""
    reusing = Reusing(wanted=True)
    reused(reusing, good.with_json("happy", said("pong")), good)
    leaking = good.with_json("happy", said(f"you sent {KEY.reveal()}"))
    made, remark = reused(reusing, leaking, good)
    assert remark == "" and made.verdict == "NO-GO"


def test_what_failed_is_never_reused(good: Played) -> None:
    reusing = Reusing(wanted=True)
    broken = good.with_json("happy", {"choices": []})
    assert [reused(reusing, broken, good)[1] for _ in range(2)] == ["", ""]


def test_a_fleet_says_of_which_run_a_judgement_is(tmp_path: Path) -> None:
    started = simulator.start("")
    try:
        rows = [line_of(f"t{number}", started, "K") for number in range(4)]
        place = str(tmp_path / "runs.sqlite")
        args = ("--targets", write(tmp_path, rows), "--journal", place, "--judges", "1", "--reuse-judgement")
        ended = fleet(tmp_path, {"K": started.key}, *args)
    finally:
        started.stop()
    assert ended.status == 0, ended.stderr
    documents = journal.open(place).of_event("finished")
    marked = [one for one in documents if any("--reuse-judgement: judged as smoke-" in note for note in one["notes"])]
    assert len(marked) == 3
    assert {len(one["exchanges"]) for one in marked} == {4} and {one["verdict"] for one in marked} == {"GO"}


def test_a_contract_that_is_known_stays_so_that_no_other_one_takes_its_place_in_memory() -> None:
    """A contract is named by its place: a freed one's place may be another's, which would take its judgement."""
    good, reusing = played(""), Reusing(wanted=True)
    contract = good.contract._replace()  # of its own, as that of a target with waivers is
    kept = sys.getrefcount(contract)
    reusing.judgement_of(Ready("t", good.resolved, contract, {}, ""), good.sent)
    gc.collect()  # a context may be a part of a ring
    assert sys.getrefcount(contract) > kept
