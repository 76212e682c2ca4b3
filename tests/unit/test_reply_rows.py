"""The failure modes that go by a reply, asked one by one: the edges of their patterns that no whole run shows, because
a row above catches the reply first, or because only a capture is so incomplete."""

import pytest

from chatproof.diagnosis.diagnosis import diagnose
from chatproof.diagnosis.failure_modes import Case, Sign, gateway, provider, streams
from chatproof.evidence.reply import Reply
from chatproof.judging.judge import judge
from chatproof.surfaces.chat.failure_modes import stream
from chatproof.wire.exchange import BODY, END, HEADERS, KEY, REQUEST, STATUS, Fault
from tests.support import COMPLETION, GOOD, STREAM, Played, case_of, exchange, play, wire

JSON = "application/json\n\n"
EMPTY = "200\n\n"
UNKNOWN_MODEL = '{"error":{"message":"The model `gpt-x` does not exist","code":"model_not_found"}}'
CUT_STREAM = (
    "200 text/event-stream\nTransfer-Encoding: chunked\n\n"
    '33\r\ndata: {"choices":[{"index":0,"delta":{"content":"po"}}]}\n\n\r\n'
)


def asked(code: str, case: Case) -> Sign | None:
    """What the rows with this code say, the first that matches."""
    rows = (*gateway.MODES, *streams.MODES, *stream.MODES, *provider.MODES)
    return next((sign for row in rows if row.code == code and (sign := row.when(case)) is not None), None)


def test_a_stream_that_another_row_asked_for_is_expected() -> None:
    assert asked("stream.unexpected", case_of(STREAM, probe="tools.stream")) is None
    assert asked("stream.unexpected", case_of(STREAM, probe="tools")) is not None


@pytest.mark.parametrize(
    ("probe", "reply", "beside"),
    [
        ("happy", "302 text/html\nLocation: https://other.test/\n\n", {}),
        ("happy", "407 text/html\n\n<html>", {}),
        ("happy", "504 text/html\n\n<html>", {}),
        ("happy", "502 text/html\n\n<html>", {}),
        ("happy", "404 text/html\n\n<html>", {}),
        ("happy", "200 text/html\n\n<html>", {}),
        ("happy", EMPTY, {"auth.missing_key": EMPTY, "models": EMPTY}),
        ("happy", f"503 {JSON}{{}}", {}),
        ("happy", f'401 {JSON}{{"error":{{"code":"invalid_api_key"}}}}', {}),
        ("happy", f'200 {JSON}{{"error":{{"message":"upstream exploded"}}}}', {}),
        ("happy", STREAM, {}),
        ("stream", GOOD["happy"], {}),
        ("stream", "200 text/html\n\n<html>", {"happy": GOOD["happy"]}),
    ],
)
def test_a_reply_that_broke_off_is_left_to_its_fault(probe: str, reply: str, beside: dict[str, str]) -> None:
    """Half a reply shows no cause. The fault's own row stands above these; a later version may name a fault that this
    one has no row for, and its run documents are judged, too."""
    rows = (*gateway.MODES, *streams.MODES, *stream.MODES, *provider.MODES)
    whole = case_of(reply, probe=probe, beside=beside)
    assert any(row.when(whole) for row in rows)
    cut = case_of(reply, probe=probe, beside=beside, fault=Fault("net.of_tomorrow", "body", "not known here"))
    assert [row.code for row in rows if row.when(cut)] == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, False), (299, False), (300, True), (308, True), (399, True), (304, False), (400, False)],
)
def test_a_redirect_is_any_3xx_but_the_cache_s_304(status: int, expected: bool) -> None:
    assert bool(asked("url.redirected", case_of(f"{status} text/html\nLocation: /v2\n\n"))) == expected


@pytest.mark.parametrize(("status", "expected"), [(200, True), (299, True), (300, False), (301, False), (400, False)])
def test_an_error_is_under_a_success_status_below_300(status: int, expected: bool) -> None:
    case = case_of(f'{status} {JSON}{{"error":{{"message":"upstream exploded"}}}}')
    assert bool(asked("contract.error_present", case)) == expected


@pytest.mark.parametrize(("status", "expected"), [(200, False), (399, False), (400, True), (500, True)])
def test_an_error_s_class_is_the_cause_from_status_400_on(status: int, expected: bool) -> None:
    assert bool(asked("account.quota", case_of(f'{status} {JSON}{{"error":{{"code":"insufficient_quota"}}}}'))) == (
        expected
    )


def test_an_error_s_class_is_the_cause_where_the_status_is_not_known() -> None:
    body = '{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}'
    assert asked("auth.rejected", case_of(f"200 {JSON}{body}", missing=frozenset({STATUS, HEADERS})))


def test_no_key_was_sent_only_where_the_capture_would_show_one() -> None:
    """A browser's HAR leaves the Authorization header out."""
    refused = f'401 {JSON}{{"error":{{"message":"Invalid token"}}}}'
    assert asked("auth.header", case_of(refused, key=None))
    assert asked("auth.header", case_of(refused, key=None, missing=frozenset({KEY}))) is None


def test_without_a_listing_the_refusal_of_a_key_stands_as_it_is() -> None:
    refused = f'401 {JSON}{{"error":{{"message":"Invalid token"}}}}'
    assert asked("auth.rejected", case_of(refused)) == Sign()
    listed = asked("auth.rejected", case_of(refused, beside={"models": GOOD["models"]}))
    assert listed is not None and listed.owner == "unknown"


