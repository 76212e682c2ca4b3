"""What failure modes ask of an exchange, and the one line that says what it showed."""

import pytest

from chatproof.contract.clause import Context
from chatproof.contract.failure_mode import Case, describe
from chatproof.evidence.reply import Reply
from chatproof.judging.judge import Finding
from chatproof.surfaces import surface_of
from chatproof.target import profile
from chatproof.wire.exchange import BODY, HEADERS, REQUEST, STATUS, Fault, NotCaptured
from tests.support import GOOD, exchange, wire

CUT_SHORT = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n<html>"
ERROR = '{"error":{"message":"Invalid token","type":"","code":""}}'


def case(reply: str | bytes | Fault, missing: frozenset[str] = frozenset(), **others: Reply) -> Case:
    sent = exchange("happy", wire(reply) if isinstance(reply, str) else reply)
    context = Context(profile.load("generic"), "m", None, others, surface_of("chat"))
    return Case(Reply(sent._replace(missing=missing)), context, ())


def line(reply: str | bytes | Fault, *missing: str) -> str:
    return describe(case(reply, frozenset(missing)).reply)


# --- what is asked of a case ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "is_page"),
    [
        ("502 text/html\n\n<html>", True),
        ("502 text/plain\n\nno healthy upstream", True),
        ("502\n\n", True),
        ("502 application/json\n\n{}", False),
        (CUT_SHORT, False),
        (Fault("net.reset", "first_byte", "x"), False),
    ],
)
def test_a_page_is_a_whole_reply_that_no_api_writes(reply: str | bytes | Fault, is_page: bool) -> None:
    assert case(reply).page is is_page


def test_the_url_is_not_known_where_a_capture_holds_no_request() -> None:
    assert str(case(GOOD["happy"]).url).endswith("/v1/chat/completions")
    with pytest.raises(NotCaptured, match="the request"):
        _ = case(GOOD["happy"], frozenset({REQUEST})).url


def test_the_chat_url_is_that_of_the_happy_path_and_unknown_without_it() -> None:
    asked = Reply(exchange("happy", wire(GOOD["happy"])))
    elsewhere = Reply(exchange("happy", wire(GOOD["happy"]), base="https://other.test/v1"))
    assert case(GOOD["happy"], happy=asked).is_plain_url
    assert not case(GOOD["happy"], happy=elsewhere).is_plain_url
    assert case(GOOD["happy"]).is_plain_url is False


def test_a_clause_is_broken_or_undecided_by_its_own_finding() -> None:
    found = tuple(
        Finding(clause, "must", "happy", "x", outcome, "", "", "", "")
        for clause, outcome in (("a.b", "broken"), ("c.d", "undecided"))
    )
    seen = case(GOOD["happy"])._replace(findings=found)
    assert [seen.broken(clause) for clause in ("a.b", "c.d", "e.f")] == [True, False, False]
    assert [seen.undecided(clause) for clause in ("a.b", "c.d", "e.f")] == [False, True, False]


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (f"401 application/json\n\n{ERROR}", "auth"),
        (f"200 application/json\n\n{ERROR}", "auth"),  # the error's words, whatever the status
        ("503 application/json\n\n{}", "server"),  # no error: the status says what there is to say
        ("400 application/json\n\n{}", "request"),
        ("399 application/json\n\n{}", ""),
        ("200 application/json\n\n{}", ""),
        ("503 text/html\n\n<html>", ""),
    ],
)
def test_the_class_of_an_error_goes_by_its_words_and_by_a_failing_status(reply: str, found: str) -> None:
    assert case(reply).error_class == found


