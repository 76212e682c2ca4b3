"""From findings to a verdict, and from findings to diagnoses: what counts, what outranks what, what is never said."""

import pytest

import chatproof
from chatproof.clause import OUTCOMES
from chatproof.contract import UnknownClause, smoke_contract
from chatproof.exchange import Fault
from chatproof.judging import Finding, judge, verdict
from chatproof.profile import load
from tests.support import GOOD, play


def finding(outcome: str, level: str = "must") -> Finding:
    return Finding("x.y", level, "happy", "x1", outcome, "", "", "", "")


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
    assert reasons == {"happy.status_200 is broken"}


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
    assert {f.clause.split(".")[0] for f in play(skip=("auth",)).judgement.findings} == {"happy", "model", "secret"}
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


def test_front_door() -> None:
    assert chatproof.judge is judge
    assert chatproof.Target("https://h.test/v1").base_url == "https://h.test/v1"
    assert set(chatproof.__all__) <= {*chatproof._HOME, "__version__"}
    for name in chatproof.__all__:
        assert getattr(chatproof, name)
    with pytest.raises(AttributeError):
        chatproof.nothing  # type: ignore[attr-defined]  # noqa: B018
