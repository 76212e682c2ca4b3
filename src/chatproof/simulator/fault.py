"""What a fault is: one row of a table. Which requests it touches, what it makes of their answer, where it listens."""

import json
import zlib
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, NamedTuple

from chatproof.simulator import chat
from chatproof.simulator.wire import (
    CLOSE,
    EMPTY,
    GOOD,
    JSON,
    MISSING,
    SSE,
    WRONG,
    Asked,
    Headers,
    Reply,
    Script,
    chunk,
    head,
    message,
)

GO, NO_GO, UNDECIDED = "GO", "NO-GO", "UNDECIDED"

# The seed's seven failure modes, in its words.
KEY_REJECTED = "Authentication rejected (401/403) with a key that appears valid"
MODEL_REJECTED = "Model not found or model identifier rejected (400 or 404)"
MALFORMED_REQUEST = "Malformed request body (400 Bad Request)"
EMPTY_CHOICES = "Valid JSON structure but empty choices array"
NON_JSON = "Non-JSON response body (502/503/504 or proxy error)"
STREAM_UNASKED = "Streaming response received when stream: false was sent"
CI_ONLY = "Smoke test passes locally but fails in CI/CD"
SEED_MODES = (KEY_REJECTED, MODEL_REJECTED, MALFORMED_REQUEST, EMPTY_CHOICES, NON_JSON, STREAM_UNASKED, CI_ONLY)

SERVE, NOT_LISTENING, BACKLOG_FULL = "serve", "not listening", "backlog full"


class Turn(NamedTuple):
    """A request, the conformant answer to it, and the simulator's own key, for faults that leak it."""

    asked: Asked
    reply: Reply
    key: str


class Place(NamedTuple):
    """Where the simulator is to be found; the defaults are what works."""

    path: str = "/v1"  # of the base URL
    host: str = "127.0.0.1"
    scheme: str = ""  # "" follows the certificate
    certificate: str = ""  # a file in certs/, without .pem; "" serves plain HTTP
    trusted: bool = True  # the CA file is given to the client
    listen: str = SERVE
    proxy: bool = False  # the client is told to use the simulator as its proxy, too


Alter = Callable[[Turn], Reply | Script]
When = Callable[[Turn], bool]


def unchanged(turn: Turn) -> Reply:
    return turn.reply


class Fault(NamedTuple):
    """One row. `code` is the principal diagnosis that a smoke run must come to; "" when there must be none.

    A row with `breaks` or `states` is of validate: its code and verdict are those of a validate run, which finds these
    clauses broken and no other, and these states of capabilities.
    """

    name: str
    about: str  # one sentence
    code: str
    verdict: str
    when: When
    alter: Alter = unchanged
    seed: str = ""  # the seed's failure mode that it plays
    place: Place = Place()
    timeout: float = 0.0  # seconds that a demonstration run should allow; 0.0: the default
    stream: bool = False  # only shows with --stream
    breaks: tuple[str, ...] = ()  # clause ids
    states: tuple[str, ...] = ()  # capability=state
    extras: tuple[str, ...] = ()  # opt-in probes that it takes to see it


# -- which requests -----------------------------------------------------------------------------------------


def everything(turn: Turn) -> bool:
    return True


def nothing(turn: Turn) -> bool:
    """For faults of the place alone."""
    return False


def connecting(turn: Turn) -> bool:
    """The client takes the simulator for its proxy."""
    return turn.asked.method == "CONNECT"


def chatting(turn: Turn) -> bool:
    return turn.asked.path.endswith("/chat/completions")


def granted(turn: Turn) -> bool:
    """A chat request with the good key."""
    return chatting(turn) and turn.asked.credential == GOOD


def plain(turn: Turn) -> bool:
    """The happy path: a valid chat request that asks for no stream."""
    return granted(turn) and turn.reply.status == 200 and not turn.reply.events


