"""From findings to causes: which comes first, whose it is, and what is said only once."""

import pytest

from chatproof.contract.clause import VALIDATE
from chatproof.diagnosis.diagnosis import Diagnosis, diagnose
from chatproof.diagnosis.failure_modes import every_mode
from chatproof.judging.contract import Choice, contract_of, smoke_contract
from chatproof.judging.judge import judge
from chatproof.target.profile import load
from chatproof.wire.exchange import Fault, Secret
from tests.support import COMPLETION, GOOD, KEY, MODEL, exchange, play, wire

JSON = "200 application/json\nx-request-id: r1\n\n"
ANSWER = JSON + COMPLETION
BAD_GATEWAY = "502 text/html\n\n<html>"
WRONG_ID = ANSWER.replace('"id":"c1"', '"id":7')
WRONG_SUM = ANSWER.replace('"total_tokens":9', '"total_tokens":7')
REFUSED = Fault("net.refused", "connect", "refused")
CLOSED = Fault("net.closed", "first_byte", "closed without a reply, 0 bytes received")
RESET = Fault("net.reset", "first_byte", "reset")


def diagnosed(replies: dict[str, str | Fault], *, strict: bool = False) -> tuple[Diagnosis, ...]:
    """What validate says of these replies alone, in the order they were sent."""
    made = [exchange(probe, r if isinstance(r, Fault) else wire(r)) for probe, r in replies.items()]
    contract = contract_of(VALIDATE, load("generic"), Choice(strict=strict, stream=True))
    found = diagnose(judge(contract, made, model=MODEL, key=Secret(KEY)))
    return tuple(one for one in found if one.code != "limit.unobserved")  # the others were not sent: test_undecided


def codes(replies: dict[str, str | Fault], *, strict: bool = False) -> list[str]:
    return [diagnosis.code for diagnosis in diagnosed(replies, strict=strict)]


# --- the order -------------------------------------------------------------------------------------------------------

IN_ORDER = ("happy", "stream", "auth.invalid_key", "auth.missing_key", "auth.empty_key", "models", "tools")
FAULTS = [mode.code for mode in every_mode() if mode.code.startswith("net.")][: len(IN_ORDER)]


def test_equally_severe_causes_come_in_the_order_of_their_probes() -> None:
    # The rows' own order, the order of sending and the alphabet all say otherwise.
    wanted = dict(zip(IN_ORDER, reversed(FAULTS), strict=True))
    sent = {probe: Fault(code, "body", "x") for probe, code in reversed(wanted.items())}
    assert codes({**sent}, strict=True) == list(wanted.values())


def test_causes_on_the_other_probes_come_in_the_order_of_the_rows() -> None:
    first, second, *_ = FAULTS
    sent = {"unicode": Fault(second, "body", "x"), "json_object": Fault(first, "body", "x")}
    assert codes({**sent}, strict=True) == [first, second]
    # What a clause names itself comes after the rows that look at the whole exchange.
    assert codes({"error.malformed_json": ANSWER, "unicode": BAD_GATEWAY}) == ["contract.validation", "gateway.error"]


def test_one_cause_of_many_exchanges_is_said_once_with_their_probes_in_the_order_sent() -> None:
    (found,) = diagnosed({"unicode": BAD_GATEWAY, "json_object": BAD_GATEWAY, "happy": ANSWER}, strict=True)
    assert found.evidence == ('unicode, json_object: HTTP 502, text/html, html: "<html>"',)
    assert found.clauses == (
        "unicode.accepted", "unicode.intact", "role.system.streamed", "json_object.readable", "json_object.honoured"
    )  # fmt: skip


def test_a_must_outranks_a_should_and_a_break_outranks_what_is_undecided() -> None:
    broken_must, undecided_must = {"error.malformed_json": ANSWER}, {"error.empty_messages": RESET}
    broken_should, undecided_should = {"happy": WRONG_SUM}, {"models": REFUSED}
    sent: dict[str, str | Fault] = {**undecided_should, **broken_should, **undecided_must, **broken_must}
    assert codes(sent) == ["contract.validation", "net.reset", "contract.usage", "net.refused"]


