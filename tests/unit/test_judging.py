"""From findings to a verdict, and from findings to diagnoses: what counts, what outranks what, what is never said."""

from typing import Any

import pytest

import chatproof
from chatproof.contract.clause import OUTCOMES, SMOKE, VALIDATE, Context, Outcome, holds
from chatproof.diagnosis.diagnosis import diagnose
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import Choice, Term, UnknownClause, contract_of, smoke_contract
from chatproof.judging.judge import Finding, Judgement, judge, verdict
from chatproof.surfaces import surface_of
from chatproof.target.profile import Waiver, load
from chatproof.wire.exchange import BODY, END, HEADERS, STATUS, Exchange, Fault, Secret
from tests.support import COMPLETION, GOOD, KEY, MODEL, exchange, play, wire


def finding(outcome: str, level: str = "must", clause: str = "x.y", reason: str = "") -> Finding:
    return Finding(clause, level, "happy", "x1", outcome, "", "", "", reason)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (["holds"], "GO"),
        (["holds", "waived", "not_applicable"], "GO"),
        (["not_applicable"], "UNDECIDED"),
        (["waived"], "GO"),
        (["holds", "undecided"], "UNDECIDED"),
        (["holds", "undecided", "broken"], "NO-GO"),
        (["broken"], "NO-GO"),
        ([], "UNDECIDED"),
    ],
)
def test_verdict(outcomes: list[str], expected: str) -> None:
    assert verdict([finding(o) for o in outcomes]) == expected
    if outcomes:
        shoulds = [finding(o, "should") for o in OUTCOMES]
        assert verdict([*(finding(o) for o in outcomes), *shoulds]) == expected


def test_should_alone_counts_where_nothing_else_was_asked_for() -> None:
    assert verdict([finding("holds", "should")]) == verdict([finding("broken", "should")]) == "GO"
    assert verdict([finding("undecided", "should")]) == "UNDECIDED"


def test_nothing_seen_to_hold_is_no_go() -> None:
    played = play({"all": Fault("net.refused", "connect", "x")}, no_auth=True, only=("secret",))
    assert played.verdict == "UNDECIDED"


def test_nothing_observed_is_never_passed() -> None:
    judgement = judge(smoke_contract(load("generic"), stream=True), [], model="m")
    assert {f.outcome for f in judgement.findings} == {"undecided"} and judgement.verdict == "UNDECIDED"
    assert all(f.reason for f in judgement.findings)


def test_an_html_502_breaks_one_clause() -> None:
    played = play({"happy": "502 text/html\n\n<html>"})
    assert played.having("broken") == ["happy.status_200"]
    reasons = {f.reason for f in played.judgement.findings if f.outcome == "undecided"}
    assert reasons == {"happy.status_200 failed"}


def test_strict_makes_should_count() -> None:
    listing = {"models": '200 application/json\n\n{"data":[{"id":"other"}]}'}
    assert play(listing).verdict == "GO"
    assert play(listing, strict=True).verdict == "NO-GO"


def test_only_and_skip() -> None:
    assert {f.clause for f in play(only=("happy.no_error_field",)).judgement.findings} == {
        "happy.status_200", "happy.body_json", "happy.no_error_field"
    }  # fmt: skip
    html = {"happy": "200 text/html\n\n<html>"}
    played = play(html, skip=("happy.body_json", "happy.media_type_json"))
    assert "happy.body_json" not in {f.clause for f in played.judgement.findings}
    assert played.verdict == "UNDECIDED", "what needs a skipped clause is not judged as if it held"
    assert {f.clause.split(".")[0] for f in play(skip=("auth",)).judgement.findings} == {
        "happy", "head", "model", "secret"
    }  # fmt: skip
    with pytest.raises(UnknownClause):
        smoke_contract(load("generic"), only=("hap",))


def test_no_auth_makes_the_error_path_not_applicable() -> None:
    played = play(no_auth=True)
    assert played.verdict == "GO"
    assert len(played.having("not_applicable")) == 6


