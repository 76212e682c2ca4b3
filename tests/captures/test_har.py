"""HARs as different tools write them: what is judged, what is left undecided, and what is not taken for something else."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from chatproof import captures
from chatproof.captures.har import _bytes_of
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.record.document import Run
from chatproof.secrets.key_check import INVALID_KEY
from chatproof.simulator.faults import FAULTS
from chatproof.surfaces import names, surface_of
from chatproof.surfaces.chat.probes_validate import ROWS as PROBES
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import BODY, END
from chatproof.wire.http1 import ResponseReader
from tests.captures.playing import MODEL, SMOKE, differences, live, wire_of
from tests.support import KEY
from tests.unit.test_record import VALIDATOR

BASE = "https://llm.test/v1"
GOOD = b'{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"pong"}}]}'


def entry(probe: str = "happy", reply: bytes | None = None, **change: Any) -> dict[str, Any]:
    """A HAR entry of a probe's exchange as a proxy sees it. `change`: status, url, body, key (None: no header)."""
    row = PROBES[probe]
    reader = ResponseReader(row.method)
    reader.feed(reply if reply is not None else wire_of("")[probe])
    reader.eof()
    response = reader.response()
    assert response is not None
    key = change.get("key", {"invalid": INVALID_KEY, "none": None}.get(row.credential, KEY))
    body = change.get("body", row.body(MODEL) if row.body else None)
    headers = [{"name": "Authorization", "value": f"Bearer {key}"}] if key is not None else []
    content = {"size": len(response.body), "mimeType": response.value(b"content-type")}
    try:
        content["text"] = response.body.decode()
    except UnicodeDecodeError:
        content |= {"text": base64.b64encode(response.body).decode(), "encoding": "base64"}
    return {
        "startedDateTime": change.get("at", "2026-11-22T00:00:00.000Z"),
        "time": 20,
        "request": {
            "method": row.method,
            "url": change.get("url", f"{BASE}{row.suffix}"),
            "httpVersion": "HTTP/1.1",
            "headers": [*headers, {"name": "content-type", "value": "application/json"}],
            **({"postData": {"mimeType": "application/json", "text": json.dumps(body)}} if body is not None else {}),
        },
        "response": {
            "status": change.get("status", response.status),
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": n.decode(), "value": v.decode("latin-1")} for n, v in response.headers],
            "content": change.get("content", content),
            "bodySize": response.wire_size,
        },
        "timings": {"send": 0, "wait": 12, "receive": 1, "dns": -1},
    }


def har(*entries: dict[str, Any], creator: str = "mitmproxy") -> bytes:
    log = {"version": "1.2", "creator": {"name": creator, "version": "12.1"}, "entries": entries}
    return json.dumps({"log": log}).encode()


def judged(*entries: dict[str, Any], creator: str = "mitmproxy", **asked: Any) -> Run:
    run = judge_captures([Source("a.har", captures.read(har(*entries, creator=creator)))], Asked(**asked))
    VALIDATOR.validate(run.document)
    return run


def outcomes(run: Run, probe: str = "happy") -> set[str]:
    aside = ("secret.not_reflected", "head.line_ends")  # which take more than one reply, or its bytes
    return {f["outcome"] for f in run.findings if f["probe"] == probe and f["clause"] not in aside}


def framed(data: bytes) -> bool:
    """A reply that a proxy can hand on, and so export."""
    reader = ResponseReader()
    reader.feed(data)
    reader.eof()
    response = reader.response()
    return reader.fault is None and response is not None and not response.left_open


@pytest.mark.parametrize("name", ["", *FAULTS])
def test_a_har_of_every_fault_is_judged_as_the_live_run_was(name: str) -> None:
    sent = {probe: data for probe, data in wire_of(name).items() if framed(data)}
    if not sent:
        pytest.skip("no proxy would export it")
    run = judged(*(entry(probe, data) for probe, data in sent.items()))
    expected = live(sent)
    assert differences(expected, run) == {}
    broken = {place for place, outcome in expected.items() if outcome == "broken"}
    seen = {(f["clause"], f["probe"]) for f in run.findings if f["outcome"] == "broken"}
    # A HAR holds both the request with its key and the reply, so that nothing that is broken escapes it, save in bodies
    # whose text is not their bytes, and the lines of a head.
    if (
        name not in ("bare-line-ends", "head-folded")
        and "utf" not in name
        and "bom" not in name
        and "latin" not in name
    ):
        assert {place for place in broken - seen if place[1] in sent} == set()


