"""The happy path: one valid, non-streaming request. The seed's six assertions, and the shape of each choice."""

from chatproof.contract import heads
from chatproof.contract.clause import (
    BEHAVIOUR,
    COMETAPI_CHAT,
    OPENAI_SPEC,
    RFC_8259,
    RFC_9112,
    SCHEMA,
    SMOKE,
    TRANSPORT,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.contract.probe import ALL
from chatproof.evidence.provider_error import carried_error, told
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote, snippet
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.view import is_blank, text_of
from chatproof.wire.exchange import ARRIVALS, ASKED, OTHER_HEADERS, STATUS_LINE
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

JSON = "application/json"
GOOD = Example(
    200,
    JSON,
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1795379441,"model":"m","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"pong"},"finish_reason":"stop"}]}',
)


INSTEAD_OF_CONTENT = ("tool_calls", "function_call", "refusal", "audio")
"""Members of a message beside which the reference has `content` null: the answer is a call, a refusal or sound."""


def _body(text: bytes) -> Example:
    return Example(200, JSON, text)


def _choices(second: bytes) -> Example:
    """The good reply with one more choice."""
    return _body(GOOD.body.replace(b'"finish_reason":"stop"}]', b'"finish_reason":"stop"},' + second + b"]"))


@clause(
    "happy.status_200",
    layer=TRANSPORT,
    area="Endpoint path",
    says="A valid request is answered with HTTP status 200.",
    source=COMETAPI_CHAT,
    probe="happy",
    why="Every SDK raises an error on any other status.",
    holds_on=(GOOD,),
    breaks_on=(
        Example(503, JSON, b'{"error":{"message":"no available channel","code":"model_not_found"}}'),
        Example(201, JSON, GOOD.body),
    ),
)
def status_200(reply: Reply, context: Context) -> Outcome:
    if reply.status == 200:
        return holds("200")
    assert reply.response  # only a whole reply is judged
    reason = reply.response.reason
    said = f" {snippet(reason, 60)}" if reason.strip() else ""
    said = " (inferred from the body, not seen)" if reply.lacks(STATUS_LINE) else said
    return broken("status", "HTTP status 200", f"HTTP status {reply.status}{said}")


@clause(
    "happy.media_type_json",
    layer=TRANSPORT,
    area="Response shape",
    says="The Content-Type header indicates JSON.",
    source=COMETAPI_CHAT,
    probe="happy",
    needs=("happy.status_200",),
    why="openai-node returns a plain string if the type is not JSON; openai-python does if the body does not parse "
    "either.",
    holds_on=(
        GOOD,
        Example(200, "Application/JSON; Charset=UTF-8", GOOD.body),
        Example(200, "application/problem+json;;", GOOD.body),
    ),
    breaks_on=(
        Example(200, "text/html", GOOD.body),
        Example(200, "application/jsonlines", GOOD.body),
        Example(200, "text/x+json", GOOD.body),
        Example(200, "", GOOD.body),
        Example(200, JSON, GOOD.body, ((b"Content-Type", b"text/html"),)),
        Example(200, "text/json", GOOD.body),
    ),
)
def media_type_json(reply: Reply, context: Context) -> Outcome:
    if reply.says_json:
        return holds(reply.media_type)
    declared = ", ".join(quote(media, 80) for media in reply.media_types) or "no Content-Type header"
    return broken("header Content-Type", "application/json", declared)


@clause(
    "happy.body_json",
    layer=SCHEMA,
    area="Response shape",
    says="The body is one strict JSON document (RFC 8259).",
    source=RFC_8259,
    probe="happy",
    needs=("happy.status_200",),
    why="A parser refuses it, or two parsers read it differently.",
    holds_on=(GOOD, _body(b"\n\n" + GOOD.body)),
    breaks_on=(
        Example(200, "text/html", b"<html><title>Sign in</title></html>"),
        Example(200, JSON, b""),
        _body(b'{"choices":[],"choices":[]}'),
        _body(b'{"choices":[{"message":{"content":"po'),
    ),
)
def body_json(reply: Reply, context: Context) -> Outcome:
    problem = reply.json_problem
    if problem is None:
        return holds(f"{len(reply.body)} bytes")
    if problem.reason == "too_many_nodes":
        return undecided(f"our own limit was reached: {problem.detail}")
    where = f"byte {problem.offset}" + (f", {quote(problem.path)}" if problem.path != "$" else "")
    shown = {"empty": "an empty body", "json": "malformed JSON"}.get(reply.kind, reply.kind)
    return broken(where, "one strict JSON document", f"{shown}: {problem.reason}, {problem.detail}")


@clause(
    "happy.choices_non_empty",
    layer=SCHEMA,
    area="Response shape",
    says="`choices` is present and a non-empty array.",
    source=COMETAPI_CHAT,
    probe="happy",
    needs=("happy.body_json",),
    why="Clients read choices[0] without a check: IndexError, TypeError or undefined.",
    holds_on=(GOOD,),
    breaks_on=(
        _body(b"{}"),
        _body(b'{"choices":[]}'),
        _body(b'{"choices":null}'),
        _body(b'{"choices":{"0":{"message":{"content":"pong"}}}}'),
        _body(b"[]"),
    ),
)
def choices_non_empty(reply: Reply, context: Context) -> Outcome:
    expected = "a non-empty array"
    if not reply.is_object:
        return broken("$", "an object with choices", quote(reply.json))
    if "choices" not in reply.json:
        return broken("$.choices", expected, f"absent from {quote(reply.json)}")
    if view.choices(reply):
        return holds(f"{len(view.choices(reply))} choice" + ("s" if len(view.choices(reply)) > 1 else ""))
    found = reply.json["choices"]
    return broken("$.choices", expected, "an empty array" if found == [] else quote(found))


@clause(
    "happy.choices_shape",
    layer=SCHEMA,
    area="Response shape",
    says=(
        "Each element of `choices` is an object whose `message` is an object with a string "
        "`role` and `content`; `content` is null only if something replaces it, such as tool calls."
    ),
    source=COMETAPI_CHAT,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why="Typed clients refuse the complete reply; others fail with a TypeError when they read such a choice.",
    holds_on=(
        GOOD,
        _choices(b'{"message":{"role":"assistant","content":""}}'),
        _choices(b'{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c1"}]}}'),
        _choices(b'{"message":{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}}}'),
        _choices(b'{"message":{"role":"assistant","content":null,"refusal":"I cannot help with that."}}'),
        _choices(b'{"message":{"role":"assistant","content":null,"audio":{"id":"a1","data":""}}}'),
        _choices(b'{"message":{"role":"model","content":[{"type":"text","text":"pong"}]}}'),
    ),
    breaks_on=(
        _choices(b"null"),
        _choices(b'"pong"'),
        _choices(b"[]"),
        _choices(b'{"index":1,"text":"pong"}'),
        _choices(b'{"message":null}'),
        _choices(b'{"message":["pong"]}'),
        _choices(b'{"message":{"content":"pong"}}'),
        _choices(b'{"message":{"role":null,"content":"pong"}}'),
        _choices(b'{"message":{"role":"assistant"}}'),
        _choices(b'{"message":{"role":"assistant","tool_calls":[{"id":"c1"}]}}'),
        _choices(b'{"message":{"role":"assistant","content":7}}'),
        _choices(b'{"message":{"role":"assistant","content":null}}'),
        _choices(b'{"message":{"role":"assistant","content":null,"tool_calls":[],"refusal":null,"audio":null}}'),
        _body(b'{"choices":[{"message":{"content":"pong"}}]}'),
        _body(b'{"choices":[null]}'),
    ),
)
def choices_shape(reply: Reply, context: Context) -> Outcome:
    for number, choice in enumerate(view.choices(reply)):
        found = _misshapen(f"$.choices[{number}]", choice)
        if found is not None:
            return found
    return holds()


def _misshapen(at: str, choice: Json) -> Outcome | None:
    """The first thing that is wrong with a choice; None when nothing is."""
    if not isinstance(choice, dict):
        return broken(at, "an object with a message", quote(choice))
    message = choice.get("message")
    if not isinstance(message, dict):
        return broken(
            f"{at}.message", "an object", quote(message) if "message" in choice else f"absent from {quote(choice)}"
        )
    for name, expected in (("role", "a string"), ("content", "a string")):
        if name not in message:
            return broken(f"{at}.message.{name}", expected, f"absent from {quote(message)}")
    if not isinstance(message["role"], str):
        return broken(f"{at}.message.role", "a string", quote(message["role"]))
    content = message["content"]
    if content is None and not any(message.get(name) for name in INSTEAD_OF_CONTENT):
        return broken(f"{at}.message.content", "a string (null only with tool calls or another replacement)", "null")
    if content is not None and not isinstance(content, str | list):
        return broken(f"{at}.message.content", "a string", quote(content))
    return None


@clause(
    "happy.message_content_non_empty",
    layer=BEHAVIOUR,
    area="Response shape",
    says="`choices[0].message` is present and its `content` is a non-empty string.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why="The caller has nothing to show, or gets a TypeError on the first string operation.",
    holds_on=(GOOD,),
    breaks_on=(
        _body(b'{"choices":[{}]}'),
        _body(b'{"choices":[null]}'),
        _body(b'{"choices":[{"message":{}}]}'),
        _body(b'{"choices":[{"message":{"content":null}}]}'),
        _body(b'{"choices":[{"message":{"content":""}}]}'),
        _body(b'{"choices":[{"message":{"content":"\\u0000\\u200b"}}]}'),
        _body(b'{"choices":[{"message":{"content":7}}]}'),
        _body(b'{"choices":[{"message":{"content":[{"type":"text","text":"pong"}]}}]}'),
        _body(b'{"choices":[{"message":{"content":"","reasoning_content":"hm"},"finish_reason":"length"}]}'),
    ),
)
def message_content_non_empty(reply: Reply, context: Context) -> Outcome:
    first = view.choices(reply)[0]
    if not isinstance(first, dict) or not isinstance(first.get("message"), dict):
        shown = quote(first) if not isinstance(first, dict) or "message" not in first else quote(first["message"])
        return broken("$.choices[0].message", "an object", shown)
    at, expected = "$.choices[0].message.content", "a non-empty string"
    if view.answers_otherwise(view.message(reply)) and is_blank(text_of(view.message(reply).get("content"))):
        reply.need(ASKED)  # with tools a call is a whole answer
    if "content" not in view.message(reply):
        return broken(at, expected, f"absent from {quote(view.message(reply))}")
    content = view.message(reply)["content"]
    if isinstance(content, str) and not is_blank(content):
        return holds(number_of(len(content), "character"))
    if context.profile.fact("content_parts") and not is_blank(text_of(content)):
        return holds(f"{len(content)} content parts")
    return broken(at, expected, "only white space" if isinstance(content, str) and content else quote(content))


@clause(
    "happy.no_error_field",
    layer=BEHAVIOUR,
    area="Error response shape",
    says="The response contains no error, and none of its choices does (null is allowed).",
    source=COMETAPI_CHAT,
    probe="happy",
    needs=("happy.body_json",),
    why="openai-python raises an error if a stream contains one; other clients show half an "
    "answer as if it were complete.",
    holds_on=(GOOD, _body(GOOD.body[:-1] + b',"error":null}')),
    breaks_on=(
        _body(GOOD.body[:-1] + b',"error":{"message":"boom","code":"upstream_error"}}'),
        _body(b'{"error":"Unexpected endpoint or method."}'),
        _body(GOOD.body.replace(b'"index":0', b'"index":0,"error":{"code":502,"message":"upstream died"}')),
        _body(GOOD.body.replace(b'"stop"', b'"network_error"')),
    ),
)
def no_error_field(reply: Reply, context: Context) -> Outcome:
    at, error = carried_error(reply.object)
    reason = view.first_choice(reply.object).get("finish_reason")
    if view.has_failed(reason) and not error:
        return broken("$.choices[0].finish_reason", "no error", quote(reason))
    if not error:
        return holds()
    found = reply.error
    said = told(found, "code", error)
    return broken(at, "no error, or null", said)


LINE_ENDS = (
    "Each line of a reply's head ends with CR and LF, not with LF alone, and is a header of its own; the head gives "
    "its length once, and is not larger than Node reads (16 KiB)."
)
NO_CR = "Node's fetch refuses the reply, and openai-node and the AI SDK with it; Python's clients and curl read it."


def with_bare_lines(good: Example) -> Example:
    """A good reply to whose head a hop added a line that ends with LF alone."""
    return good._replace(extra=((b"X-Cache", b"MISS\nX-Served-By: edge"),))


def refused_by_node(good: Example) -> tuple[Example, ...]:
    """A good reply with heads that Python's clients read, and Node's fetch refuses."""
    length, trace = (b"Content-Length", b"%d" % len(good.body)), (b"X-Trace", b"a" * heads.LARGEST)
    folded = (b"X-Trace", b"route=eu-1;\r\n hop=2")
    return with_bare_lines(good), *(good._replace(extra=(header,)) for header in (length, trace, folded))


@clause(
    "head.line_ends",
    layer=TRANSPORT,
    area="Response shape",
    code="http.malformed",
    says=LINE_ENDS,
    source=RFC_9112,
    probe=ALL,
    why=NO_CR,
    holds_on=(GOOD, GOOD._replace(extra=((b"X-Cache", b"MISS"),))),
    breaks_on=refused_by_node(GOOD),
    check=3,
)
def line_ends(reply: Reply, context: Context) -> Outcome:
    response = reply.response
    if response is None:
        return not_applicable("no head was seen on the wire")
    if not reply.lacks(OTHER_HEADERS):
        if len(lengths := response.values(b"content-length")) > 1:
            return _refused(heads.TWO_LENGTHS, f"{len(lengths)} lines")
        size = sum(len(name) + len(value) + len(b": \r\n") for name, value in response.headers)
        if size > heads.LARGEST:
            return _refused(heads.LARGE, f"{size:,} bytes")
    bare, folded = response.bare_lines, response.folded_lines
    if bare is None:
        return not_applicable("no head was seen on the wire")
    if (bare or folded) and reply.lacks(ARRIVALS):
        return not_applicable("a capture's line ends may be those of a terminal or an editor")
    if folded:
        return _refused(heads.FOLDED, number_of(folded, "continuation line"))
    return _refused(heads.BARE, f"{number_of(bare, 'line')} with LF alone") if bare else holds()


def _refused(flaw: heads.Flaw, observed: str) -> Outcome:
    return broken(flaw.at, flaw.expected, observed)