def test_faults_never_blame_key_or_model() -> None:
    for code in ("net.dns", "net.refused", "tls.untrusted", "limit.deadline", "http.framing"):
        played = play({"all": Fault(code, "body", "x")})
        assert played.verdict == "UNDECIDED" and played.codes == [code]
        assert not [c for c in played.codes if c.startswith(("auth.", "model.", "account."))]


def test_one_principal_for_one_cause() -> None:
    played = play({"all": "503 text/plain\n\nno healthy upstream"})
    assert played.codes == ["gateway.error"]
    assert played.diagnoses[0].evidence == (
        'happy, auth.invalid_key, auth.missing_key, models: HTTP 503, text/plain, text: "no healthy upstream"',
    )
    assert "happy.status_200" in played.diagnoses[0].clauses


def test_every_trouble_on_an_exchange_has_a_diagnosis() -> None:
    for probe in GOOD:
        for reply in (
            "502 text/html\n\n<html>",
            "200\n\n",
            '200 application/json\n\n{"a":1}',
            "418 text/plain\n\nteapot",
        ):
            played = play({probe: reply})
            if played.verdict != "GO":
                assert played.diagnoses, (probe, reply)


# --- waivers ---------------------------------------------------------------------------------------------------------

OURS = Waiver("known since June", "OPS-7", "", expires="2026-12-31")
NO_CHOICES = "200 application/json\n\n{}"
ENDED = "2027-01-01"  # the day after


def judged(
    replies: dict[str, str | Fault] | None = None,
    *waivers: tuple[str, Waiver],
    today: str = "2026-12-31",
    profile_waivers: dict[str, Waiver] | None = None,
    **options: Any,
) -> Judgement:
    """A smoke run with waivers: all is well but for these replies; a probe whose reply is "" was not sent."""
    profile = load("generic")._replace(waivers=profile_waivers or {})
    contract = contract_of(SMOKE, profile, Choice(waivers=waivers, today=today))
    well = {probe: reply for probe, reply in GOOD.items() if probe != "stream"}
    sent = {probe: reply for probe, reply in {**well, **(replies or {})}.items() if reply}
    made = [exchange(probe, r if isinstance(r, Fault) else wire(r)) for probe, r in sent.items()]
    return judge(contract, made, model=MODEL, key=Secret(KEY), **options)


def of(judgement: Judgement, clause: str, probe: str = "") -> Finding:
    return next(f for f in judgement.findings if f.clause == clause and probe in ("", f.probe))


def test_a_waiver_turns_a_break_into_waived_and_keeps_what_was_seen() -> None:
    without = judged({"happy": NO_CHOICES})
    broken = of(without, "happy.choices_non_empty")
    assert (broken.outcome, broken.reason, without.verdict) == ("broken", "", "NO-GO")
    waived = judged({"happy": NO_CHOICES}, (broken.clause, OURS))
    assert of(waived, broken.clause) == broken._replace(outcome="waived", reason="known since June (OPS-7)")
    assert waived.verdict == "GO" and not waived.troubled


def test_what_needs_a_waived_clause_is_waived_for_the_same_reason() -> None:
    judgement = judged({"happy": "502 text/html\n\n<html>"}, ("happy.status_200", OURS))
    told = {(f.level, f.outcome, f.reason) for f in judgement.findings if f.clause.startswith("happy.")}
    assert told == {("must", "waived", "known since June (OPS-7)")}


def test_a_waiver_says_nothing_of_what_holds_or_was_not_seen() -> None:
    holds = of(judged(None, ("happy.status_200", OURS)), "happy.status_200")
    assert (holds.outcome, holds.reason) == ("holds", "")
    stopped = of(judged({"happy": Fault("net.dns", "dns", "x")}, ("happy.status_200", OURS)), "happy.status_200")
    assert (stopped.outcome, stopped.reason) == ("undecided", "no complete response: net.dns (dns)")