def streaming(turn: Turn) -> bool:
    """A valid chat request that asks for a stream."""
    return granted(turn) and bool(turn.reply.events)


def refused(turn: Turn) -> bool:
    """A chat request with a wrong key or none."""
    return chatting(turn) and turn.asked.credential != GOOD


def wrong_key(turn: Turn) -> bool:
    return chatting(turn) and turn.asked.credential == WRONG


def no_key(turn: Turn) -> bool:
    return chatting(turn) and turn.asked.credential == MISSING


def with_key(turn: Turn) -> bool:
    """Any request with the good key: chat and listing alike."""
    return turn.asked.credential == GOOD


def empty_key(turn: Turn) -> bool:
    """A chat request with a scheme and no key behind it, as from a pipeline whose secret is missing."""
    return chatting(turn) and turn.asked.credential == EMPTY


def json_of(turn: Turn) -> dict[str, Any]:
    """The request's JSON object; empty when it has none."""
    try:
        value = json.loads(turn.asked.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def asking(*names: str, stream: bool | None = None) -> When:
    """A valid chat request with one of these parameters; streamed or not, if that is said."""

    def when(turn: Turn) -> bool:
        if not granted(turn) or turn.reply.status != 200:
            return False
        body = json_of(turn)
        return any(name in body for name in names) and stream in (None, bool(body.get("stream")))

    return when


def listing(turn: Turn) -> bool:
    """A listing of models that would be given."""
    return turn.asked.path.endswith("/models") and turn.reply.status == 200


# -- what is made of the answer: correct HTTP ----------------------------------------------------------------


def error(
    status: int,
    message: str,
    code: str | None = None,
    type: str = "invalid_request_error",
    param: str | None = None,
    headers: Headers = (),
) -> Alter:
    """A JSON error in OpenAI's shape."""
    reply = chat.error(status, message, type=type, param=param, code=code, headers=headers)
    return lambda turn: reply


def comet_error(status: int, message: str, code: str = "", type: str = "comet_api_error") -> Alter:
    """A JSON error as CometAPI and its kin write it: the request id stands inside the message."""

    def alter(turn: Turn) -> Reply:
        said = f"{message} (request id: {turn.asked.id})"
        return chat.json_reply({"error": {"message": said, "type": type, "param": "", "code": code}}, status)

    return alter


def says(status: int, value: object, headers: Headers = ()) -> Alter:
    """Any JSON value."""
    reply = chat.json_reply(value, status, headers)
    return lambda turn: reply


def body(data: bytes, media: str = JSON, status: int = 200, headers: Headers = ()) -> Alter:
    """Any bytes; an empty media type leaves the Content-Type header out."""
    typed = (("Content-Type", media),) if media else ()
    return lambda turn: Reply(status, (*typed, *headers), data)


def page(status: int, title: str, text: str = "", headers: Headers = ()) -> Alter:
    """An HTML page, as gateways, dashboards and login walls send it."""
    html = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
    return body(html.encode(), "text/html; charset=utf-8", status, headers)


def edited(change: Callable[[dict[str, Any]], object]) -> Alter:
    """The conformant JSON answer after `change` was applied to its value."""

    def alter(turn: Turn) -> Reply:
        value = json.loads(turn.reply.body)
        change(value)
        return turn.reply._replace(body=json.dumps(value).encode())

    return alter


def choice(**fields: object) -> Alter:
    """The conformant answer with other fields in choices[0]."""
    return edited(lambda value: value["choices"][0].update(fields))


def answer(finish: str = "stop", **fields: object) -> Alter:
    """The conformant answer with other fields in choices[0].message."""

    def change(value: dict[str, Any]) -> None:
        first = value["choices"][0]
        first["message"].update(fields)
        first["finish_reason"] = finish

    return edited(change)


def rewritten(change: Callable[[bytes], bytes]) -> Alter:
    """The conformant answer with other bytes in its body; the length stays true."""
    return lambda turn: turn.reply._replace(body=change(turn.reply.body))


def labelled(status: int = 0, media: str = "", *more: tuple[str, str]) -> Alter:
    """The conformant answer under another status or media type, or with more headers."""

    def alter(turn: Turn) -> Reply:
        reply = turn.reply
        headers = (("Content-Type", media), *reply.headers[1:]) if media else reply.headers
        return reply._replace(status=status or reply.status, headers=(*headers, *more))

    return alter


def events(change: Callable[[tuple[bytes, ...]], Iterable[bytes]]) -> Alter:
    """The conformant stream with other events."""
    return lambda turn: turn.reply._replace(events=tuple(change(turn.reply.events)))


def google_error(status: int, message: str, word: str) -> Alter:
    """Google's shape: an array of one error object."""
    return says(status, [{"error": {"code": status, "message": message, "status": word}}])


def newapi_error(status: int, message: str, code: str) -> Alter:
    return comet_error(status, message, code, "new_api_error")


def gzipped(data: bytes | None = None, cut: int = 0) -> Alter:
    """The answer, or other data, compressed; its last `cut` bytes are left out."""

    def alter(turn: Turn) -> Reply:
        packer = zlib.compressobj(wbits=31)
        packed = packer.compress(turn.reply.body if data is None else data) + packer.flush()
        headers = (*turn.reply.headers, ("Content-Encoding", "gzip"))
        return turn.reply._replace(headers=headers, body=packed[: len(packed) - cut])

    return alter


def let_in(turn: Turn) -> Reply:
    """What the good key would have got."""
    return chat.respond(turn.asked._replace(credential=GOOD))


# -- what is made of the answer: raw bytes -------------------------------------------------------------------


def script(pieces: Callable[[bytes, bytes], Iterable[bytes]], end: str = CLOSE, pause: float = 0.0) -> Alter:
    """Raw bytes made from the conformant answer's header block and body."""

    def alter(turn: Turn) -> Script:
        top, blank, rest = b"".join(message(turn.asked, turn.reply)).partition(b"\r\n\r\n")
        return Script(pieces(top + blank, rest), pause, end)

    return alter


def after_stream(*pieces: bytes, end: str, pause: float = 0.0, keep: int | None = None) -> Alter:
    """The stream's chunks without the last, empty one, then these pieces."""

    def alter(turn: Turn) -> Script:
        first = head(turn.asked, 200, (("Content-Type", SSE), ("Transfer-Encoding", "chunked")))
        return Script((first + b"".join(map(chunk, turn.reply.events[:keep])), *pieces), pause, end)

    return alter


def length_twice(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The conformant answer with a second Content-Length, which is right as well; a stream has none."""
    line = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), b"")
    return (head.replace(line, line + b"\r\n" + line, 1) if line else head), body


def folded_head(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The conformant answer with a header whose value goes on in the next line."""
    return head.replace(b"\r\n", b"\r\nX-Trace: route=eu-1;\r\n hop=2\r\n", 1), body


def large_head(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The conformant answer with a head that is larger than Node reads."""
    return head.replace(b"\r\n", b"\r\nX-Trace: " + b"a" * 17_000 + b"\r\n", 1), body


def with_head(*headers: tuple[str, str], change: Callable[[bytes], Iterable[bytes]], end: str = CLOSE) -> Alter:
    """A 200 whose headers about length and coding are exactly these, then pieces made from the conformant body."""

    def alter(turn: Turn) -> Script:
        first = head(turn.asked, 200, (("Content-Type", JSON), *headers))
        return Script((first, *change(turn.reply.body)), end=end)

    return alter


def under_head(*headers: tuple[str, str], pieces: Iterable[bytes]) -> Alter:
    """A 200 with these headers, then pieces that may never end."""
    return lambda turn: Script(chain((head(turn.asked, 200, (("Content-Type", JSON), *headers)),), pieces))
