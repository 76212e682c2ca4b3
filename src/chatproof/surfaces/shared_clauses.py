"""Clauses that every API beside chat has, and how the clauses on a stream of events are registered.

An API's own file says what differs: its good reply, its source, and which of its clients breaks.
"""

from collections.abc import Callable
from typing import TypeVar

from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    LEAK,
    MUST,
    OWASP_LOGGING,
    RFC_8259,
    RFC_9112,
    SCHEMA,
    SHOULD,
    SSE_SPEC,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Judge,
    Outcome,
    Source,
    broken,
    holds,
    id_in,
    not_applicable,
)
from chatproof.contract.probe import ALL
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.clauses.auth import REFUSED
from chatproof.surfaces.chat.clauses.happy import (
    JSON,
    LINE_ENDS,
    NO_CR,
    body_json,
    line_ends,
    media_type_json,
    refused_by_node,
    status_200,
)
from chatproof.surfaces.chat.clauses.models import listed
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY, not_reflected
from chatproof.surfaces.chat.clauses.stream import events_parse, media_type
from chatproof.wire.strictjson import Json

SSE = "text/event-stream"
_J = TypeVar("_J", bound=Judge)
_UNAVAILABLE = Example(503, JSON, b'{"error":{"message":"no available channel"}}')


def add_plain_reply(
    clauses: Clauses,
    api: str,
    good: Example,
    source: Source,
    *,
    unavailable: Example = _UNAVAILABLE,
    mislabelled: str,
    unparsed: str = "A parser refuses it, or two parsers read it differently.",
    unsafe: bytes = b'{"a":1,"a":1}',
) -> None:
    """Add the clauses on the plain reply's status, media type and JSON. `mislabelled` and `unparsed` say who breaks."""
    clauses.add(
        f"{api}.happy.status_200",
        layer=TRANSPORT,
        area="Endpoint path",
        says="A valid request is answered with HTTP status 200.",
        source=source,
        probe="happy",
        why="Every SDK raises an error unless the status is a success.",
        holds_on=(good,),
        breaks_on=(unavailable, Example(201, JSON, good.body)),
    )(status_200)
    clauses.add(
        f"{api}.happy.media_type_json",
        layer=TRANSPORT,
        area="Response shape",
        says="The Content-Type header indicates JSON.",
        source=source,
        probe="happy",
        needs=(f"{api}.happy.status_200",),
        why=mislabelled,
        holds_on=(good, Example(200, "Application/JSON; Charset=UTF-8", good.body)),
        breaks_on=(*(Example(200, media, good.body) for media in ("text/html", "", "text/json")),),
    )(media_type_json)
    clauses.add(
        f"{api}.happy.body_json",
        layer=SCHEMA,
        area="Response shape",
        says="The body is one strict JSON document (RFC 8259).",
        source=RFC_8259,
        probe="happy",
        needs=(f"{api}.happy.status_200",),
        why=unparsed,
        holds_on=(good, Example(200, JSON, b"\n\n" + good.body)),
        breaks_on=(
            Example(200, "text/html", b"<html></html>"),
            *(Example(200, JSON, body) for body in (b"", good.body[:-9], unsafe)),
        ),
    )(body_json)


def add_line_ends(clauses: Clauses, api: str, good: Example, why: str = NO_CR) -> None:
    """Add the clause that the lines of a head end as in HTTP. `why` says who breaks."""
    clauses.add(
        f"{api}.head.line_ends",
        layer=TRANSPORT,
        area="Response shape",
        code="http.malformed",
        says=LINE_ENDS,
        source=RFC_9112,
        probe=ALL,
        why=why,
        holds_on=(good,),
        breaks_on=refused_by_node(good),
        check=3,
    )(line_ends)


def add_error_shape(clauses: Clauses, api: str, source: Source) -> None:
    """Add the clause that the words of a refused key stand where OpenAI's clients read them."""
    why = "The AI SDK, and openai-node before its version 7, show only the status, not why a key is refused."
    probe, need = "auth.invalid_key", f"{api}.auth.invalid_key.error_present"
    _add_shape(clauses, f"{api}.auth.error_shape", source, probe, "auth.error_body", need, why)


def add_refusal_shape(clauses: Clauses, api: str, source: Source) -> None:
    """Add the clause that the words of a refused model stand where OpenAI's clients read them."""
    why = "The AI SDK, and openai-node before its version 7, show only the status, not what is wrong with the request."
    probe = "error.unknown_model"
    need = f"{api}.{probe}.readable"
    _add_shape(clauses, f"{api}.{probe}.shape", source, probe, "contract.validation", need, why)