def test_an_expired_waiver_leaves_the_break_and_says_so() -> None:
    judgement = judged({"happy": NO_CHOICES}, ("happy", OURS), today=ENDED)
    broken = of(judgement, "happy.choices_non_empty")
    assert (broken.outcome, broken.reason) == ("broken", "the waiver (OPS-7) expired on 2026-12-31")
    assert judgement.verdict == "NO-GO"
    holds = of(judgement, "happy.status_200")
    assert (holds.outcome, holds.reason) == ("holds", ""), "of what holds an expired waiver says nothing"


AUTH = tuple(term.clause.id for term in smoke_contract(load("generic"), only=("auth",)).terms)
STATUS_200 = ("happy.status_200", OURS)


@pytest.mark.parametrize(
    ("replies", "waivers", "today", "fixed"),
    [
        ({}, (), "", ()),
        ({}, (STATUS_200,), "", ("happy.status_200",)),
        ({}, (STATUS_200,), ENDED, ("happy.status_200",)),
        # One waiver of a family goes when all of the family holds; another stands for itself.
        ({}, (STATUS_200, ("auth", OURS._replace(source="OPS-8"))), "", ("happy.status_200", ", ".join(AUTH))),
        ({"happy": "502 text/html\n\n<html>"}, (STATUS_200,), "", ()),
        ({"happy": "502 text/html\n\n<html>"}, (STATUS_200,), ENDED, ()),
        ({"happy": NO_CHOICES}, (("happy", OURS),), "", ()),
        ({"happy": Fault("net.dns", "dns", "x")}, (STATUS_200,), "", ()),
        ({"happy": Fault("net.dns", "dns", "x")}, (STATUS_200, ("model.listed", OURS)), "", ()),
    ],
)
def test_a_waiver_under_which_all_was_seen_to_hold_can_go(
    replies: dict[str, str | Fault], waivers: tuple[tuple[str, Waiver], ...], today: str, fixed: tuple[str, ...]
) -> None:
    assert judged(replies, *waivers, today=today).fixed == fixed


def test_what_is_not_applicable_keeps_no_waiver_and_lets_none_go() -> None:
    unsent: dict[str, str | Fault] = {"auth.invalid_key": "", "auth.missing_key": ""}
    assert judged(unsent, ("auth", OURS), no_auth=True).fixed == ()
    both = judged(unsent, ("auth.missing_key.rejected", OURS), STATUS_200, no_auth=True)
    assert both.fixed == ("happy.status_200, auth.missing_key.rejected",)


def test_a_profiles_waiver_is_not_the_users_to_remove() -> None:
    documented = Waiver("documented", "https://h.test/quirks", "2026-11-22")
    assert judged(profile_waivers={"happy.status_200": documented}).fixed == ()


@pytest.mark.parametrize(
    ("clause", "grave"),
    [
        ("secret.not_reflected", True),
        ("auth.invalid_key.rejected", True),
        ("auth.missing_key.rejected", True),
        ("auth.invalid_key.body_json", False),
        ("error.unknown_model.rejected", False),
        ("happy.status_200", False),
    ],
)
def test_only_a_leak_and_an_open_door_stay_loud_when_waived(clause: str, *, grave: bool) -> None:
    known = surface_of("chat").clause(clause)
    assert bool(known and known.danger) is grave
    context = judged().context
    waived = finding("waived", clause=clause)
    twice = Judgement((waived, finding("waived"), waived), context)
    assert twice.dangers == ((waived,) if grave else ())
    others = [finding(outcome, clause=clause) for outcome in OUTCOMES if outcome != "waived"]
    assert Judgement(tuple(others), context).dangers == ()


# --- what a finding and a judgement say ------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_is_broken_or_undecided_is_trouble_and_so_is_nothing_at_all(outcome: str) -> None:
    context = judged().context
    troubled = outcome in ("broken", "undecided")
    nothing_held = outcome == "not_applicable"
    assert Judgement((finding(outcome),), context).troubled is (troubled or nothing_held)
    assert Judgement((finding("holds"), finding(outcome)), context).troubled is troubled


def test_a_findings_repr_does_not_quote_the_server() -> None:
    seen = finding("broken", reason="sk-secret")._replace(observed="sk-secret")
    assert repr(seen) == "<Finding x.y broken on x1>"
    assert repr(seen._replace(exchange="")) == "<Finding x.y broken on nothing>"


