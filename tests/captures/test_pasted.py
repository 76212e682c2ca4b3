"""What people paste: text of the terminal around a reply, other layouts, SDK errors, logs, files that are no reply.

Each row is a kind of its own; what the tool did is blamed on no server, and what was not told is not judged.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chatproof import captures
from chatproof.captures import curl_command, paste, trouble
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.judging.contract import Choice
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import BODY, END
from tests.pace import within

OK = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "pong"}, "finish_reason": "stop"}],
    }
)
HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(OK)}\r\n\r\n"
HEAD2 = "HTTP/2 200 \r\ncontent-type: application/json\r\n\r\n"
REPLY, REPLY2 = HEAD + OK, HEAD2 + OK
V = (
    "*   Trying 192.0.2.7:443...\n* Connected to llm.test (192.0.2.7) port 443 (#0)\n* ALPN: offers h2\n"
    "> POST /v1/chat/completions HTTP/1.1\n> Host: llm.test\n> Authorization: Bearer sk-made-0123456789abcdefghij\n>\n"
)


def judged(text: str | bytes, *only: str) -> dict:
    data = text.encode() if isinstance(text, str) else text
    asked = Asked(choice=Choice(only=only or ("happy",)))
    return judge_captures([Source("pasted", captures.read(data))], asked).document


def told(document: dict) -> tuple[str, str, str]:
    first = (document["diagnoses"] or [{"code": "", "owner": ""}])[0]
    return document["verdict"], first["code"], first["owner"]


AROUND = {
    "-w behind a length": REPLY + "\n200",
    "-w on the same line": REPLY2 + "200",
    "-w with a name": REPLY2 + "\nhttp_code: 200 time_total: 0.31",
    "zsh's mark": REPLY2 + "%                             \n",
    "zsh's mark and a prompt": REPLY2 + "%\nuser@host ~ % ",
    "time of bash": REPLY + "\nreal\t0m0.072s\nuser\t0m0.000s\nsys\t0m0.006s\n",
    "time of zsh": REPLY2 + "\ncurl -i https://x  0.01s user 0.01s system 3% cpu 0.412 total\n",
    "a command before": "$ curl -i https://llm.test/v1/chat/completions -d @body.json\n" + REPLY + "\n$ ",
    "a long command before": "curl -i https://llm.test/v1/chat/completions \\\n  -H 'Content-Type: application/json' \\\n"
    """  -d '{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'\n""" + REPLY,
    "words of a person before": "Here is what I get:\n\n" + REPLY,
    "a fence of Markdown": "```http\n" + REPLY.replace("\r\n", "\n") + "\n```\n",
    "an indentation": "\n".join("    " + line for line in REPLY.replace("\r\n", "\n").split("\n")),
    "times of a log": "".join(f"2026-06-01T10:00:00.1234567Z {line}\n" for line in REPLY.split("\r\n")),
    "times of --trace-time": "".join(f"10:00:00.123456 {line}\n" for line in (V + "< HTTP/2 200").split("\n"))
    + "10:00:00.2 < content-type: application/json\n10:00:00.2 < \n"
    + OK,
    "names of Docker Compose": "".join(f"client-1  | {line}\n" for line in REPLY.split("\r\n")),
    "colours": REPLY.replace("Content-Type", "\x1b[1mContent-Type\x1b[0m"),
    "UTF-16": REPLY.encode("utf-16"),
    "UTF-16 without a mark": REPLY.encode("utf-16-le"),
    "reformatted": HEAD + json.dumps(json.loads(OK), indent=2),
    "laid out without blanks": HEAD + json.dumps(json.loads(OK), separators=(",", ":")),
    "marks without their blank": V + "< HTTP/1.1 200 OK\n< Content-Type: application/json\n<\n" + OK,
    "lines left out": V + "...\n< HTTP/2 200\n...\n< content-type: application/json\n<\n\n" + OK,
    "a quotation": "".join(f"> {line}\n" for line in REPLY.split("\r\n")),
    "chunks undone": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n" + OK,
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_around_a_reply_is_not_judged(name: str) -> None:
    document = judged(AROUND[name])
    assert told(document) == ("GO", "", ""), document["findings"]


@pytest.mark.parametrize("name", AROUND)
def test_a_break_inside_is_seen_all_the_same(name: str) -> None:
    raw = AROUND[name]
    data = raw if isinstance(raw, bytes) else raw.encode()
    coding = "utf-16-le" if data[1:2] == b"\0" else "utf-16" if data[:2] == b"\xff\xfe" else "utf-8"
    broken = data.replace(
        "pong".encode(coding).removeprefix(b"\xff\xfe"), "    ".encode(coding).removeprefix(b"\xff\xfe")
    )
    assert broken != data
    assert told(judged(broken))[:2] == ("NO-GO", "content.empty")


KEPT = {
    "two documents on one line": HEAD2 + OK + OK,
    "one document a line, as a stream": HEAD2 + OK + "\n" + OK,
    "a percent sign that is counted": HEAD.replace(str(len(OK)), str(len(OK) + 1)) + OK + "%",
    "words on the same line": HEAD2 + OK + "Internal error",
}


@pytest.mark.parametrize("name", KEPT)
def test_what_the_server_sent_behind_the_document_is_judged(name: str) -> None:
    assert told(judged(KEPT[name]))[:2] == ("NO-GO", "body.not_json")


def test_excess_that_curl_tells_of_is_the_servers() -> None:
    text = V + f"< HTTP/1.1 200 OK\n< Content-Length: {len(OK)}\n< \n* Excess found in a read: excess = 5\n" + OK
    assert told(judged(text))[:2] == ("UNDECIDED", "http.framing")


def test_several_replies_are_several_exchanges() -> None:
    lost = (
        'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{"detail":"Not Found"}'
    )
    capture = captures.read(f"{REPLY}\n\n{lost}\n{REPLY}".encode())
    assert [entry.response.status for entry in capture.entries if entry.response] == [200, 404, 200]
    assert "the file contains 3 replies" in capture.notes[-1]


def test_the_command_before_a_reply_tells_the_request() -> None:
    text = """$ curl -sS -i -X POST "https://llm.test/v1/chat/completions" -H "Authorization: Bearer $KEY" \\
      -H 'X-Team: a' --json '{"model":"m","messages":[]}'\n"""
    found = curl_command.command(text.encode())
    assert found is not None
    assert (found.method, found.url) == ("POST", "https://llm.test/v1/chat/completions")
    assert found.headers == (("Authorization", "Bearer $KEY"), ("X-Team", "a"))
    assert found.body == b'{"model":"m","messages":[]}'
    assert curl_command.command(b"no command here") is None
    assert curl_command.command(b"curl -i 'https://a quotation without its end") is None


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("(60) SSL certificate problem: certificate has expired", "tls.expired"),
        ("(60) SSL: no alternative certificate subject name matches target host name 'x'", "tls.hostname_mismatch"),
        ("(60) SSL certificate problem: self-signed certificate in certificate chain", "tls.untrusted"),
        ("(35) OpenSSL SSL_connect: Connection reset by peer in connection to x:443", "net.reset"),
        ("(35) error:0A00010B:SSL routines::wrong version number", "tls.protocol"),
        ("(56) Received HTTP code 407 from proxy after CONNECT", "net.proxy"),
        ("(56) CONNECT tunnel failed, response 403", "net.proxy"),
        (
            "(56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required",
            "tls.client_certificate",
        ),
        ("(56) Recv failure: Connection reset by peer", "net.reset"),
        ("(28) Resolving timed out after 5000 milliseconds", "net.dns"),
        ("(28) Connection timed out after 5001 milliseconds", "net.connect_timeout"),
        ("(28) Operation timed out after 30001 milliseconds with 0 bytes received", "limit.deadline"),
        ("(7) Failed to connect to 10.0.0.1 port 443: No route to host", "net.unreachable"),
        ("(7) Failed to connect to x port 443 after 2 ms: Couldn't connect to server", "net.refused"),
        ("(6) Could not resolve host: llm.test", "net.dns"),
        ("(18) transfer closed with 120 bytes remaining to read", "http.incomplete_body"),
        ("(52) Empty reply from server", "net.closed"),
        ("(1) Received HTTP/0.9 when not allowed", "http.not_http"),
    ],
)
def test_curls_sentence_decides_not_its_number(sentence: str, code: str) -> None:
    assert told(judged(f"curl: {sentence}"))[:2] == ("UNDECIDED", code)


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("(3) URL using bad/illegal format or missing URL", "the URL is malformed"),
        ("(26) Failed to open/read local data from file/application", "the file"),
        ("(77) error setting certificate verify locations", "CA file"),
        ("(58) could not load PEM client certificate", "client certificate"),
    ],
)
def test_where_curl_sent_nothing_no_server_is_judged(sentence: str, why: str) -> None:
    with pytest.raises(captures.Unreadable, match=f"curl sent nothing: .*{why}"):
        captures.read(f"curl: {sentence}\n".encode())


PASTED = {
    "openai-python with the body": (
        'Traceback (most recent call last):\n  File "ask.py", line 3, in <module>\nopenai.NotFoundError: Error code: 404 - '
        "{'error': {'message': \"The model 'gpt-x' does not exist\", 'code': 'model_not_found', 'param': None}}",
        "NO-GO",
        "model.unavailable",
    ),
    "openai-python without a body": ("openai.AuthenticationError: Error code: 401", "NO-GO", "auth.rejected"),
    "openai-python, a page": (
        "openai.InternalServerError: <html>\n<head><title>502 Bad Gateway</title></head>\n</html>",
        "NO-GO",
        "gateway.error",
    ),
    "openai-python, refused": (
        "httpcore.ConnectError: [Errno 111] Connection refused\n\nThe above exception was the direct cause of the following "
        "exception:\n\nopenai.APIConnectionError: Connection error.",
        "UNDECIDED",
        "net.refused",
    ),
    "openai-python, certificate": (
        "httpcore.ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer "
        "certificate (_ssl.c:1000)\nopenai.APIConnectionError: Connection error.",
        "UNDECIDED",
        "tls.untrusted",
    ),
    "openai-node": (
        "AuthenticationError: 401 Incorrect API key provided: sk-abc***xyz.\n    at APIError.generate (/app/node_modules/"
        "openai/error.js:45:20) {\n  status: 401,\n  request_id: 'req_1',\n  error: {\n    message: 'Incorrect API key "
        "provided: sk-abc***xyz.',\n    code: 'invalid_api_key'\n  },\n  code: 'invalid_api_key'\n}",
        "NO-GO",
        "auth.rejected",
    ),
    "openai-node, refused": (
        "APIConnectionError: Connection error.\n    at OpenAI.makeRequest (/app/node_modules/openai/client.js:9:1) {\n"
        "  cause: FetchError: request to http://localhost:11434/v1/chat/completions failed, reason: connect ECONNREFUSED "
        "127.0.0.1:11434\n}",
        "UNDECIDED",
        "net.refused",
    ),
    "the AI SDK": (
        "AI_APICallError: Not Found\n    at x {\n  url: 'https://llm.test/v1/chat/completions',\n  statusCode: 404,\n"
        "  responseHeaders: { 'content-type': 'application/json' },\n  responseBody: '{\"error\":{\"message\":\"The model "
        '`m` does not exist","code":"model_not_found"}}\',\n  isRetryable: false\n}',
        "NO-GO",
        "model.unavailable",
    ),
    "axios": (
        "AxiosError: Request failed with status code 429\n    at settle (/a/b.js:1:1)",
        "NO-GO",
        "account.rate_limited",
    ),
    "httpx's log": (
        'INFO:httpx:HTTP Request: POST https://llm.test/v1/chat/completions "HTTP/1.1 503 Service Unavailable"',
        "NO-GO",
        "gateway.error",
    ),
    "httpcore's log": (
        "DEBUG:httpcore.http11:receive_response_headers.complete return_value=(b'HTTP/1.1', 401, b'Unauthorized', "
        "[(b'content-type', b'application/json')])",
        "NO-GO",
        "auth.rejected",
    ),
    "LiteLLM": (
        "litellm.exceptions.RateLimitError: litellm.RateLimitError: RateLimitError: OpenAIException - You exceeded your "
        "current quota, please check your plan and billing details.",
        "NO-GO",
        "account.quota",
    ),
    "requests": (
        "requests.exceptions.HTTPError: 404 Client Error: Not Found for url: https://llm.test/v1/chat/completion",
        "NO-GO",
        "url.wrong_path",
    ),
}


@pytest.mark.parametrize("name", PASTED)
def test_the_exchange_in_a_clients_error_text(name: str) -> None:
    text, verdict, code = PASTED[name]
    document = judged(text)
    assert told(document)[:2] == (verdict, code), document["diagnoses"]
    assert document["diagnoses"][0]["next_step"]
    owners = [d for d in document["diagnoses"] if d["owner"] == "provider" and d["confidence"] == "certain"]
    assert not owners, "an error text shows too little for that"


def test_what_an_error_text_did_not_tell_is_undecided() -> None:
    document = judged("openai.AuthenticationError: Error code: 401")
    outcomes = {f["clause"]: f["outcome"] for f in document["findings"]}
    assert outcomes.pop("happy.status_200") == "broken"
    assert set(outcomes.values()) == {"undecided"}
    assert "it does not show the URL, the headers and the body" in " ".join(document["notes"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
            "the client could not read a reply as JSON",
        ),
        ("AI_APICallError: Invalid JSON response", "the client could not read a reply as JSON"),
        ("Traceback (most recent call last):\nKeyError: 'x'", "neither a status nor why"),
        ("AI_APICallError: Something odd happened", "neither a status nor why"),
    ],
)
def test_a_text_without_an_exchange_says_what_it_lacks(text: str, words: str) -> None:
    with pytest.raises(captures.Unreadable, match=words):
        captures.read(text.encode())


NO_REPLY = {
    "the body of a request": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "one event of a stream": {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "p"}}]},
    "a package.json": {"name": "a", "version": "1.0.0", "dependencies": {}},
    "a Postman collection": {"info": {"name": "x"}, "item": []},
    "a description of an API": {"openapi": "3.1.0", "paths": {}},
}


@pytest.mark.parametrize("what", NO_REPLY)
def test_a_json_file_that_is_no_reply_is_named(what: str) -> None:
    with pytest.raises(captures.Unreadable, match=what):
        captures.read(json.dumps(NO_REPLY[what]).encode())


def test_a_listing_alone_breaks_nothing() -> None:
    document = judged(json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}), "model")
    assert document["verdict"] != "NO-GO"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("net::ERR_ABORTED", 0, "cancelled"),
        ("net::ERR_FAILED", 200, "CORS"),
        ("net::ERR_BLOCKED_BY_CLIENT", 0, "blocked"),
        ("", 0, "CORS"),
    ],
)
def test_what_a_browser_did_is_no_servers_fault(name: str, status: int, words: str) -> None:
    sent = {"method": "POST", "url": "https://llm.test/v1/chat/completions", "headers": [], "postData": {"text": ""}}
    got = {"status": status, "headers": [], "content": {"size": 0}, "_error": name}
    entry = {"startedDateTime": "2026-06-01T10:00:00Z", "request": sent, "response": got}
    har = {"log": {"creator": {"name": "WebInspector"}, "entries": [entry]}}
    document = judged(json.dumps(har))
    assert told(document)[1:] == ("net.client", "you")
    assert words in json.dumps(document["diagnoses"])


@pytest.mark.parametrize("path", ["/v1/chat/completion", "/v1/chat/completions/x", "/v1/chat", "/v1/completions"])
def test_a_misspelt_path_is_the_users(path: str) -> None:
    lost = 'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{"detail":"Not Found"}'
    text = f"$ curl -i https://llm.test{path} -d @b.json\n{lost}"
    try:
        _, code, owner = told(judged(text))
    except UsageError as refused:
        assert path.rpartition("/v1")[2] in str(refused.detail)
        return
    assert (code.partition(".")[0], owner) == ("url", "you")


def test_a_reply_of_another_api_is_not_judged_by_this_contract() -> None:
    text = HEAD2 + json.dumps({"object": "response", "output": [{"type": "message"}]})
    with pytest.raises(UsageError) as refused:
        judged(text)
    assert "Responses API" in refused.value.detail


@pytest.mark.parametrize(
    "said",
    [
        b'Warning: Binary output can mess up your terminal. Use "--output -" to tell curl.\n',
        b"*** FIDDLER: RawDisplay truncated at 128 characters. ***",
        b"+-----------------------------------------+\n| NOTE: binary data not shown in terminal |\n",
    ],
)
def test_what_a_tool_writes_in_place_of_a_body_is_not_judged(said: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    (entry,) = captures.read(head + said).entries
    assert {BODY, END} <= entry.missing and entry.response is not None and entry.response.body == b""
    counted = head.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(said))
    assert captures.read(counted + said).entries[0].response.body == said  # type: ignore[union-attr]


WGET = (
    b"--2026-01-01 00:00:00--  https://a.test/v1\nHTTP request sent, awaiting response... \n  HTTP/1.1 200 OK\n"
    b"  Content-Type: application/json\nLength: 7 [application/json]\nSaving to: 'STDOUT'\n\n{\"a\":1}"
)


@pytest.mark.parametrize("hostile", [b"\x1b[" * 200_000, b"```\n" * 100_000, b" " * 2_000_000, b"HTTP/1.1 200\n" * 50_000,
                                     b"{" * 250_000, b"Error code: 404 - {" * 25_000, b"curl: (7) " * 100_000, b"x" + b" " * 75_000,
                                     b"Error code: 404 - " + b"$ curl x\n" * 33_000, WGET + b" .\n" * 25_000])  # fmt: skip
def test_hostile_files_are_read_in_linear_time(hostile: bytes) -> None:

    with within(5):
        try:
            captures.read(hostile)
        except captures.Unreadable:
            pass


@pytest.mark.parametrize(
    ("text", "put_in"),
    [
        (f"HTTP/1.1 502 Bad Gateway\n{OK}", True),
        (f"$ curl -i https://x\nHTTP/2 429\nretry-after: 5\ncontent-type: application/json\n{OK}", True),
        ("HTTP/1.1 503 No\ncontent-type: text/html\n<html>x</html>\n", True),
        ('HTTP/1.1 200 OK\ncontent-type: text/event-stream\ndata: {"choices":[]}\n\n', True),
        (f"> POST /v1 HTTP/1.1\n>\n< HTTP/1.1 200 OK\n< content-type: application/json\n<\n{OK}", False),
        (f"HTTP/1.1 200 OK\n< content-type: application/json\n<\n{OK}", False),
        (f"HTTP/1.1 200 OK\ndata: plain\n\n{OK}", False),
    ],
)
def test_an_empty_line_is_put_in_only_where_a_body_follows_the_head(text: str, put_in: bool) -> None:
    pasted = paste.clean(text.encode())
    assert ("the empty line between head and body was put in" in pasted.notes) is put_in
    assert (pasted.data != text.encode()) is put_in


def test_clean_bytes_are_not_touched() -> None:
    for text in (REPLY, REPLY2, V, OK, "data: {}\n\n"):
        assert paste.clean(text.encode()) == (text.encode(), ())


def test_every_row_of_the_table_of_words_is_reached() -> None:
    for words, code, phase in trouble._SENTENCES:
        plain = words.split("|")[0].replace("\\b", "").replace("(?:", "(").replace("[- ]", " ")
        sample = plain if not set(plain) & set("()[]?\\") else ""
        if sample:
            found = trouble.by_words(sample, "x")
            assert found is not None and (found.code, found.phase) == (code, phase)


DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "captures.md"
EXAMPLES = re.findall(
    r"(?s)```(?:text|json)\n(.*?)```", DOCUMENT.read_text(encoding="utf-8").partition("## One example")[2]
)
CODES = ("auth.rejected", "account.rate_limited", "auth.permission", "tls.expired", "model.unavailable", "account.quota", "gateway.error",
         "account.quota", "account.rate_limited", "url.wrong_path", "tls.untrusted", "model.unavailable",
         "url.wrong_path", "model.unavailable", "model.unavailable", "gateway.error",  # an example of each kind, in the document's order
         "gateway.error", "gateway.timeout", "net.client", "gateway.error", "net.dns", "tls.untrusted", "gateway.error", "gateway.error",
         "server.error", "model.unavailable", "auth.rejected", "url.wrong_path", "account.quota")  # fmt: skip


def test_each_example_of_the_documentation_is_read_as_it_says() -> None:
    examples = [example for example in EXAMPLES if "--only" not in example and "chatproof" not in example]
    assert len(examples) >= len(CODES)
    for example, code in zip(examples, CODES, strict=False):
        assert told(judged(example))[1] == code, example
