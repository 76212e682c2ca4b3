"""UNDECIDED always has a diagnosis with owner and next step, and it is about what keeps the run undecided."""

from typing import Any

import pytest

from chatproof.contract.clause import MUST, SMOKE, UNDECIDED, VALIDATE
from chatproof.contract.probe import ALL
from chatproof.diagnosis.diagnosis import Diagnosis, diagnose
from chatproof.diagnosis.failure_modes import OF_RUNS
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import Judgement, judge
from chatproof.target.profile import load
from chatproof.wire.exchange import BODY, END, HEADERS, KEY, MODEL, OTHER_HEADERS, STATUS, Exchange, Fault, Secret
from tests.support import CHAT, GOOD, exchange, from_example, play, wire
from tests.support import KEY as SENT
from tests.support import MODEL as ASKED
from tests.test_exchanges import load as cases
from tests.test_exchanges import replies

PARTS = (frozenset[str](), *(frozenset({part}) for part in (BODY, END, HEADERS, STATUS, KEY, MODEL, OTHER_HEADERS)))
EXAMPLES = [
    ("happy" if clause.probe == ALL else clause.probe, example)
    for clause in CHAT.clauses(VALIDATE).values()
    for example in (*clause.holds_on, *clause.breaks_on)
]
OWNERS = ("you", "provider", "gateway", "network", "unknown")


def judged(exchanges: list[Exchange], scope: str, not_sent: dict[str, str] | None = None, **choice: Any) -> Judgement:
    contract = contract_of(scope, load("generic"), Choice(stream=True, **choice))
    return judge(contract, exchanges, model=ASKED, key=Secret(SENT), not_sent=not_sent)


def unexplained(judgement: Judgement) -> list[str]:
    """The musts that keep a run undecided, where no diagnosis speaks of any of them."""
    if judgement.verdict != "UNDECIDED":
        return []
    found = diagnose(judgement)
    assert found and all(d.owner in OWNERS and d.next_step and d.summary and d.confidence for d in found)
    open_ones = [f.clause for f in judgement.findings if f.outcome == UNDECIDED and f.level == MUST]
    spoken_of = {clause for diagnosis in found for clause in diagnosis.clauses}
    return [] if spoken_of & set(open_ones) or not open_ones else open_ones


def sweep(step: int) -> list[tuple[int, list[str]]]:
    """Each example alone and among good replies, complete and with a part that the capture does not hold."""
    wrong = []
    for number, (probe, example) in enumerate(EXAMPLES[::step]):
        reply = exchange(probe, from_example(example))
        beside = [exchange(other, wire(text)) for other, text in GOOD.items() if other != probe]
        parts = PARTS if step == 1 else (PARTS[number % len(PARTS)],)
        for missing in parts:
            reply = reply._replace(missing=missing)
            for scope in (SMOKE, VALIDATE):
                runs = [judged([reply], scope), judged([*beside, reply], scope)]
                wrong += [(number, left) for left in map(unexplained, runs) if left]
    return wrong


def test_every_example_of_a_clause_leaves_no_run_without_a_cause() -> None:
    assert sweep(5) == []


@pytest.mark.nightly
def test_every_example_with_every_part_that_a_capture_may_lack() -> None:
    assert sweep(1) == []


@pytest.mark.parametrize("case", cases())
def test_every_captured_exchange_that_is_undecided_has_a_cause(case: dict[str, Any]) -> None:
    if case.get("verdict") != "UNDECIDED":
        return
    options = {name: case[name] for name in ("base", "model", "profile", "no_auth", "no_key") if name in case}
    assert unexplained(play(replies(case), **options).judgement) == []


# --- where no reply tells ------------------------------------------------------------------------------------------------

BUSY = '429 application/json\nRetry-After: 20\n\n{"error":{"message":"slow down","code":"rate_limit_exceeded"}}'
ASKS = "throttled: the server asks to wait 20 s, longer than this run waits"