def test_a_good_har_is_go() -> None:
    run = judged(*map(entry, SMOKE))
    assert run.verdict == "GO"
    assert run.document["target"]["model"] == MODEL
    assert run.document["target"]["base_url"] == BASE
    assert run.document["target"]["key"]["length"] == len(KEY)
    assert run.document["exchanges"][0]["request"]["summary"] == "messages_count=1, stream=false"


def test_a_sanitised_export_makes_no_refusal_of_a_good_reply() -> None:
    """Chromium leaves Authorization out. A completion without it is no sign that the endpoint is open."""
    run = judged(entry(key=None), creator="WebInspector")
    assert run.verdict == "UNDECIDED" and [found["code"] for found in run.diagnoses] == ["limit.capture"]
    assert outcomes(run) == {"holds"} and outcomes(run, "auth.missing_key") == {"undecided"}
    assert any("no request in it has a key" in note for note in run.document["notes"])


def test_a_completion_without_a_key_beside_requests_with_one_is_a_break() -> None:
    run = judged(entry(), entry("auth.missing_key", wire_of("")["happy"]))
    assert run.diagnoses[0]["code"] == "auth.not_enforced" and run.verdict == "NO-GO"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": [{}]}, "has tools"),
        ({"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1}, "few tokens"),
        ({"model": "m", "messages": []}, "a refusal would be valid"),
        ({"messages": [{"role": "user", "content": "x"}]}, "a refusal would be valid"),
    ],
)
def test_requests_whose_reply_may_look_different_are_not_judged(body: Any, why: str) -> None:
    empty = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    with pytest.raises(UsageError, match="no exchange of the captures answers a probe") as caught:
        judged(entry(reply=empty, body=body))
    assert why in caught.value.detail
    run = judged(entry(), entry(reply=empty, body=body))
    assert outcomes(run) == {"holds"} and any(why in note for note in run.document["notes"])


def test_of_several_the_first_of_the_worst_is_shown() -> None:
    bad = wire_of("empty-choices")["happy"]
    run = judged(
        entry(),
        entry(reply=bad, at="2026-11-22T01:00:01.500+01:00"),
        entry(reply=bad, at="2026-11-22T00:00:02Z"),
        entry(),
    )
    assert run.verdict == "NO-GO" and run.document["exchanges"][0]["sent_at"] == "2026-11-22T00:00:01.500Z"
    assert any("4 exchanges answer happy, 2 of them failed; shown is a.har#2" in n for n in run.document["notes"])


def test_a_probe_of_another_api_is_none_of_this_one() -> None:
    """A HAR that this tool wrote of an API is judged as one of chat, or somebody changed its comments."""
    assert any(surface_of(api).row("happy.other_form") for api in names())
    comment = {"comment": "x1, probe happy.other_form"}
    run = judged({**entry(), **comment}, {**entry(), "comment": "x2, probe happy"}, creator="chatproof")
    assert "happy" in {exchange["probe"] for exchange in run.document["exchanges"]}


def test_other_requests_are_counted_and_left_alone() -> None:
    others = [
        entry(url="https://app.test/main.js"),
        entry(url="https://app.test/a.css"),
        entry(url=f"{BASE}/embeddings"),
    ]
    run = judged(entry(), *others)
    assert any("2 other requests left out: not to an API of a language model" in note for note in run.document["notes"])
    assert any("entry 4: it is a request to /embeddings" in note for note in run.document["notes"])


def test_two_endpoints_need_a_choice() -> None:
    other = entry(url="https://other.test/v1/chat/completions")
    with pytest.raises(UsageError, match="2 endpoints"):
        judged(entry(), other)
    assert (
        judged(entry(), other, base_url="https://other.test/v1").document["target"]["base_url"]
        == "https://other.test/v1"
    )


def test_the_providers_host_chooses_its_profile() -> None:
    run = judged(entry(url="https://api.cometapi.com/v1/chat/completions"))
    assert run.document["target"]["profile"] == "cometapi" and run.document["target"]["support"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"size": 100, "mimeType": "application/json"}, {"undecided", "holds"}),  # evicted: the body is not there
        ({"size": len(GOOD) + 900, "text": GOOD.decode()}, {"holds"}),  # whole by its own brackets
        ({"size": len(GOOD), "text": GOOD.decode()[:-9]}, {"undecided", "holds"}),  # cut off by the tool
        ({"text": GOOD.decode()}, {"holds"}),
        ({"size": -1, "text": base64.b64encode(GOOD).decode(), "encoding": "base64"}, {"holds"}),
        ({"size": len(GOOD) - 20, "compression": 20, "text": GOOD.decode()}, {"holds"}),
        ({"size": 9, "text": "%%%", "encoding": "base64"}, {"undecided", "holds"}),
    ],
)  # fmt: skip
def test_contents_as_tools_write_them(content: dict[str, Any], expected: set[str]) -> None:
    run = judged(entry(content=content))
    assert outcomes(run) == expected
    assert "broken" not in {f["outcome"] for f in run.findings}