def test_what_was_cut_short_has_no_class() -> None:
    head = "HTTP/1.1 503 Said\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n"
    assert case(head.encode() + ERROR.encode()).error_class == ""
    assert case(head.encode() + b"{}").error_class == ""
    assert case(Fault("net.reset", "first_byte", "x")).error_class == ""


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (f"401 application/json\n\n{ERROR}", "auth"),
        ('503 application/json\n\n{"error":{"message":"hm"}}', "unknown"),  # only its status would tell
        ("503 application/json\n\n{}", ""),
    ],
)
def test_the_class_goes_by_words_alone_where_the_status_is_not_held(reply: str, found: str) -> None:
    assert case(reply, frozenset({STATUS})).error_class == found


def test_words_are_looked_up_in_the_first_4096_bytes_without_regard_to_case() -> None:
    assert case("400\n\n" + "A" * 5000).text() == "a" * 4096


# --- one line ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (GOOD["happy"], f"HTTP 200, application/json, json of {len(GOOD['happy'].partition(chr(10) * 2)[2])} bytes"),
        (f"401 application/json\n\n{ERROR}", 'HTTP 401, application/json, error message "Invalid token"'),
        ("204\n\n", "HTTP 204, no Content-Type, empty body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\0\1", "HTTP 200, no Content-Type, binary of 2 bytes"),
        ("502 text/plain\n\nno healthy upstream", 'HTTP 502, text/plain, text: "no healthy upstream"'),
        (Fault("net.reset", "tls", "by peer"), "net.reset in phase tls: by peer"),
        (
            CUT_SHORT,
            "HTTP 502, then http.incomplete_body in phase body: received 6 of 99 bytes announced by Content-Length",
        ),
    ],
)
def test_one_line_says_what_an_exchange_showed(reply: str | bytes | Fault, said: str) -> None:
    assert line(reply) == said


def test_one_line_says_so_where_nothing_came_and_nothing_is_known_to_have_stopped_it() -> None:
    nothing = exchange("happy", Fault("net.reset", "tls", ""))._replace(fault=None)
    assert describe(Reply(nothing)) == "no reply"


def test_a_fault_without_a_reply_has_no_status() -> None:
    sent = exchange("happy", wire(GOOD["happy"]))
    stopped = sent._replace(fault=Fault("limit.deadline", "body", "60 s"))
    assert describe(Reply(stopped)) == "HTTP 200, then limit.deadline in phase body: 60 s"
    assert describe(Reply(stopped._replace(response=None))) == "limit.deadline in phase body: 60 s"


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (HEADERS, 'HTTP 502, Content-Type unknown, html: "<html>Hello"'),
        (STATUS, 'HTTP status unknown, text/html, html: "<html>Hello"'),
        (BODY, "HTTP 502, text/html, not in the capture: the body"),
    ],
)
def test_one_line_names_what_a_capture_does_not_hold(missing: str, said: str) -> None:
    assert line("502 text/html\n\n<html>Hello", missing) == said


# --- what of a page is shown ------------------------------------------------------------------------------------------


def page(body: str) -> str:
    return line(f"502 text/html\n\n{body}").removeprefix("HTTP 502, text/html, html: ")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<html><title>Bad gateway</title>", "Bad gateway"),
        ("<title>at once</title>", "at once"),
        ("<TITLE>\n  Sign in \n</TITLE>", "Sign in"),
        ("<html>no title", "<html>no title"),
        ("<html><title>never ends", "<html><title>never ends"),
        ("<html></title><title>late", "<html></title><title>late"),
        ("\n\n  <html>after blank lines", "<html>after blank lines"),
        (" " * 500 + "<html>after many blanks", "<html>after many blanks"),
        ("<html>" + "x" * 200, "<html>" + "x" * 93 + "…"),
    ],
)
def test_of_a_page_its_title_is_shown_or_else_its_beginning(body: str, shown: str) -> None:
    assert page(body) == f'"{shown}"'


def test_a_title_is_looked_for_in_the_first_8192_bytes() -> None:
    end = len("<title>here</title>")
    assert page("<" + "x" * (8192 - 1 - end) + "<title>here</title>") == '"here"'
    assert page("<" + "x" * (8192 - end) + "<title>here</title>").startswith('"<xxx')