def test_a_probe_that_was_not_sent_leaves_its_clauses_undecided_and_says_why() -> None:
    unsent: dict[str, str | Fault] = {"models": "", "auth.missing_key": ""}
    told = judged(unsent, not_sent={"models": "not sent: no budget"})
    assert of(told, "model.listed").reason == "not sent: no budget"
    assert of(told, "auth.missing_key.rejected").reason == "the request was not sent"
    # An open endpoint excuses the error path only.
    opened = judged(unsent, no_auth=True)
    assert of(opened, "model.listed").outcome == "undecided"
    assert of(opened, "auth.missing_key.rejected").outcome == "not_applicable"


def test_an_exchange_with_neither_reply_nor_fault_is_undecided() -> None:
    silent = exchange("happy", Fault("net.dns", "dns", "x"))._replace(fault=None)
    judgement = judge(smoke_contract(load("generic")), [silent], model=MODEL)
    assert of(judgement, "happy.status_200").reason == "no response"


def validated(*exchanges: Exchange, only: tuple[str, ...]) -> Judgement:
    contract = contract_of(VALIDATE, load("generic"), Choice(only=only))
    return judge(contract, exchanges, model=MODEL, key=Secret(KEY))


def test_a_connection_that_dies_is_a_break_where_that_is_the_question() -> None:
    stopped = exchange("model", Fault("net.closed", "first_byte", "closed"))._replace(reused=True)
    judgement = validated(stopped, only=("operations.keep_alive", "model.retrievable"))
    assert of(judgement, "operations.keep_alive").outcome == "broken"
    assert of(judgement, "model.retrievable").reason == "no complete response: net.closed (first_byte)"


def test_a_request_not_sent_because_of_a_break_names_the_break() -> None:
    call = (
        '{"choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":'
        '[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{oops"}}]}}]}'
    )
    made = exchange("tools", wire(f"200 application/json\n\n{call}"))
    judgement = validated(made, only=("tools.result",))
    assert of(judgement, "tools.arguments").outcome == "broken"
    assert (of(judgement, "tools.result").exchange, of(judgement, "tools.result").outcome) == ("", "undecided")
    assert of(judgement, "tools.result").reason == "tools.arguments failed"


# --- captures that lack parts ----------------------------------------------------------------------------------------


def captured(probe: str, reply: str, *missing: str) -> Exchange:
    return exchange(probe, wire(reply))._replace(missing=frozenset(missing))


def test_what_a_capture_does_not_hold_is_undecided_and_no_trouble_to_diagnose() -> None:
    made = captured("happy", f"200 application/json\n\n{COMPLETION}", BODY)
    judgement = judge(smoke_contract(load("generic"), only=("happy",)), [made], model=MODEL)
    assert of(judgement, "happy.status_200").outcome == "holds"
    body = of(judgement, "happy.body_json")
    assert (body.outcome, body.reason, body.not_captured) == ("undecided", "not in the capture: the body", True)
    assert judgement.verdict == "UNDECIDED" and [d.code for d in diagnose(judgement)] == ["limit.capture"]


@pytest.mark.parametrize(("body", "outcome"), [(COMPLETION, "holds"), ('{"choices":[]}', "broken")])
def test_what_a_capture_does_hold_is_judged_although_what_it_needs_is_not_there(body: str, outcome: str) -> None:
    made = captured("happy", f"200 application/json\n\n{body}", STATUS)
    judgement = judge(smoke_contract(load("generic"), only=("happy",)), [made], model=MODEL)
    assert of(judgement, "happy.status_200").reason == "not in the capture: the status"
    assert of(judgement, "happy.choices_non_empty").outcome == outcome


@pytest.mark.parametrize(
    ("reason", "missing"),
    [
        ("not in the capture: the body", True),
        ("depends on a part that is missing in the capture: the end of the body", True),
        ("happy.status_200 failed", False),
        ("", False),
    ],
)
def test_only_a_capture_leaves_something_not_captured(reason: str, *, missing: bool) -> None:
    assert finding("undecided", reason=reason).not_captured is missing