def test_a_body_that_was_not_decoded() -> None:
    packed = gzip.compress(GOOD)
    one = entry(content={"size": len(packed), "text": base64.b64encode(packed).decode(), "encoding": "base64"})
    one["response"]["headers"].append({"name": "Content-Encoding", "value": "gzip"})
    assert outcomes(judged(one)) == {"holds"}


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("é", 2, ("é".encode(), frozenset())),
        ("é", 1, (b"\xe9", frozenset())),  # decoded from latin-1
        ("{}", 5, (b"\xef\xbb\xbf{}", frozenset())),  # lost its byte order mark
        ("\ufffd", 1, (None, frozenset({BODY, END}))),  # was no text
        ("\ufffd", 3, (None, frozenset({BODY, END}))),  # may have been no text
        ("\udcff", None, (b"\xff", frozenset())),  # surrogateescape
        ("\ud800", None, (None, frozenset({BODY, END}))),
        ("{}", 700, (b"{}", frozenset({END}))),
    ],
)
def test_text_back_to_bytes(text: str, size: int | None, expected: tuple[Any, Any]) -> None:
    assert _bytes_of(text, size) == expected


@pytest.mark.parametrize(
    ("error", "code"),
    [("net::ERR_CONNECTION_REFUSED", "net.refused"), ("net::ERR_CERT_DATE_INVALID", "tls.expired"), ("odd", "net.closed"),
     ("net::ERR_ABORTED", "net.client")],
)  # fmt: skip
def test_an_exchange_that_failed_is_a_fault(error: str, code: str) -> None:
    one = entry()
    one["response"] = {"status": 0, "statusText": "", "headers": [], "content": {"size": 0}, "_error": error}
    run = judged(one)
    assert run.verdict == "UNDECIDED" and run.document["exchanges"][0]["fault"]["code"] == code


def test_a_run_of_validate_is_matched_word_for_word() -> None:
    refusal = (
        b'HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n{"error":{"message":"x"}}'
    )
    names = ["error.missing_messages", "error.temperature_range", "tools.none", "role.system"]
    run = judged(*map(entry, SMOKE), *(entry(name, refusal) for name in names), scope="validate")
    assert set(names) <= {e["probe"] for e in run.document["exchanges"]}
    held = {f["clause"] for f in run.findings if f["probe"] in names and f["outcome"] == "holds"}
    assert "error.missing_messages.rejected" in held or held, run.findings


def test_run_documents_are_judged_by_what_they_hold() -> None:
    """A broken reply's excerpt is kept whole where it is short; a passing one is not kept at all."""
    first = judged(*(entry(p, d) for p, d in wire_of("html-502").items()))
    again = judge_captures([Source("r", captures.read(json.dumps(first.document).encode()))], Asked())
    assert again.verdict == "NO-GO"
    before = {(f["clause"], f["probe"]): f["outcome"] for f in first.findings}
    assert differences(before, again) == {}
    broken = {p for p, o in before.items() if o == "broken"}
    assert {(f["clause"], f["probe"]) for f in again.findings if f["outcome"] == "broken"} == broken
    good = judged(*map(entry, SMOKE))
    kept = judged(*map(entry, SMOKE), keep_bodies=True)
    for run, held in ((good, {"undecided", "holds"}), (kept, {"holds"})):
        again = judge_captures([Source("r", captures.read(json.dumps(run.document).encode()))], Asked())
        assert outcomes(again) == held and {found["code"] for found in again.diagnoses} <= {"limit.capture"}


@pytest.mark.parametrize(
    ("error", "untold"),
    [
        ("net::ERR_EMPTY_RESPONSE", False),
        ("net::ERR_CONNECTION_CLOSED", False),
        ("net::ERR_UNHEARD_OF", True),
        ("", True),
    ],
)
def test_a_reason_that_is_not_known_is_told_as_such_and_stays_so_in_the_record(error: str, untold: bool) -> None:
    one = entry()
    one["response"] = {"status": 0, "statusText": "", "headers": [], "content": {"size": 0}, "_error": error}
    run = judged(one)
    again = judge_captures([Source("a.json", captures.read(json.dumps(run.document).encode()))], Asked())
    for document in (run.document, again.document):
        (told,) = document["diagnoses"]
        assert (told["code"], told["owner"]) == ("net.closed", "unknown" if untold else "provider")
        assert ("not known to chatproof" in told["summary"]) is untold
        assert document["exchanges"][0]["fault"].get("untold", False) is untold