def causes(not_sent: dict[str, str], busy: bool = False, **choice: Any) -> list[Diagnosis]:
    sent = {probe: text for probe, text in GOOD.items() if probe not in not_sent}
    made = [exchange(probe, wire(text)) for probe, text in sent.items()]
    if busy:
        made.append(exchange("burst.stream", wire(BUSY)))
    return [*diagnose(judged(made, SMOKE, not_sent, **choice))]


def test_a_run_that_was_asked_to_wait_for_too_long_says_so() -> None:
    first = causes({"stream": ASKS}, busy=True)[0]
    assert (first.code, first.owner, first.confidence) == ("account.rate_limited", "unknown", "certain")
    assert first.evidence[0].startswith("burst.stream: HTTP 429") and f"stream: {ASKS}" in first.evidence
    assert "stream.finished" in first.clauses and "Wait" in first.next_step


@pytest.mark.parametrize(
    "why",
    [
        "interrupted by SIGINT",
        "not sent: the token budget of 9 would be exceeded",
        "the request was not sent",
    ],
)
def test_what_our_own_side_left_out_is_ours(why: str) -> None:
    first = causes({"stream": why, "happy": why})[0]
    assert (first.code, first.owner) == ("limit.unobserved", "you")
    assert f"happy, stream: {why}" in first.evidence


def test_a_capture_that_lacks_the_body_is_what_is_wanted() -> None:
    made = [exchange(probe, wire(text))._replace(missing=frozenset({BODY})) for probe, text in GOOD.items()]
    first = diagnose(judged(made, SMOKE))[0]
    assert (first.code, first.owner) == ("limit.capture", "you")
    assert any("not in the capture: the body" in line for line in first.evidence)


def test_the_evidence_names_a_few_probes_and_counts_the_others() -> None:
    first = diagnose(judged([exchange("happy", wire(GOOD["happy"]))], VALIDATE))[0]
    assert first.code == "limit.unobserved" and " and " in first.evidence[0] and first.evidence[0].count(",") == 3


def test_a_reply_that_tells_the_cause_is_not_outdone() -> None:
    page = "502 text/html\n\n<html>Bad Gateway</html>"
    played = play({"auth.invalid_key": page})
    assert played.verdict == "UNDECIDED" and not {mode.code for mode in OF_RUNS} & set(played.codes)


def test_what_came_back_and_decides_nothing_is_nobodys_known_fault() -> None:
    stopped = exchange("happy", wire(GOOD["happy"]))._replace(fault=Fault("net.other", "body", "no row knows it"))
    (found,) = diagnose(judged([stopped], SMOKE, only=("happy",)))
    assert (found.code, found.owner, found.confidence) == ("limit.unobserved", "unknown", "possible")


# --- a premise that a capture leaves open --------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", PARTS, ids=str)
def test_no_clause_stumbles_over_a_reply_whose_premise_is_not_known(missing: frozenset[str]) -> None:
    """`tools.readable` looked for calls in a reply without any, where no status said that a call was due."""
    contract = contract_of(VALIDATE, load("generic"), Choice(stream=True, extras=("image",)))
    probes = sorted({term.clause.probe for term in contract.terms} - {ALL})
    for _, example in EXAMPLES[:: 19 if missing else 29]:
        raw = from_example(example)
        made = [exchange(probe, raw)._replace(missing=missing) for probe in probes]
        judge(contract, made, model=ASKED, key=Secret(SENT))


@pytest.mark.parametrize(
    ("probe", "clause"),
    [
        ("tools", "tools.readable"),
        ("tools", "tools.arguments"),
        ("tools", "tools.typed"),
        ("tools", "tools.forced"),
        ("sampling", "logprobs.readable"),
    ],
)
def test_what_is_not_there_is_not_passed(probe: str, clause: str) -> None:
    plain = exchange(probe, wire(GOOD["happy"]))._replace(missing=frozenset({STATUS}))
    (found,) = (f for f in judged([plain], VALIDATE).findings if f.clause == clause)
    assert found.outcome == "not_applicable"