def test_an_exchange_counts_by_the_worst_of_its_findings() -> None:
    # The refusal's own break is a must; that of the happy path is undecided.
    played = play({"happy": REFUSED, "auth.missing_key": ANSWER})
    assert played.codes == ["auth.not_enforced", "net.refused"]


def test_a_reply_that_is_no_http_tells_more_than_a_connection_closed_beside_it() -> None:
    other = Fault("http.not_http", "headers", "the reply begins 53 53 48")
    for ended in (CLOSED, RESET):
        (found,) = diagnosed({"happy": ended, "auth.missing_key": other})
        assert (found.code, found.owner, found.confidence) == ("http.not_http", "you", "likely")
        assert found.evidence[0].startswith("happy: "), found.evidence
        assert any("the reply begins 53 53 48" in line for line in found.evidence), found.evidence
    # Neither what was read of a reply nor another fault of the connection is explained so.
    cut = Fault("net.closed", "body", "closed")
    assert codes({"happy": cut, "auth.missing_key": other})[0] == "net.closed"
    assert codes({"happy": REFUSED, "auth.missing_key": other})[0] == "net.refused"
    assert codes({"happy": CLOSED, "auth.missing_key": RESET})[0] == "net.closed"


def test_a_clauses_own_diagnosis_is_ranked_like_any_cause() -> None:
    assert codes({"happy": WRONG_ID, "auth.missing_key": ANSWER}) == ["contract.schema", "auth.not_enforced"]
    assert codes({"stream": RESET, "happy": WRONG_ID}) == ["contract.schema", "net.reset"]


def test_a_leak_is_said_beside_the_causes_and_after_them() -> None:
    leaking = ANSWER.replace("pong", KEY)
    wrong_id = leaking.replace('"id":"c1"', '"id":7')
    causes = ["contract.schema", "auth.not_enforced"]
    assert codes({"happy": wrong_id, "auth.missing_key": ANSWER}) == [*causes, "secret.reflected"]
    (leak,) = diagnosed({"happy": leaking})
    assert (leak.code, leak.clauses) == ("secret.reflected", ("secret.not_reflected",))


# --- streams that do not come --------------------------------------------------------------------------------------


REFUSED_STREAM = (
    '400 application/json\n\n{"error":{"message":"Streaming is not supported here","type":"invalid_request_error"}}'
)
LINES = '200 text/event-stream\n\n{"id":"c1","choices":[]}\n\n{"id":"c1","choices":[]}\n'


@pytest.mark.parametrize(
    ("stream", "cause"),
    [
        (REFUSED_STREAM, ("request.unsupported_parameter", "provider", "likely")),
        (REFUSED_STREAM.replace("Streaming", "This upstream"), ("request.rejected", "unknown", "likely")),
        (LINES, ("stream.malformed", "provider", "certain")),
        (LINES.replace("}\n\n{", ",\n\n"), ("stream.not_streamed", "provider", "certain")),
        (LINES.replace("}\n\n{", "}\n\n{,"), ("stream.not_streamed", "provider", "certain")),
        ("200 text/event-stream\n\n\x1f\x00\x01", ("body.encoding", "provider", "likely")),
        ("200 text/plain\n\n\x1f\udc8b\x08\x00", ("body.encoding", "unknown", "likely")),
        ("200 image/png\n\n\x1f\x00\x01", ("contract.media_type", "provider", "certain")),
    ],
)
def test_what_comes_in_the_place_of_a_stream_has_its_own_cause(stream: str, cause: tuple[str, str, str]) -> None:
    (first, *_) = diagnosed({"happy": ANSWER, "stream": stream})
    assert (first.code, first.owner, first.confidence) == cause


def test_a_refusal_to_stream_is_no_news_where_the_plain_request_is_refused_as_well() -> None:
    plain = REFUSED_STREAM.replace("Streaming", "Your stream")
    (first, *_) = diagnosed({"happy": plain, "stream": REFUSED_STREAM})
    assert first.summary == "the endpoint refuses the form of the request"