def _add_shape(clauses: Clauses, id: str, source: Source, probe: str, code: str, need: str, why: str) -> None:
    clauses.add(
        id,
        layer=SCHEMA,
        area="Error response shape",
        code=code,
        level=SHOULD,
        says="That error has this API's form: `error` is an object whose `message` is a string.",
        source=source,
        probe=probe,
        needs=(need,),
        why=why,
        holds_on=(REFUSED, Example(403, JSON, b'{"error":{"message":"Invalid token","code":401}}')),
        breaks_on=(
            Example(401, JSON, b'{"detail":"Unauthorized"}'),
            Example(401, JSON, b'{"error":"Unauthorized"}'),
            Example(401, JSON, b'{"error":{"code":"unauthorized"}}'),
            Example(401, JSON, b'{"error":{"message":[{"msg":"Invalid token"}]}}'),
        ),
    )(error_shape)


def add_listing(clauses: Clauses, api: str, *further: Example) -> None:
    """Add the clauses on the listing of models: it has the model asked for, where SDKs read it. `further` are other
    good listings."""
    good = Example(200, JSON, b'{"object":"list","data":[{"id":"other"},{"id":"m"}]}')
    clauses.add(
        f"{api}.model.listed",
        layer=BEHAVIOUR,
        area="Model identifiers",
        says="The list of models for this key contains exactly this model identifier.",
        level=SHOULD,
        source=Source("https://apidoc.cometapi.com/overview/models", "2026-06-08"),
        probe="models",
        why="A model that answers today but is not listed may be an alias that will be removed.",
        holds_on=(good, *further),
        breaks_on=(
            Example(200, JSON, b'{"object":"list","data":[{"id":"M"}]}'),
            Example(200, JSON, b'{"data":[]}'),
        ),
    )(listed)
    add_list_form(clauses, api, good, *further)


def add_list_form(clauses: Clauses, api: str, good: Example, *further: Example) -> None:
    """Add the clause that the listing stands where SDKs read it."""
    clauses.add(
        id_in(api, "model.list_form"),
        layer=SCHEMA,
        area="Model identifiers",
        code="contract.models",
        says="The list of models is an object whose `data` is an array of objects with an id.",
        level=SHOULD,
        source=Source("https://apidoc.cometapi.com/overview/models", "2026-06-08"),
        probe="models",
        why="The Python SDKs raise AttributeError on a bare array; in another member no SDK finds a model, or says so. "
        "Programs that offer a choice of models have none.",
        holds_on=(good, *further, Example(200, JSON, b'{"data":[]}'), Example(200, JSON, b'{"data":null}')),
        breaks_on=(
            Example(200, JSON, b'[{"id":"other"},{"id":"m"}]'),
            Example(200, JSON, b'{"models":[{"id":"m"}]}'),
            Example(200, JSON, b'{"data":{"m":{"id":"m"}}}'),
            Example(200, JSON, b'{"data":["other","m"]}'),
            Example(200, JSON, b'{"data":[{"id":"other"},{"name":"m"}]}'),
        ),
    )(list_form)


def add_key_kept(
    clauses: Clauses, api: str, good: Example, refusal: bytes = b'{"error":{"message":"bad key Bearer %s"}}'
) -> None:
    """Add the clause that the endpoint keeps the key to itself. `refusal` is an error of the API that repeats a key."""
    key = EXAMPLE_KEY.encode()
    clauses.add(
        f"{api}.secret.not_reflected",
        layer=BEHAVIOUR,
        danger=LEAK,
        area="Authentication scheme",
        says="The key does not come back in any header or body, plain or encoded.",
        source=OWASP_LOGGING,
        probe=ALL,
        why="Every place that logs replies (SDK exceptions, proxies, CI) then stores the key.",
        holds_on=(good,),
        breaks_on=(
            Example(401, JSON, refusal % key),
            Example(200, JSON, good.body, ((b"X-Echo", key.hex().encode()),)),
        ),
    )(not_reflected)


def on_stream(clauses: Clauses, api: str, spec: Source, begun: str) -> Callable[..., Callable[[_J], _J]]:
    """Make what registers a clause on an API's stream. `spec` and the need of `begun`, a clause on how a stream begins,
    are the clause's own if it names none."""

    def add(
        id: str,
        says: str,
        why: str,
        *,
        holds_on: tuple[Example, ...],
        breaks_on: tuple[Example, ...],
        layer: str = SCHEMA,
        level: str = MUST,
        source: Source = spec,
        code: str = "stream.malformed",
        needs: tuple[str, ...] = (f"{api}.stream.{begun}",),
        check: int = 1,
    ) -> Callable[[_J], _J]:
        return clauses.add(
            f"{api}.stream.{id}",
            layer=layer,
            area="Streaming",
            says=says,
            level=level,
            source=source,
            probe="stream",
            why=why,
            holds_on=holds_on,
            breaks_on=breaks_on,
            needs=needs,
            code=code,
            capability="stream",
            check=check,
        )

    return add


