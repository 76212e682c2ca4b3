"""Captures are full of secrets: keys, cookies, what other hosts were sent. None of them reaches a sink."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.leaks.runs import reports
from tests.leaks.scanner import DECOY, KEY, Canary, scan
from tests.leaks.test_matrix import Inside, check, inside  # noqa: F401

COOKIE = Canary("cookie", prefix="ck-CANARY")
OTHER = Canary("key of another host", prefix="sk-OTHER")
ODD = Canary("value in a query", prefix="qv-CANARY")
NAMED = Canary("key in a header of a name of its own", prefix="nk-CANARY")
POSTED = Canary("key in a body or a form", prefix="pk-CANARY")
ALL = (KEY, COOKIE, OTHER, ODD, NAMED, POSTED)
BASE = "https://llm.test/v1"
ERROR = {"error": {"message": "MESSAGE", "type": "invalid_request_error", "code": "invalid_api_key"}}


def headers(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def entry(said: str, url: str = f"{BASE}/chat/completions", key: Canary = KEY, **more: Any) -> dict[str, Any]:
    """A HAR entry whose request holds secrets wherever one can stand, and whose reply says `said`."""
    body = json.dumps(ERROR).replace("MESSAGE", said)
    asked = {"model": DECOY.value, "messages": [{"role": "user", "content": KEY.value}], "api_key": POSTED.value}
    return {
        "startedDateTime": "2026-11-22T00:00:00.000Z",
        "time": 12.5,
        "request": {
            "method": "POST",
            "url": f"{url.replace('://', f'://u:{ODD.value}@')}?subscription-key={ODD.value}&api_key={OTHER.value}",
            "httpVersion": "HTTP/2",
            "headers": headers(
                ("Authorization", f"Bearer {key.value}"), ("Cookie", f"a=1; session={COOKIE.value}"),
                ("X-Secret-Thing", ODD.value), ("Ocp-Apim-Subscription-Key", NAMED.value),
            ),
            "cookies": [{"name": "session", "value": COOKIE.value}],
            "postData": {"mimeType": "application/json", "text": json.dumps(asked),
                         "params": [{"name": "password", "value": POSTED.value}]},
        },
        "response": {
            "status": 401,
            "statusText": said,
            "httpVersion": "h2",
            "headers": headers(
                ("Content-Type", "application/json"), ("Set-Cookie", f"session={COOKIE.value}; Path=/"),
                ("X-Request-Id", said), ("Location", f"https://u:{OTHER.value}@h.test/?t={said}"),
                ("WWW-Authenticate", f'Bearer realm="{said}"'), ("X-RateLimit-Remaining-Requests", said),
            ),
            "cookies": [],
            "content": {"size": len(body.encode()), "mimeType": "application/json", "text": body},
            **more,
        },
    }  # fmt: skip


def har(*entries: dict[str, Any]) -> bytes:
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}}
    ).encode()


def verbose(said: str) -> bytes:
    """curl -iv, as it comes out of 2>&1."""
    body = json.dumps(ERROR).replace("MESSAGE", said)
    lines = [
        "*   Trying 127.0.0.1:443...", "* Connected to llm.test (127.0.0.1) port 443 (#0)", "* ALPN: server accepted h2",
        f"* [HTTP/2] [1] [authorization: Bearer {KEY.value}]", "> POST /v1/chat/completions HTTP/2", "> Host: llm.test",
        f"> Authorization: Bearer {KEY.value}", f"> Cookie: session={COOKIE.value}", f"> X-Token: {ODD.value}",
        f"> Ocp-Apim-Subscription-Key: {NAMED.value}", f"> X-Goog-Api-Key: {POSTED.value}", f"> X-Auth: {OTHER.value}", "> ",
        "< HTTP/2 401 ", "< content-type: application/json", f"< x-request-id: {said}",
        f"< set-cookie: s={COOKIE.value}; Path=/", f"< content-length: {len(body)}", "< ",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n" + body + "\n* Connection #0 to host llm.test left intact\n").encode()


def plain(said: str) -> bytes:
    """curl -i: no request, so no key that could be known; what looks like one is kept out all the same."""
    body = json.dumps(ERROR).replace("MESSAGE", said)
    return (
        f"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nSet-Cookie: s={COOKIE.value}\r\n"
        f"X-Request-Id: {said}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


SAYS = {
    "key": KEY.value,
    "key in base64": base64.b64encode(KEY.value.encode()).decode(),
    "key in hex": KEY.value.encode().hex(),
    "key, bearer": f"Incorrect key: Bearer {KEY.value}.",
    "cookie": f"session {COOKIE.value} is over",
    "key of another host": f"{OTHER.value}",
    "query": f"no such thing: {ODD.value}",
    "secret of another header": f"no such subscription: {NAMED.value}",
    "secret of the body": f"no such thing: {POSTED.value}",
    "nothing": DECOY.value,
}
FILES = {
    "har": lambda said: har(entry(said), entry("x", "https://other.test/api", OTHER)),
    "har, two keys": lambda said: har(entry(said), entry("x", key=OTHER)),
    "har, base64": lambda said: har(
        entry(said, content={"size": -1, "encoding": "base64", "text": base64.b64encode(said.encode() * 3).decode()})
    ),
    "curl -iv": verbose,
}


@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize("file", FILES)
def test_no_secret_of_a_capture_is_shown(file: str, says: str, inside: Inside) -> None:  # noqa: F811
    name = "capture.txt"
    (inside.folder / name).write_bytes(FILES[file](SAYS[says]))
    ran = inside("judge", name, "--keep-bodies", "-vv", "--environment", DECOY.value, *reports())
    del ran.artefacts[f"file {name}"]
    assert ran.status in (1, 3), ran.artefacts["stderr"]
    assert ran.leaks(ALL) == []
    check(ran)
    assert ran.shows_decoy("file report.json")
    if says.startswith("key in") or says in ("key", "key, bearer"):
        document = json.loads(ran.artefacts["file report.json"])
        outcomes = {f["outcome"] for f in document["findings"] if f["clause"] == "secret.not_reflected"}
        assert outcomes == ({"undecided"} if file == "har, two keys" else {"broken"})


@pytest.mark.parametrize("says", ["key", "cookie", "key of another host", "nothing"])
def test_a_reply_alone_shows_no_key_either(says: str, inside: Inside) -> None:  # noqa: F811
    (inside.folder / "reply.txt").write_bytes(plain(SAYS[says]))
    ran = inside("judge", "reply.txt", "--keep-bodies", "-vv", "--environment", DECOY.value, *reports())
    del ran.artefacts["file reply.txt"]
    assert ran.leaks(ALL) == [] and ran.shows_decoy("file report.json")


def test_a_file_that_cannot_be_judged_is_not_quoted(inside: Inside) -> None:  # noqa: F811
    for data in (b"Bearer " + KEY.value.encode(), KEY.value.encode(), b'{"log":{"entries":[' + KEY.value.encode()):
        (inside.folder / "odd").write_bytes(data)
        ran = inside("judge", "odd")
        del ran.artefacts["file odd"]
        check(ran)


def test_the_control_is_found() -> None:
    """Each secret stands in the files that are judged, and the scanner sees it there."""
    for file in FILES.values():
        found = {f.canary for f in scan(file(SAYS["key of another host"]), *ALL)}
        assert {KEY.name, OTHER.name} <= found
