"""What tools keep of a request and its reply in JSON of their own is judged as the reply that it was."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from chatproof import captures, judge_bytes
from chatproof.captures import Unreadable

URL = "https://llm.example/v1/chat/completions"
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Respond with the single word: pong"}]}
KEY = "sk-proj-" + "4fT9xQ2mZ8vK1cW7" * 2
GOOD = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1790000000,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "pong"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
}
REFUSED = {
    "error": {
        "message": f"Incorrect API key provided: {KEY}.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_api_key",
    }
}
JSON = "application/json"
HEADERS = {"content-type": JSON}
LISTED = [{"key": "Content-Type", "value": JSON}]
SENT = {"Authorization": f"Bearer {KEY}"}

Made = Callable[[int, Any], Any]


def postman(status: int, body: Any) -> Any:
    asked = {"method": "POST", "header": [{"key": "Authorization", "value": f"Bearer {KEY}"}], "url": {"raw": URL}}
    reply = {"originalRequest": asked, "status": "x", "code": status, "header": LISTED, "body": json.dumps(body)}
    return {"info": {"name": "x"}, "item": [{"item": [{"name": "chat", "request": asked, "response": [reply]}]}]}


def newman(status: int, body: Any) -> Any:
    url = {"protocol": "https", "host": ["llm", "example"], "path": ["v1", "chat", "completions"]}
    asked = {"url": url, "method": "POST", "header": LISTED, "body": {"mode": "raw", "raw": json.dumps(ASKED)}}
    kept = {"type": "Buffer", "data": [*json.dumps(body).encode()]}
    return {"run": {"executions": [{"request": asked, "response": {"code": status, "header": LISTED, "stream": kept}}]}}


def bruno(status: int, body: Any) -> Any:
    asked = {"method": "POST", "url": URL, "headers": SENT, "data": json.dumps(ASKED)}
    reply = {"status": status, "statusText": "x", "headers": HEADERS, "data": body, "responseTime": 20}
    return [{"iterationIndex": 0, "results": [{"request": asked, "response": reply, "error": None}]}]


def wiremock(status: int, body: Any) -> Any:
    reply = {"status": status, "jsonBody": body, "headers": {"Content-Type": JSON}}
    return {"mappings": [{"request": {"urlPath": "/v1/chat/completions", "method": "POST"}, "response": reply}]}


def nock(status: int, body: Any) -> Any:
    row = {"scope": "https://llm.example:443", "method": "POST", "path": "/v1/chat/completions", "body": ASKED}
    return [{**row, "status": status, "response": body, "rawHeaders": ["Content-Type", JSON]}]


def cassette(status: int, body: Any) -> Any:
    asked = {"method": "POST", "uri": URL, "headers": {k: [v] for k, v in SENT.items()}}
    kept = {"encoding": "utf-8", "string": json.dumps(body)}
    reply = {"body": kept, "headers": {"Content-Type": [JSON]}, "status": {"code": status, "message": "x"}}
    return {"http_interactions": [{"request": asked, "response": reply}], "recorded_with": "x"}


def pact(status: int, body: Any) -> Any:
    asked = {"method": "POST", "path": "/v1/chat/completions", "body": ASKED}
    reply = {"status": status, "headers": HEADERS, "body": body}
    return {"consumer": {"name": "a"}, "interactions": [{"description": "x", "request": asked, "response": reply}]}


def charles(status: int, body: Any) -> Any:
    asked = {"header": {"headers": [{"name": "Authorization", "value": f"Bearer {KEY}"}]}}
    kept = {"text": json.dumps(body), "charset": "UTF-8"}
    reply = {"status": status, "header": {"headers": [{"name": "Content-Type", "value": JSON}]}, "body": kept}
    row = {"status": "COMPLETE", "method": "POST", "scheme": "https", "host": "llm.example"}
    return [{**row, "path": "/v1/chat/completions", "request": asked, "response": reply}]


def function(status: int, body: Any) -> Any:
    kept = base64.b64encode(json.dumps(body).encode()).decode()
    return {"statusCode": status, "headers": HEADERS, "body": kept, "isBase64Encoded": True}


def logged(status: int, body: Any) -> Any:
    row = {"method": "POST", "url": URL, "requestBody": ASKED, "requestHeaders": SENT, "status": status}
    return {"calls": [{**row, "responseHeaders": HEADERS, "responseBody": json.dumps(body)}]}


FORMS = (postman, newman, bruno, wiremock, nock, cassette, pact, charles, function, logged)


def judged(kept: Any) -> dict[str, Any]:
    return judge_bytes(kept if isinstance(kept, bytes) else json.dumps(kept).encode(), only=["happy"]).document


@pytest.mark.parametrize("form", FORMS)
def test_a_good_reply_is_go(form: Made) -> None:
    document = judged(form(200, GOOD))
    assert document["verdict"] == "GO", document["diagnoses"]
    assert document["exchanges"][0]["response"]["status"] == 200


@pytest.mark.parametrize("form", FORMS)
def test_a_refusal_is_told_and_the_key_is_not(form: Made) -> None:
    document = judged(form(401, REFUSED))
    first = document["diagnoses"][0]
    assert (document["verdict"], first["code"], first["owner"]) == ("NO-GO", "auth.rejected", "you")
    assert KEY not in json.dumps(document)


def test_the_request_beside_it_is_known() -> None:
    for form in (postman, newman, bruno, nock, cassette, charles):
        (entry,) = captures.read(json.dumps(form(200, GOOD)).encode()).entries
        assert (entry.method, entry.url) == ("POST", URL), form
    (entry,) = captures.read(json.dumps(nock(200, GOOD)).encode()).entries
    assert entry.body is not None and json.loads(entry.body) == ASKED


def test_each_line_of_a_batch_is_a_reply() -> None:
    rows = [{"custom_id": "1", "response": {"status_code": 200, "body": GOOD}, "error": None}]
    rows += [{"custom_id": "2", "response": {"status_code": 401, "body": REFUSED}, "error": None}]
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    replies = [entry.response for entry in captures.read(data).entries]
    assert [reply.status for reply in replies if reply is not None] == [200, 401]
    assert judged(data)["diagnoses"][0]["code"] == "auth.rejected"


def test_what_other_hosts_said_is_left_out() -> None:
    other = {
        "request": {"method": "GET", "url": "https://llm.example/health"},
        "response": {"status": 503, "body": "x"},
    }
    capture = captures.read(json.dumps([other, *bruno(200, GOOD)]).encode())
    assert len(capture.entries) == 1 and "1 of 2 replies left out" in capture.notes[0]


def test_where_a_tool_keeps_a_variable_for_the_host_the_path_tells_whose_reply_it_is() -> None:
    def item(url: Any) -> Any:
        asked = {"method": "POST", "url": url}
        return {"request": asked, "response": [{"code": 503, "header": LISTED, "body": "busy"}]}

    urls = ["{{base}}/v1/chat/completions", {"raw": "{{base}}/users"}, "/v1/chat/completions", "/health"]
    capture = captures.read(json.dumps({"info": {}, "item": [item(url) for url in urls]}).encode())
    assert len(capture.entries) == 2 and "2 of 4 replies left out" in capture.notes[0]


def test_a_key_that_a_tool_keeps_apart_from_its_requests_is_not_shown() -> None:
    key = "q8Zr2LxW7vTn4KdY1mPb"
    quoted = {"error": {"message": f"no such key: {key[::-1]} {key}", "code": "invalid_api_key"}}
    for apart in (
        {"auth": {"type": "bearer", "bearer": [{"key": "token", "value": key, "type": "string"}]}},
        {"variable": [{"key": "api_key", "value": key}]},
        {"environment": {"api_key": key}},
    ):
        told = json.dumps(judged({**bruno(401, quoted)[0], **apart}))
        assert "no such key" in told and key not in told and key[::-1] not in told, apart


@pytest.mark.parametrize(
    "kept",
    [
        {"clientName": "Thunder Client", "requests": [{"name": "a", "url": URL, "method": "POST", "body": {}}]},
        {"info": {}, "item": [{"request": {"method": "POST", "url": {"raw": URL}}}]},
    ],
)
def test_requests_alone_are_refused(kept: Any) -> None:
    with pytest.raises(Unreadable, match=r"no reply|not a reply"):
        captures.read(json.dumps(kept).encode())


@pytest.mark.parametrize(
    "body",
    [
        {**GOOD, "debug": {"status": 500, "headers": {"x": "y"}, "body": "upstream"}},
        {"error": {"message": "no", "code": 429, "metadata": {"status": 500, "headers": {"x": "y"}, "body": "z"}}},
    ],
)
def test_what_stands_in_a_body_is_no_reply_of_its_own(body: Any) -> None:
    (entry,) = captures.read(json.dumps(body).encode()).entries
    assert entry.response is not None and json.loads(entry.response.body) == body


@pytest.mark.parametrize(
    "kept", [[1, 2, {"status": True, "headers": {"a": 1}, "body": "x"}], {"response": {"status": 200}}]
)
def test_what_is_no_record_is_read_by_others(kept: Any) -> None:
    try:
        capture = captures.read(json.dumps(kept).encode())
    except Unreadable:
        return
    assert "record of a request" not in capture.format


def test_many_and_deep_values_take_no_long_time() -> None:
    deep: Any = bruno(200, GOOD)
    for _ in range(400):
        deep = {"response": deep}
    wide = [{"request": {}, "response": {"status": 200}} for _ in range(100_000)]
    for kept in (deep, wide):
        begun = time.process_time()
        try:
            captures.read(json.dumps(kept).encode())
        except Unreadable:
            pass
        assert time.process_time() - begun < 5