def test_a_keyless_reply_whose_status_was_not_captured_is_no_comparison() -> None:
    forbidden = case_of(f'403 {JSON}{{"message":"Forbidden."}}', beside={"auth.missing_key": GOOD["auth.missing_key"]})
    assert asked("auth.permission", forbidden) == Sign()
    keyless = exchange("auth.missing_key", wire(GOOD["auth.missing_key"]), key=None)
    forbidden.context.replies["auth.missing_key"] = Reply(keyless._replace(missing=frozenset({STATUS, HEADERS})))
    sign = asked("auth.permission", forbidden)
    assert sign is not None and sign.owner == "unknown"


@pytest.mark.parametrize(("body", "expected"), [('{"status":"up"}', True), (COMPLETION, False)])
def test_one_json_for_every_path_is_no_chat_api_unless_it_is_a_completion(body: str, expected: bool) -> None:
    """A stub may answer its one completion to whatever is asked."""
    case = case_of(f"200 {JSON}{body}", probe="stream", beside={"models": f"200 {JSON}{body}"})
    assert bool(asked("url.not_an_api", case)) == expected


def test_the_path_of_a_listing_is_judged_without_a_reply_on_the_chat_path() -> None:
    """A capture may hold this one exchange."""
    assert asked("url.wrong_path", case_of("404 text/html\n\n<html>", probe="models"))


@pytest.mark.parametrize(
    ("happy", "probe", "expected"),
    [
        (GOOD["happy"], "stream", True),
        (f"404 {JSON}{UNKNOWN_MODEL}", "stream", False),
        (CUT_STREAM, "stream", False),
        (GOOD["happy"], "models", False),
    ],
)
@pytest.mark.parametrize(
    ("code", "body"), [("model.unavailable", UNKNOWN_MODEL), ("request.rejected", '{"detail":"Not Found"}')]
)
def test_a_404_is_this_request_s_own_only_beside_an_answer_from_the_same_url(
    happy: str, probe: str, expected: bool, code: str, body: str
) -> None:
    """The streaming path's 404 beside a whole answer to the plain request is about what sets the two apart; half an
    answer, or one from another URL, does not show that."""
    sign = asked(code, case_of(f"404 {JSON}{body}", probe=probe, beside={"happy": happy}))
    apart = sign is not None and (
        code == "request.rejected" or "the plain request to this model is answered" in sign[0]
    )
    assert apart == expected


def test_the_plain_request_is_not_held_against_itself() -> None:
    """A gateway that puts its refusal beside the choices of an upstream."""
    refused = UNKNOWN_MODEL.replace('{"error"', '{"choices":[{"index":0}],"error"', 1)
    sign = asked("model.unavailable", case_of(f"404 {JSON}{refused}"))
    assert sign == Sign(("",))


MANY = 'data: {"choices":[]}\n\n' * 10_001


@pytest.mark.parametrize(
    ("reply", "only", "expected"),
    [
        (f"200 text/event-stream\n\n{MANY}", (), "limit.size"),
        (f"500 text/event-stream\n\n{MANY}", (), "contract.status"),
        (f"200 text/plain\n\n{MANY}", ("stream.media_type",), "contract.media_type"),
        ("200 text/plain\n\n" + STREAM.partition("\n\n")[2], (), "contract.media_type"),
    ],
)
def test_our_own_limit_is_the_cause_only_of_what_it_left_undecided(
    reply: str, only: tuple[str, ...], expected: str
) -> None:
    assert play({"stream": reply}, only=only).codes == [expected]


def test_a_stream_whose_status_was_not_captured_is_diagnosed_by_its_events() -> None:
    """`judge --as stream` on the bare events of a log."""
    body = 'data: {"choices":[{"delta":{"content":"po"}}]}\n\ndata: {"error":{"message":"died","code":502}}\n\n'
    played = Played({"stream": wire(f"200 text/event-stream\n\n{body}")})
    whole = played.diagnoses[0]
    assert (whole.code, whole.summary) == ("stream.error", "the stream contains an error under HTTP 200")
    unknown = frozenset({STATUS, HEADERS})
    bare = [exchange._replace(missing=unknown) for exchange in played.exchanges]
    found = diagnose(judge(played.contract, bare, model="gpt-x"))
    assert [(d.code, d.summary) for d in found] == [("stream.error", "the stream contains an error")]


def test_a_fault_is_the_cause_where_the_body_was_not_captured() -> None:
    """A HAR of a request that was cut says so, and leaves out what had come."""
    cut = exchange("happy", wire(f"200 {JSON}{COMPLETION}"))._replace(
        fault=Fault("net.reset", "body", "the capture says ERR_CONNECTION_RESET"), missing=frozenset({BODY, END})
    )
    found = diagnose(judge(play().contract, [cut], model="gpt-x"))
    assert [d.code for d in found] == ["net.reset"]


def test_a_redirect_in_a_capture_without_its_request_is_told_all_the_same() -> None:
    page = "302 text/html\nLocation: https://other.test/\n\n"
    whole = case_of(page, probe="stream", beside={"happy": GOOD["happy"]})
    alone = case_of(page, probe="stream", beside={"happy": GOOD["happy"]}, missing=frozenset({REQUEST}))
    told, told_alone = asked("url.redirected", whole), asked("url.redirected", alone)
    assert told is not None and told.owner == "gateway"
    assert told_alone is not None and told_alone.owner == "" and "other.test" in told_alone.evidence[0]
