"""Making exchanges from a few words, and running everything that follows the wire on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import chatproof
from chatproof.contract.clause import Context, Example
from chatproof.contract.probe import build
from chatproof.diagnosis.diagnosis import Diagnosis, diagnose
from chatproof.diagnosis.failure_modes import Case
from chatproof.evidence.reply import Reply
from chatproof.judging import narrowing
from chatproof.judging.contract import smoke_contract
from chatproof.judging.judge import Judgement, judge
from chatproof.record.document import Facts, Run
from chatproof.record.document import build as build_record
from chatproof.surfaces import surface_of
from chatproof.target import config_reading, trust
from chatproof.target import profile as profiles
from chatproof.target.target import Target
from chatproof.wire.exchange import Exchange, Fault, Request, Secret, Timings
from chatproof.wire.http1 import ResponseReader
from chatproof.wire.urls import parse_base_url

CHAT = surface_of("chat")
KEY = "sk-Canary7Qv2mXw9LpTz4RbN8sKd3YhF6"
MODEL = "gpt-x"
COMPLETION = (
    '{"id":"c1","object":"chat.completion","created":1795379441,"model":"gpt-x","choices":[{"index":0,'
    '"message":{"role":"assistant","content":"pong"},"finish_reason":"stop"}],'
    '"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}'
)
REFUSAL = '401 application/json\n\n{"error":{"message":"Invalid token","type":"invalid_request_error","code":""}}'
STREAM = (
    '200 text/event-stream\n\ndata: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},'
    '"finish_reason":null}]}\n\ndata: {"choices":[{"index":0,"delta":{"content":"pong"},"finish_reason":null}]}\n\n'
    'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
GOOD = {
    "happy": f"200 application/json\n\n{COMPLETION}",
    "auth.invalid_key": REFUSAL,
    "auth.missing_key": REFUSAL,
    "models": '200 application/json\n\n{"object":"list","data":[{"id":"gpt-x"},{"id":"gpt-y"}]}',
    "stream": STREAM,
}


def wire(text: str | bytes) -> bytes:
    """`STATUS MEDIA`, header lines, blank line, body → the bytes of an HTTP/1.1 response."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    head, _, body = data.partition(b"\n\n")
    first, *headers = head.split(b"\n")
    status, _, media = first.partition(b" ")
    lines = [b"HTTP/1.1 " + status + b" Said"]
    if media:
        lines.append(b"Content-Type: " + media)
    lines += headers
    if not any(line.lower().startswith((b"content-length", b"transfer-encoding")) for line in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class LeftOpen(bytes):
    """The bytes of a reply after which nothing more comes, not even the end of the connection."""


def from_example(example: Example) -> bytes:
    lines = [f"HTTP/1.1 {example.status} Said".encode()]
    if example.media:
        lines.append(b"Content-Type: " + example.media.encode())
    lines += [name + b": " + value for name, value in example.extra]
    if example.left_open:
        chunk = b"%x\r\n%b\r\n" % (len(example.body), example.body)
        return LeftOpen(b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", chunk]))
    lines.append(b"Content-Length: %d" % len(example.body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + example.body


def request(
    probe: str, base: str = "https://llm.test/v1", key: str | None = KEY, model: str = MODEL, api: str = "chat"
) -> Request:
    url = parse_base_url(base)
    assert not isinstance(url, tuple) or hasattr(url, "origin"), url
    secret = Secret(key) if key else None
    return build(surface_of(api).known(probe), url, model, secret, "Authorization: Bearer", "chatproof/test")  # type: ignore[arg-type]


def exchange(probe: str, reply: bytes | Fault, **request_options: Any) -> Exchange:
    """The exchange that these bytes (or this fault) make."""
    asked = request(probe, **request_options)
    if isinstance(reply, Fault):
        return Exchange(f"x-{probe}", probe, "2026-11-22T00:00:00.000Z", asked, None, reply, Timings(), None)
    reader = ResponseReader(asked.method)
    reader.feed(reply)
    if isinstance(reply, LeftOpen):  # as the transport does, once it has waited
        reader.settle()
    reader.eof()
    return Exchange(f"x-{probe}", probe, "2026-11-22T00:00:00.000Z", asked, reader.response(), reader.fault)


class Played:
    """A run without a network: what came back, and all that follows from it."""

    def __init__(self, replies: dict[str, bytes | Fault], **options: Any) -> None:
        self.profile = profiles.load(options.get("profile", "generic"))
        self.contract = smoke_contract(
            self.profile,
            stream="stream" in replies,
            strict=options.get("strict", False),
            only=options.get("only", ()),
            skip=options.get("skip", ()),
        )
        base, model = options.get("base", "https://llm.test/v1"), options.get("model", MODEL)
        key = None if options.get("no_key") else KEY
        self.exchanges = [exchange(p, r, base=base, model=model, key=key) for p, r in replies.items()]
        self.judgement: Judgement = judge(
            self.contract,
            self.exchanges,
            model=model,
            key=Secret(key) if key else None,
            no_auth=options.get("no_auth", False),
        )
        self.diagnoses: tuple[Diagnosis, ...] = diagnose(self.judgement)
        self.target = Target(base, model=model, key=Secret(KEY), key_source="env:TEST_KEY", environment="test")

    @property
    def verdict(self) -> str:
        return self.judgement.verdict

    def having(self, outcome: str) -> list[str]:
        return [f.clause for f in self.judgement.findings if f.outcome == outcome]

    @property
    def codes(self) -> list[str]:
        return [d.code for d in self.diagnoses]

    @property
    def record(self) -> Run:
        less = self.contract.narrowed
        notes = tuple(narrowing.notes(self.contract, self.judgement, less)) if less else ()
        facts = Facts(
            "smoke-20261122-000000-abcdef",
            "smoke",
            "2026-11-22T00:00:00.000Z",
            "2026-11-22T00:00:01.000Z",
            {},
            notes,
            narrowed=less,
        )
        return build_record(self.target, self.contract, self.exchanges, self.judgement, self.diagnoses, facts)


def play(replies: dict[str, str | bytes | Fault] | None = None, **options: Any) -> Played:
    """A run where the named probes are answered so, and the others well. `stream` is played only when named."""
    named = replies or {}
    whole: dict[str, str | bytes | Fault] = {p: r for p, r in GOOD.items() if p != "stream"}
    if options.get("no_auth"):
        whole = {p: r for p, r in whole.items() if not p.startswith("auth.")}
    if "all" in named:
        whole = dict.fromkeys(whole, named["all"])
    whole.update({p: r for p, r in named.items() if p != "all"})
    return Played({p: r if isinstance(r, Fault | bytes) else wire(r) for p, r in whole.items()}, **options)


def case_of(
    reply: str, *, probe: str = "happy", beside: dict[str, str] | None = None, key: str | None = KEY, **changed: Any
) -> Case:
    """What a failure mode's pattern is asked about, without a run: one reply, and those to other probes beside it.

    `changed` are fields of the exchange: a fault, what a capture does not hold.
    """
    asked = exchange(probe, wire(reply), key=key)._replace(**changed)
    replies = {other: Reply(exchange(other, wire(text))) for other, text in (beside or {}).items()}
    replies[probe] = Reply(asked)
    return Case(replies[probe], Context(profiles.load("generic"), MODEL, Secret(KEY), replies, CHAT), ())


def approve(path: Path) -> None:
    """What `chatproof config trust --yes FILE` does, in this process."""
    loaded = config_reading.load(str(path))
    trust.approve(str(path), trust.digest(loaded, trust.authorities(loaded)), "2026-11-28T00:00:00Z")


def schema(name: str) -> dict[str, Any]:
    """A published JSON Schema, such as run-1."""
    path = Path(chatproof.__file__).parent / "schemas" / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