UNKNOWN, DEPENDS = (
    "not in the capture: the end of the body",
    "depends on a part that is missing in the capture: the end of the body",
)
SAID = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"pong"},"finish_reason":null}]}\n\n'
STOPPED = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
ROLE = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'


@pytest.mark.parametrize(
    ("body", "missing", "expected"),
    [
        # However it went on: it had content. Whether it came to its end and without an error is not known.
        (SAID, (END,), ("holds", UNKNOWN, UNKNOWN, "holds", DEPENDS)),
        (SAID + STOPPED, (END,), ("holds", UNKNOWN, UNKNOWN, "holds", DEPENDS)),
        (ROLE, (END,), ("holds", UNKNOWN, UNKNOWN, DEPENDS, DEPENDS)),
        (SAID + "data: {oops\n\n", (END,), ("holds", "broken", *["stream.events_parse failed"] * 3)),
        # The body says what it says, whatever its headers were.
        (SAID, (END, HEADERS), ("not in the capture: the headers", UNKNOWN, UNKNOWN, "holds", DEPENDS)),
        # The terminator is the end: nothing that follows it counts.
        (SAID + STOPPED + "data: [DONE]\n\n", (END,), ("holds",) * 5),
    ],
)
def test_of_a_stream_without_its_end_only_what_every_end_leads_to_is_said(
    body: str, missing: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    made = captured("stream", f"200 text/event-stream\n\n{body}", *missing)
    judgement = judge(smoke_contract(load("generic"), stream=True, only=("stream",)), [made], model=MODEL)
    clauses = ("media_type", "events_parse", "no_error", "content_non_empty", "finished")
    found = [of(judgement, f"stream.{clause}") for clause in clauses]
    assert tuple(f.reason or f.outcome for f in found) == expected
    assert all(f.outcome == "undecided" for f in found if f.reason)
    codes = {diagnosis.code for diagnosis in diagnose(judgement)} - {"limit.capture"}
    assert bool(codes) is ("broken" in expected), "what a capture lacks is no fault of the server"


def test_an_end_on_which_what_a_clause_needs_does_not_hold_says_nothing_of_the_clause() -> None:
    whole = SAID.replace("{", '{"id":"c1","object":"chat.completion.chunk","created":1795379441,"model":"gpt-x",', 1)
    for body, outcome in ((whole, "holds"), (SAID, "broken")):
        # An error in the stream has no id either: that is no break of the chunks' fields.
        judgement = validated(
            captured("stream", f"200 text/event-stream\n\n{body}", END), only=("stream.chunk_schema",)
        )
        assert of(judgement, "stream.chunk_schema").outcome == outcome


def test_a_judge_may_take_for_granted_what_its_clause_needs_on_ends_that_are_only_thought_of() -> None:
    def strict(reply: Reply, context: Context) -> Outcome:
        assert not any(problem for _, problem in reply.parsed_events), "asked although its need does not hold"
        return holds()

    no_error = surface_of("chat").clause("stream.no_error")
    assert no_error is not None
    middle = no_error._replace(id="test.middle", judge=strict)
    last = middle._replace(id="test.last", needs=("test.middle",))
    contract = smoke_contract(load("generic"), stream=True, only=("stream.no_error",))
    terms = (*contract.terms, Term(middle, "must"), Term(last, "must"))
    made = captured("stream", f"200 text/event-stream\n\n{SAID}", END)
    judgement = judge(contract._replace(terms=terms), [made], model=MODEL)
    assert of(judgement, last.id).outcome == "holds"


def test_front_door() -> None:
    assert chatproof.judge is judge
    assert chatproof.Target("https://h.test/v1").base_url == "https://h.test/v1"
    assert set(chatproof.__all__) <= {*chatproof._HOME, "__version__"}
    for name in chatproof.__all__:
        assert getattr(chatproof, name)
    with pytest.raises(AttributeError):
        chatproof.nothing  # type: ignore[attr-defined]  # noqa: B018