# --- one cause, once -------------------------------------------------------------------------------------------------


def test_what_follows_from_a_clauses_break_needs_no_other_cause() -> None:
    # `refused` is broken; `readable` needs it, and `field_named` needs `readable`.
    (found,) = diagnosed({"error.missing_model": "200 text/html\n\n<html>"})
    assert (found.code, found.clauses) == ("contract.validation", ("error.missing_model.refused",))


def test_what_does_not_follow_from_it_does() -> None:
    # No clause needs the id, and the empty answer is a break of its own.
    assert codes({"happy": WRONG_ID.replace("pong", "")}) == ["content.empty", "contract.schema"]


def test_clauses_that_name_one_diagnosis_are_said_together_and_the_musts_first() -> None:
    (found,) = diagnosed({"happy": WRONG_ID.replace("1795379441", "1795379441000").replace('"index":0,', "")})
    assert found.code == "contract.schema"
    assert found.clauses == ("envelope.id", "envelope.created_in_seconds", "envelope.choice_index")
    assert [line.split(" ")[0] for line in found.evidence] == [
        "happy:", "envelope.id", "envelope.choice_index", "envelope.created_in_seconds"
    ]  # fmt: skip


def test_two_diagnoses_of_one_exchange_keep_the_contracts_order() -> None:
    replies: dict[str, str | Fault] = {"happy": ANSWER, "stream.usage": GOOD["stream"]}
    assert codes(replies)[:2] == ["contract.usage", "contract.schema"]


# --- whose it is -----------------------------------------------------------------------------------------------------


def test_a_page_under_a_success_status_for_a_wrong_key_is_the_gateways() -> None:
    page = "200 text/html\n\n<html><title>Sign in</title><body>Sign in to continue</body></html>"
    (found,) = diagnosed({"happy": ANSWER, "auth.invalid_key": page})
    assert (found.code, found.owner, found.confidence) == ("contract.status", "gateway", "likely")
    assert "a web page" in found.summary and "Sign in" in found.evidence[0]
    (found,) = diagnosed({"happy": ANSWER, "auth.invalid_key": JSON + '{"error":{"message":"no"}}'})
    assert (found.code, found.owner) == ("contract.status", "provider")


def test_a_pattern_may_know_better_than_its_row_whose_it_is() -> None:
    refused = '401 application/json\n\n{"error":{"message":"Invalid API key","code":"invalid_api_key"}}'
    plain = play({"happy": refused, "models": refused}).diagnoses[0]
    assert (plain.code, plain.owner, plain.confidence) == ("auth.rejected", "you", "certain")
    listed = play({"happy": refused}).diagnoses[0]
    assert (listed.code, listed.owner, listed.confidence) == ("auth.rejected", "unknown", "likely")
    assert plain.summary == listed.summary and plain.next_step != listed.next_step
    assert listed.evidence[1].startswith("but this key gets the list of models")


# --- what hangs on the plain request ---------------------------------------------------------------------------------

NOT_SENT = {"stream": "not sent: happy does not hold"}
REFUSED_KEY = '401 application/json\n\n{"error":{"message":"Invalid token","code":"invalid_api_key"}}'
PAGE = "502 text/html\n\n<html>"


def of_only(
    only: tuple[str, ...], replies: dict[str, str | Fault], not_sent: dict[str, str], skip: tuple[str, ...] = ()
) -> tuple[Diagnosis, ...]:
    """What smoke says with --only, and --skip."""
    made = [exchange(probe, r if isinstance(r, Fault) else wire(r)) for probe, r in replies.items()]
    contract = smoke_contract(load("generic"), stream=True, only=only, skip=skip)
    return diagnose(judge(contract, made, model=MODEL, key=Secret(KEY), not_sent=not_sent))