def add_events(
    clause: Callable[..., Callable[[Judge], Judge]],
    api: str,
    good: Example,
    streamed: Example,
    source: Source,
    line: bytes = b"",
) -> None:
    """Add the clauses that a stream is answered, labelled and parsed. `line` is the event line of its first event."""
    clause(
        "answered",
        "A streaming request is answered with status 200 and events.",
        "Every SDK raises an error on any other status, and shows nothing if no events arrive.",
        layer=TRANSPORT,
        source=source,
        code="",
        needs=(),
        holds_on=(streamed, Example(200, "text/plain", streamed.body)),
        breaks_on=(
            good,
            Example(200, SSE, good.body),
            Example(500, SSE, streamed.body),
            Example(200, SSE, b""),
            Example(200, "text/html", b"<html>Sign in</html>"),
        ),
    )(answered)
    clause(
        "media_type",
        "The Content-Type header of a stream is text/event-stream.",
        "The SDKs do not check it; browsers (EventSource) and proxies that buffer other types do.",
        layer=TRANSPORT,
        level=SHOULD,
        source=SSE_SPEC,
        code="",
        needs=(f"{api}.stream.answered",),
        holds_on=(streamed, Example(200, "text/event-stream; charset=utf-8", streamed.body)),
        breaks_on=(Example(200, "text/plain", streamed.body), Example(200, "", streamed.body)),
    )(media_type)
    clause(
        "events_parse",
        "Each event's data is a JSON object and stands behind `data:`; `[DONE]` at the end is allowed.",
        "A client's JSON parser throws in the middle of an answer.",
        code="",
        needs=(f"{api}.stream.answered",),
        holds_on=(
            streamed,
            Example(200, SSE, streamed.body + b"data: [DONE]\n\n"),
            Example(200, SSE, b": PING\n\n" + streamed.body),
        ),
        breaks_on=(
            Example(200, SSE, line + b"data: {oops\n\n" + streamed.body),
            Example(200, SSE, b"data: 7\n\n" + streamed.body),
            Example(200, SSE, b": nothing but a comment\n\n"),
            Example(200, SSE, _unmarked(streamed.body)),
        ),
    )(events_parse)


def _unmarked(body: bytes) -> bytes:
    """A stream without the `data:` of its last event but one."""
    before, _, last = body.rpartition(b"data: ")
    start, _, event = before.rpartition(b"data: ")
    return start + event + b"data: " + last


def first_broken(judges: tuple[Judge, ...], reply: Reply, plain: Reply | None, context: Context) -> Outcome:
    """What the first judge says who finds a reply broken, and not the plain one as well. In a stream, a judge may build
    on what those before it saw: behind a fault that both have, nothing more is judged."""
    is_stream, alike = reply.kind == "sse", False
    for judge in judges:
        found = judge(reply, context)
        if found.outcome != BROKEN:
            continue
        if plain is None or not plain.complete or plain.kind != reply.kind or judge(plain, context).outcome != BROKEN:
            return found
        alike = True
        if is_stream:
            break
    said = f"the plain {'stream' if is_stream else 'reply'} fails in the same way"
    return not_applicable(said) if alike else holds()


def closes(reply: Reply, context: Context) -> Outcome:
    """Judge whether the HTTP message of a whole stream ended."""
    if not reply.left_open:
        return holds()
    return broken("end of stream", "the end of the message", "the last event, and then no end of the message")


def error_shape(reply: Reply, context: Context) -> Outcome:
    """Judge whether an error is an object with words."""
    error = reply.object.get("error")
    if not isinstance(error, dict):
        said = quote(error) if "error" in reply.object else f"absent from {quote(reply.json)}"
        return broken("$.error", "an object", said)
    if not isinstance(error.get("message"), str):
        said = quote(error["message"]) if "message" in error else f"absent from {quote(error)}"
        return broken("$.error.message", "a string", said)
    return holds()


def answered(reply: Reply, context: Context) -> Outcome:
    """Judge whether a streaming request got events."""
    if reply.status != 200:
        return broken("status", "HTTP status 200", f"HTTP status {reply.status}")
    if reply.kind == "sse":
        return holds()
    return broken("body", "events", f"{reply.media_type or 'no Content-Type'}, {reply.kind} body")


def list_form(reply: Reply, context: Context) -> Outcome:
    """Judge whether a list of models stands where the SDKs read it. A null is how Ollama says that there is none."""
    if reply.status != 200 or reply.json_problem is not None or reply.error:
        return not_applicable("no list of models came")
    expected = "an array of objects with an id"
    if isinstance(reply.json, list):
        return broken("$", f"an object whose `data` is {expected}", f"a bare {quote(reply.json, 80)}")
    if "data" not in reply.object:
        return broken("$.data", expected, f"absent from {quote(reply.json, 80)}")
    data = reply.object["data"]
    if data is None or (isinstance(data, list) and all(is_named(item) for item in data)):
        return holds()
    return broken("$.data", expected, quote(data, 80))


def is_named(item: Json) -> bool:
    """Say whether an entry of a list of models is an object with an id."""
    return isinstance(item, dict) and isinstance(item.get("id"), str)
