"""What is told of each status with each sort of body, of each fault, and where a capture lacks a part: to the letter.

Equal words stand once, and below them where they are told. They are in tests/golden/judged/told.txt. When they are meant
to change, `make goldens` writes them anew: read the difference before it is committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest

from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.diagnosis.diagnosis import diagnose
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import judge
from chatproof.target import profile
from chatproof.wire.exchange import (
    ARRIVALS,
    BODY,
    END,
    HEADERS,
    OTHER_HEADERS,
    REQUEST,
    STATUS,
    Exchange,
    Fault,
    Secret,
)
from tests.support import GOOD, KEY, MODEL, REFUSAL, exchange, wire
from tests.unit.test_findings import check, clean, golden

EDGES = (100, 101, 199, 201, 204, 299, 300, 301, 304, 307, 399, 400, 499, 500, 599, 600)
STATUSES = sorted({
    *EDGES, 200, *range(401, 419), 420, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451,
    *range(501, 506), 511, *range(519, 528), 529, 530, 531,
})  # fmt: skip
FEW = (200, 304, 400, 401, 402, 403, 404, 405, 410, 413, 422, 429, 451, 500, 502, 503, 504, 529)
METHOD = (200, 399, 400, 401, 403, 404, 405, 406, 415, 422, 423, 500, 501, 502)
ODD = (204, 399, 400, 404, 418, 500, 503)
TEXT = "text/plain\n\n"
PAGES = {
    "nothing": "\n\n",
    "a few words": f"{TEXT}No.",
    "a text": TEXT + "What you asked for is not to be had here. " * 5,
    "a page": "text/html\n\n<html><title>Sorry</title>" + "<p>It did not work.</p>" * 10,
    "a proxy's page": "text/html\nVia: 1.1 proxy\n\n<html><head><title>Bad Gateway</title></head><body>upstream connect error</body></html>",
    "bytes": "application/octet-stream\n\n\x00\x01\x02",
}
JSON = "application/json\n\n"
ERRORS = {
    "no error": "{}",
    "a detail": '{"detail":"Not Found"}',
    "a message": '{"message":"no Route matched with those values"}',
    "no words": '{"error":{"message":"No.","type":"","code":""}}',
    "the key": '{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","code":"invalid_api_key"}}',
    "no key": '{"error":{"message":"You did not provide an API key"}}',
    "a permission": '{"error":{"message":"You do not have permission","type":"permission_error"}}',
    "the region": '{"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory"}}',
    "the model": '{"error":{"message":"The model gpt-x does not exist","code":"model_not_found"}}',
    "the rate": '{"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}}',
    "the quota": '{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}',
    "the context": '{"error":{"message":"maximum context length is 8192 tokens","code":"context_length_exceeded"}}',
    "a filter": '{"error":{"message":"The response was filtered","code":"content_filter"}}',
    "a parameter": '{"error":{"message":"Unsupported parameter: max_tokens","param":"max_tokens","code":"unsupported_parameter"}}',
    "the form": '{"error":{"message":"Field required: messages","type":"invalid_request_error"}}',
    "the load": '{"error":{"message":"Overloaded","type":"overloaded_error"}}',
    "the server": '{"error":{"message":"Internal error","type":"server_error"}}',
    "an organization": '{"error":{"message":"It is of another one.","code":"mismatched_organization"}}',
    "a retired model": '{"error":{"message":"Choose another.","code":"model_decommissioned"}}',
    "a header": '{"error":{"message":"Missing required header: X-Team"}}',
    "an upstream's refusal": '{"error":{"message":"litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided","code":"401"}}',
    "an upstream": '{"error":{"message":"connect ECONNREFUSED 10.0.0.7:8000"}}',
}
ANSWERS = {
    "a wrong type": "200 text/html\n\n" + GOOD["happy"].partition("\n\n")[2],
    "a wrong type, no JSON": "200 image/png\n\n\x00\x01",
    "gzip without its header": "200 application/json\n\n\x1f\udc8b\x08\x00",
    "gzip under 418": "418 application/json\n\n\x1f\udc8b\x08\x00",
    "a comma too many": '200 application/json\n\n{"id":"c1",}',
    "an end of a stream behind it": GOOD["happy"] + "\n\ndata: [DONE]\n\n",
    "a byte order mark": "200 application/json\n\n\ufeff{}",
    "a name twice": '200 application/json\n\n{"id":1,"id":2}',
    "half a document": '200 application/json\n\n{"choices":[{"mess',
    "too many values": "200 application/json\n\n[" + "0," * 250_000 + "0]",
    "an array": "200 application/json\n\n[]",
    "no choices": '200 application/json\n\n{"choices":[]}',
    "an error beside it": GOOD["happy"].replace('"id":"c1"', '"id":"c1","error":{"message":"partly"}'),
}
FAULTS = (
    "net.dns", "net.refused", "net.unreachable", "net.connect_timeout", "net.closed", "net.reset", "net.read_timeout",
    "net.write_timeout", "net.proxy", "tls.untrusted", "tls.hostname_mismatch", "tls.expired", "tls.protocol",
    "tls.client_certificate", "net.client", "http.not_http", "http.malformed", "http.framing", "http.incomplete_body",
    "http.encoding", "limit.deadline", "limit.size",
)  # fmt: skip
PARTS = {"status": (STATUS,), "headers": (HEADERS,), "others": (OTHER_HEADERS,), "request": (REQUEST,),
         "body": (BODY, END), "end": (END,), "all but the body": (STATUS, HEADERS, REQUEST)}  # fmt: skip
Reply = str | Fault
NOT_FOUND = '{"detail":"Not Found"}'
BASES = {
    "no version": "https://llm.test",
    "a doubled version": "https://llm.test/v1/v1",
    "another version": "https://llm.test/api/v2",
    "a name": "https://llm.test/openai",
}
LOST = {
    "404, JSON": f"404 {JSON}{NOT_FOUND}",
    "404, a page": f"404 {PAGES['a page']}",
    "405, a page": f"405 {PAGES['a page']}",
    "405, JSON": f'405 {JSON}{{"detail":"Method Not Allowed"}}',
    "410, nothing": f"410 {PAGES['nothing']}",
    "403, a page": f"403 {PAGES['a page']}",
    "200, a page": f"200 {PAGES['a page']}",
    "200, nothing": f"200 {PAGES['nothing']}",
    "200, JSON": f'200 {JSON}{{"hello":1}}',
    "200, an error": f'200 {JSON}{{"error":"Unexpected endpoint or method. (POST /chat/completions)"}}',
    "400, plain HTTP": f"400 {TEXT}Client sent an HTTP request to an HTTPS server.",
}
PLACES = (
    "", "/login", "login", "//other.test/v1", "https://other.test/v1", "http://llm.test/v1", "HTTP://other.test:80/",
    "https:/other.test", "https:other.test", "\\\\other.test\\v1", "/a:b", "mailto:you", "https://other.test/?key=1",
)  # fmt: skip
LISTINGS = {
    "of others": '{"data":[{"id":"gpt-y"},{"id":"other"}]}',
    "of one": '{"data":[{"id":"other"}]}',
    "with it": '{"data":[{"id":"gpt-x"}]}',
    "of a near one": '{"data":[{"id":"gpt-x-mini"},{"id":"text-embedding-3"},{"id":"gpt-x-embedding"}]}',
    "of none": '{"data":[]}',
    "without ids": '{"data":[{"name":"gpt-x"}]}',
    "of no kind": '{"hello":1}',
    "an array": '[{"id":"gpt-x"}]',
}
BESIDE_A_LISTING = {
    "good": GOOD["happy"],
    **{f"{name} {status}": f"{status} {JSON}{ERRORS[name]}"
       for name in ("no words", "the model", "the server", "a detail") for status in (400, 404, 500, 501)},
    **{f"a page {status}": f"{status} {PAGES['a page']}" for status in (200, 404, 500)},
    "401": REFUSAL,
    "a fault": Fault("net.reset", "body", "x"),
}  # fmt: skip


def completion(message: str, finish: str = '"stop"', beside: str = "", more: str = "") -> str:
    usage = '"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}'
    choice = f'{{"index":0,"message":{message},"finish_reason":{finish}{beside}}}'
    return f'200 {JSON}{{"id":"c","object":"chat.completion","created":1,"model":"gpt-x","choices":[{choice}{more}],{usage}}}'


def saying(content: str, more: str = "") -> str:
    return f'{{"role":"assistant","content":{content}{more}}}'


SAID = {
    "nothing": completion(saying('""')),
    "nothing, for its length": completion(saying('""'), '"length"'),
    "nothing, and no reason": completion(saying("null"), "null"),
    "blanks": completion(saying('" \\n"')),
    "a thought": completion(saying('""', ',"reasoning_content":"hm"')),
    "a thought, cut": completion(saying('""', ',"reasoning_content":"hm"'), '"length"'),
    "a thought, by another name": completion(saying("null", ',"reasoning":"hm"'), '"length"'),
    "a refusal": completion(saying("null", ',"refusal":"I will not."')),
    "a blank refusal": completion(saying('""', ',"refusal":" "')),
    "a refusal that is no text": completion(saying('""', ',"refusal":7')),
    "filtered": completion(saying('""'), '"content_filter"'),
    "filtered, with words": completion(saying('"pong"'), '"content_filter"'),
    "a number": completion(saying("7")),
    "parts": completion(saying('[{"type":"text","text":"pong"}]')),
    "a tool": completion(saying("null", ',"tool_calls":[{"id":"a"}]'), '"tool_calls"'),
    "no message": completion("null"),
    "no role": completion('{"content":"pong"}'),
    "no content": completion('{"role":"assistant"}'),
    "an error in the choice": completion(saying('""'), '"error"', ',"error":{"message":"died"}'),
    "a second without a message": completion(saying('"pong"'), more=',{"index":1}'),
    "a second without a role": completion(saying('"pong"'), more=',{"index":1,"message":{"content":"x"}}'),
    "a second without content": completion(saying('"pong"'), more=',{"index":1,"message":{"role":"assistant"}}'),
    "a second that is a number": completion(saying('"pong"'), more=",7"),
    "thoughts counted": completion(saying('""'), '"length"').replace(
        '"total_tokens":9', '"total_tokens":9,"completion_tokens_details":{"reasoning_tokens":1}'
    ),
    "no thoughts counted": completion(saying('""'), '"length"').replace(
        '"total_tokens":9', '"total_tokens":9,"completion_tokens_details":{"reasoning_tokens":0}'
    ),
    "choices: an object": f'200 {JSON}{{"choices":{{"0":{{}}}}}}',
    "choices: a number inside": f'200 {JSON}{{"choices":[7]}}',
    "none, but an id": f'200 {JSON}{{"id":"c1","output":[]}}',
}
SSE = "200 text/event-stream\n\n"
DONE = "data: [DONE]\n\n"


def chunk(delta: str, finish: str = "null", more: str = "") -> str:
    return f'data: {{"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]{more}}}\n\n'


PONG, STOP = chunk('{"content":"pong"}'), chunk("{}", '"stop"')
STREAMS = {
    "good": f"{PONG}{STOP}{DONE}",
    "no end": PONG,
    "no [DONE]": PONG + STOP,
    "[DONE] alone": PONG + DONE,
    "[DONE] twice": f"{PONG}{STOP}{DONE}{DONE}",
    "more behind [DONE]": f"{PONG}{STOP}{DONE}{PONG}",
    "no text": STOP + DONE,
    "no text and no end": chunk("{}"),
    "no text, an end without [DONE]": STOP,
    "a thought": chunk('{"reasoning_content":"hm"}') + STOP + DONE,
    "a thought, cut": chunk('{"reasoning_content":"hm"}') + chunk("{}", '"length"') + DONE,
    "a thought without a reason": chunk('{"reasoning":"hm"}') + DONE,
    "a refusal": chunk('{"refusal":"I will"}') + chunk('{"refusal":" not"}') + STOP + DONE,
    "a blank refusal": chunk('{"refusal":" "}') + STOP + DONE,
    "filtered": chunk("{}", '"content_filter"') + DONE,
    "filtered, with words": PONG + chunk("{}", '"content_filter"') + DONE,
    "a number": chunk('{"content":7}') + STOP + DONE,
    "parts": chunk('{"content":[{"type":"text","text":"pong"}]}') + STOP + DONE,
    "an error": f'{PONG}data: {{"error":{{"message":"died","code":502}}}}\n\n{DONE}',
    "an error by name": f'{PONG}event: error\ndata: {{"message":"died"}}\n\n',
    "an error by name that is no JSON": f"{PONG}event: error\ndata: died\n\n",
    "an error as the end": PONG + chunk("{}", '"error"') + DONE,
    "no JSON": f"{PONG}data: {{oops\n\n{DONE}",
    "a number for an event": f"{PONG}data: 7\n\n{DONE}",
    "a comment": ": ping\n\n",
    "nothing": "",
    "empty events": f"{PONG}data:\n\n{STOP}{DONE}",
    "text without data": "pong",
}
HANDSHAKES = {
    "tls.untrusted": (
        "its issuer is a product that inspects TLS", "it is a stand-in certificate; its issuer is 'x'",
        "the certificate is signed by itself", "the intermediate is missing, which browsers fetch by themselves",
        "its key is that of another and not that of the issuer", "no authority", "the key is too weak",
        *(f"{words} (OpenSSL: 66)" for words in (
            "an authority in the chain is too weak", "the key is too weak", "a weak digest", "it is not for a server",
            "it is of one that signs others", "it may not certify that", "it was revoked",
            "a signature in the chain is wrong", "something else",
        )),
        "the certificate is valid from 2020; it is a stand-in certificate", "no authority (OpenSSL: the key is too weak)",
    ),
    "tls.hostname_mismatch": (
        "it is a stand-in certificate", "the certificate is valid from 2020: it is a stand-in certificate",
        "it has no subject alternative name; its names: a", "other; its names: it has no subject alternative name", "x",
    ),
    "tls.expired": ("not yet valid", "expired", "the certificate is valid from 2020: not yet valid"),
    "tls.protocol": (
        "the SSL connection could not be established", "failed, see inner exception",
        "this port speaks TLS, and the base URL says http", "what answers is plain HTTP", "the server offered TLSv1",
        "tlsv1 alert protocol version", "unsupported protocol", "tlsv1 unrecognized name", "tlsv1 alert internal error",
        "sslv3 alert handshake failure", "dh key too small", "unsafe legacy renegotiation disabled", "x",
        'it says "unsupported protocol"', "unsupported protocol (OpenSSL: 1)",
    ),
    "tls.client_certificate": ("the server ended the connection", "an alert"),
    "http.not_http": ("the reply looks like TLS", "looks like TLS, or not"),
    "limit.deadline": ("60 s", "the SDK says: timed out", "curl: (28) timed out", "a text with curl: (28) inside"),
    "net.read_timeout": ("60 s", "the SDK says: timed out", "curl: (28) timed out"),
    "net.reset": ("the SDK says: reset",),
    "net.client": ("the server's log says 499", "a browser"),
    "net.refused": ("localhost is the container",),
    "net.proxy": ("it offers plain forwarding only", "503"),
}  # fmt: skip


class Section(NamedTuple):
    replies: dict[str, Reply]
    targets: tuple[str, ...]
    parts: tuple[str, ...] = ()  # that are not held
    base: str = "https://llm.test/v1"
    listing: str = ""
    scope: str = SMOKE
    method: str = "POST"
    body: bytes = b""  # of a request of the user's own


def to(target: str, reply: Reply) -> dict[str, Reply]:
    """The replies of a run: to the plain request `alone`, to it `beside` good ones, to `all`, or to another probe."""
    good: dict[str, Reply] = {probe: text for probe, text in GOOD.items() if probe != "stream"}
    if target in ("alone", "stream only"):
        return {"happy" if target == "alone" else "stream": reply}
    if target == "all":
        return dict.fromkeys(good, reply)
    return {**good, ("happy" if target == "beside" else target): reply}


def sections() -> Iterator[tuple[str, Section]]:
    def under(statuses: Iterable[int], body: str) -> dict[str, Reply]:
        return {str(status): f"{status} {body}" for status in statuses}

    yield "the status alone", Section(under(STATUSES, "\n\n"), ("alone",), (BODY, END))
    for name, page in PAGES.items():
        yield name, Section(under(STATUSES, page), ("beside", "all"))
        targets = ("stream", "models", "auth.invalid_key", "auth.missing_key", "alone")
        yield f"{name}, elsewhere", Section(under(FEW, page), targets)
    for name, error in ERRORS.items():
        targets = ("beside", "all", "alone", "stream", "auth.invalid_key")
        yield name, Section(under(FEW, f"{JSON}{error}"), targets)
    yield "answers", Section({**ANSWERS}, ("alone", "all", "stream", "models", "auth.invalid_key"))
    yield "faults", Section({code: Fault(code, "body", "x") for code in FAULTS}, ("beside", "all", "stream"))
    captured: dict[str, Reply] = {"good": GOOD["happy"], "refused": REFUSAL, **ANSWERS}
    captured |= {f"{name} {status}": f"{status} {page}" for name, page in PAGES.items() for status in (200, 502)}
    captured |= {f"{name} 400": f"400 {JSON}{error}" for name, error in ERRORS.items()}
    captured |= {f"said: {name}": reply for name, reply in SAID.items()}
    for lacking, parts in PARTS.items():
        yield f"without: {lacking}", Section(captured, ("alone",), parts)
    for name, base in BASES.items():
        yield f"base URL: {name}", Section({**LOST}, ("alone", "beside", "all"), base=base)
    asked = {f"{name} {status}": f"{status} {page}" for name, page in PAGES.items() for status in ODD}
    asked |= {f"{name} {status}": f"{status} {JSON}{error}" for name, error in ERRORS.items() for status in (400, 418)}
    yield "a request of validate", Section({**asked}, ("unicode",), scope=VALIDATE)
    sent = {f"{name} {status}": f"{status} {PAGES[name]}" for name in ("nothing", "a page") for status in METHOD}
    sent |= {f"a detail {status}": f"{status} {JSON}{NOT_FOUND}" for status in METHOD}
    for method in ("GET", "PUT"):
        yield f"sent with {method}", Section({**sent}, ("alone",), method=method)
    own = {f"{name} {status}": f"{status} {page}" for name, page in PAGES.items() for status in (400, 413, 422)}
    own |= {f"{name} {status}": f"{status} {JSON}{error}" for name, error in ERRORS.items() for status in (400, 413)}
    yield "a request of the user's", Section({**own}, ("alone",), (ARRIVALS,), body=b'{"model":"gpt-x","messages":[]}')
    yield "nothing at this path", Section({**LOST}, ("alone", "beside", "all", "stream"))
    for status in (302, 308):
        places: dict[str, Reply] = {place: f"{status}\nLocation: {place}\n\n" for place in PLACES}
        yield f"redirects by {status}", Section(places, ("alone", "beside", "stream"))
    for name, listing in LISTINGS.items():
        yield f"a listing {name}", Section({**BESIDE_A_LISTING}, ("alone",), listing=f"200 {JSON}{listing}")
    yield "what is said", Section({**SAID}, ("alone",))
    streams: dict[str, Reply] = {name: SSE + stream for name, stream in STREAMS.items()}
    yield "streams", Section(streams, ("stream", "alone"))
    for lacking in ("status", "headers", "request", "end"):
        yield f"streams without: {lacking}", Section(streams, ("stream only", "alone"), PARTS[lacking])
    for phase in ("tls", "body"):
        told_by: dict[str, Reply] = {
            f"{code}: {detail}": Fault(code, phase, detail)
            for code, details in HANDSHAKES.items()
            for detail in details
        }
        yield f"faults in phase {phase}", Section(told_by, ("alone",))


SECTIONS = dict(sections())


def made(probe: str, reply: Reply, section: Section) -> Exchange:
    if isinstance(reply, str) and reply[0] in "16":  # no reader ends a reply with such a status; a capture may hold it
        whole = made(probe, f"2{reply[1:]}", section)
        assert whole.response
        return whole._replace(response=whole.response._replace(status=int(reply[:3])))
    sent = exchange(probe, reply if isinstance(reply, Fault) else wire(reply), base=section.base)
    asked = sent.request._replace(method=section.method)
    asked = asked._replace(body=section.body) if section.body else asked
    return sent._replace(request=asked, missing=frozenset(section.parts))


def told(section: Section, replies: dict[str, Reply]) -> str:
    sent = [made(probe, reply, section) for probe, reply in replies.items()]
    contract = contract_of(section.scope, profile.load("generic"), Choice(stream="stream" in replies))
    judgement = judge(contract, sent, model=MODEL, key=Secret(KEY))
    lines = [judgement.verdict]
    for found in diagnose(judgement):
        if section.scope != SMOKE and found.code == "limit.unobserved":
            continue  # of all that validate would ask as well
        lines.append(f"{found.code}: {found.summary} [{found.owner}, {found.confidence}]")
        lines += [f"    {line}" for line in found.evidence if ": HTTP " not in line]
        lines.append(f"    next: {found.next_step}")
    return clean(lines)


@pytest.mark.parametrize("name", SECTIONS)
def test_what_is_told(name: str) -> None:
    section = SECTIONS[name]
    where: dict[str, list[str]] = {}
    for target in section.targets:
        for reply, text in section.replies.items():
            replies = to(target, text) | ({"models": section.listing} if section.listing else {})
            where.setdefault(told(section, replies), []).append(f"{target} {reply}")
    lines = [f"{text}\n{clean(['  of ' + '; '.join(cells)])}" for text, cells in where.items()]
    check("told", name, "\n".join(lines))


def test_no_text_is_left_over() -> None:
    assert set(golden("told")) == set(SECTIONS)