@pytest.mark.parametrize(
    ("happy", "code"), [(PAGE, "gateway.error"), (REFUSED_KEY, "auth.rejected"), (RESET, "net.reset")]
)
def test_a_stream_that_was_not_asked_for_has_the_plain_requests_diagnosis(happy: str | Fault, code: str) -> None:
    (found,) = of_only(("stream",), {"happy": happy}, NOT_SENT)
    ends = ("media_type", "events_parse", "no_error", "no_empty_events", "closes", "content_non_empty", "finished")
    assert found.code == code and found.clauses == tuple(f"stream.{end}" for end in ends)


def test_the_plain_request_is_told_once_where_it_was_asked_about() -> None:
    told = of_only(("happy", "stream"), {"happy": PAGE}, NOT_SENT)
    assert [found.code for found in told] == ["gateway.error"] and "happy.status_200" in told[0].clauses
    both = of_only(("model.listed", "stream"), {"happy": REFUSED_KEY, "models": REFUSED_KEY}, NOT_SENT)
    assert [found.code for found in both] == ["auth.rejected"]


def test_what_the_plain_request_shows_is_told_with_what_else_is_known() -> None:
    unknown = '404 application/json\n\n{"error":{"message":"no such model","code":"model_not_found"}}'
    listing = JSON + '{"data":[{"id":"other"}]}'
    (found,) = of_only(("stream",), {"happy": unknown, "models": listing}, NOT_SENT)
    assert found.code == "model.unavailable" and f'"{MODEL}" is not among the 1 id listed' in found.evidence[1]


def test_what_was_not_asked_of_the_plain_request_is_told_too() -> None:
    (found,) = of_only(("happy.status_200", "stream"), {"happy": JSON + '{"choices":[]}'}, NOT_SENT)
    assert found.code == "contract.choices_empty" and "stream.finished" in found.clauses


def test_other_requests_are_no_part_of_the_plain_one() -> None:
    (found,) = of_only(("stream",), {"happy": PAGE, "models": PAGE}, NOT_SENT)
    assert found.evidence[0].startswith("happy: ")


def test_what_holds_hangs_on_nothing() -> None:
    replies: dict[str, str | Fault] = {"happy": PAGE, "models": GOOD["models"]}
    (found,) = of_only(("model.listed", "stream.media_type"), replies, NOT_SENT)
    assert found.clauses == ("stream.media_type",)


def test_a_plain_request_that_is_well_explains_nothing() -> None:
    (left_out,) = of_only(("stream",), {"happy": ANSWER}, NOT_SENT)
    assert left_out.code == "limit.unobserved" and left_out.evidence == ("stream: not sent: happy does not hold",)
    assert of_only(("model.listed",), {"happy": PAGE, "models": GOOD["models"]}, {}) == (), "nothing hangs on it"


def test_where_nothing_applied_the_plain_request_says_why() -> None:
    """`--only secret`, and nothing came back in which a key could be."""
    (found,) = of_only(("secret",), {"happy": REFUSED}, {})
    assert (found.code, found.clauses) == ("net.refused", ("secret.not_reflected",))


def test_a_warning_that_hangs_on_the_plain_request_has_its_diagnosis_in_a_run_that_passes() -> None:
    replies: dict[str, str | Fault] = {"happy": PAGE, "auth.invalid_key": REFUSED_KEY}
    only = ("auth.invalid_key.rejected", "stream.no_empty_events")
    (found,) = of_only(only, replies, NOT_SENT, skip=("stream.media_type", "stream.events_parse"))
    assert (found.code, found.clauses) == ("gateway.error", ("stream.no_empty_events",))


# --- how much is said ------------------------------------------------------------------------------------------------


def test_eight_lines_of_evidence_are_shown() -> None:
    pages = (f"502 text/html\n\n<html><title>{number}</title>" for number in range(12))
    probes = (
        "happy",
        "stream",
        "models",
        "auth.invalid_key",
        "auth.missing_key",
        "unicode",
        "json_object",
        "tools",
        "stop",
    )
    found = diagnosed(dict(zip(probes, pages, strict=False)))[0]
    assert (found.code, len(found.evidence)) == ("gateway.error", 8)
