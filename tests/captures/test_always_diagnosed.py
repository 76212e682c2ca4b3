"""Whatever a capture holds and lacks: what is not GO has a diagnosis that says whose it is and what to do next."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatproof import captures
from chatproof.captures.entry import Capture, Captured
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.judging.contract import Choice
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import BODY, END, HEADERS, KEY, STATUS, Fault, Response

_CHOICE = b'"choices":[{"index":0,"message":{"role":"assistant","content":"pong"},"finish_reason":"stop"}]'
_GOOD = b'{"id":"c","object":"chat.completion","created":1,"model":"m",' + _CHOICE + b"}"
BODIES = (
    *(b"", _GOOD, _GOOD[:60], b"{}", b"[]", b"null", b'"x"', b"plain words", b"\xff\xfe\x00", b"data: [DONE]\n\n"),
    *(b"<html><title>x</title></html>", b'{"error":{"message":"boom"}}', b'data: {"choices":[]}\n\n'),
    *(b'{"choices":[]}', b'{"choices":null}', b'{"choices":[{}]}', b'{"choices":[{"message":{"content":""}}]}'),
)
STATUSES = (101, 102, *range(200, 209), 226, 300, 301, 304, *range(400, 432), 451, 499, *range(500, 512), 529, 599)
TYPES = (b"", b"application/json", b"text/event-stream", b"text/html")
FAULTS = ("net.reset", "http.incomplete_body", "net.client", "limit.deadline", "http.framing", "net.closed")
PROBES = {"": "happy", "happy": "happy", "stream": "stream", "auth.invalid_key": "auth", "auth.missing_key": "auth"}
PROBES |= {"models": "model", "tools": "tools", "tools.stream": "tools", "stream.usage": "stream"}


@st.composite
def captured(draw: st.DrawFn) -> Captured:
    missing = draw(st.frozensets(st.sampled_from((BODY, END, HEADERS, STATUS, KEY))))
    body = b"" if BODY in missing else draw(st.sampled_from(BODIES))
    status = 0 if STATUS in missing else draw(st.sampled_from(STATUSES))
    kind = b"" if HEADERS in missing else draw(st.sampled_from(TYPES))
    headers = ((b"content-type", kind),) if kind else ()
    code = draw(st.sampled_from(("", "", *FAULTS)))
    fault = Fault(code, "body", "as it was told") if code else None
    version = draw(st.sampled_from(("", "1.1")))
    return Captured(1, Response(version, status, b"", headers, body, len(body), "identity"), fault, missing)


def unexplained(entry: Captured, probe: str, *, narrow: bool) -> str:
    """What the run lacks; empty for GO and for a run that is explained."""
    scope = VALIDATE if "tools" in probe or probe == "stream.usage" else SMOKE
    asked = Asked(scope=scope, choice=Choice(only=(PROBES[probe],) if narrow else ()))
    try:
        document = judge_captures([Source("a", Capture("a capture", (entry,)), probe)], asked).document
    except (UsageError, captures.Unreadable):
        return ""  # nothing was judged, and the user is told so
    if document["verdict"] == "GO":
        return ""
    diagnoses = document["diagnoses"]
    if not diagnoses or not all(d["owner"] and d["next_step"] and d["summary"] for d in diagnoses):
        return f"{document['verdict']} with {diagnoses}"
    musts = {f["clause"] for f in document["findings"] if f["outcome"] == "broken" and f["level"] == "must"}
    told = {clause for diagnosis in diagnoses for clause in diagnosis["clauses"]}
    return "" if not musts or musts & told else f"no diagnosis explains any of {musts}"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(captured(), st.sampled_from(sorted(PROBES)), st.booleans())
def test_what_is_not_go_is_diagnosed(entry: Captured, probe: str, narrow: bool) -> None:
    assert unexplained(entry, probe, narrow=narrow) == ""


@pytest.mark.nightly
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(captured(), st.sampled_from(sorted(PROBES)), st.booleans())
def test_what_is_not_go_is_diagnosed_whatever_it_is(entry: Captured, probe: str, narrow: bool) -> None:
    assert unexplained(entry, probe, narrow=narrow) == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n", "contract.status"),
        ("HTTP/1.1 202 Accepted\r\nContent-Length: 300\r\n\r\n", "contract.status"),
        ("HTTP/1.1 418 I'm a teapot\r\nContent-Length: 300\r\n\r\n", "request.rejected"),
        ("HTTP/1.1 451 Unavailable For Legal Reasons\r\nContent-Length: 30\r\n\r\n", "account.region"),
    ],
)
def test_a_status_without_its_body_is_enough_for_a_diagnosis(text: str, code: str) -> None:
    asked = Asked(choice=Choice(only=("happy",)))
    document = judge_captures([Source("a", captures.read(text.encode()))], asked).document
    assert document["verdict"] == "NO-GO"
    assert [d["code"] for d in document["diagnoses"]] == [code]
