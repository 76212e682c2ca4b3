"""What clients use beyond the plain request: a system prompt, stops, a cap, counting, Claude Code's form, the cache."""

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here
from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.contract.refused_part import code_of
from chatproof.evidence.json_values import count
from chatproof.evidence.provider_error import error_words
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.clauses.happy import shown
from chatproof.surfaces.messages.examples import (
    BODY,
    COMETAPI,
    CONTENT,
    GOOD,
    JSON,
    SDK,
    USAGE,
    altered,
    body,
    with_content,
)
from chatproof.surfaces.messages.probes_validate import CAP, COUNTED, STOP, WORD

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_PARAMETER = "request.unsupported_parameter"

_AREA = "Capabilities"
_OF_CACHE = ("cache_control", "system")
_CALLED = with_content(b'[{"type":"tool_use","id":"toolu_1","name":"record_word","input":{}}]')
_NOT = Example(200, JSON, b'{"error":"no"}')
_TO_16 = ", ".join(map(str, range(1, 17))).encode() + b", "
_TO_100 = ", ".join(map(str, range(1, 101))).encode()


def _says(text: bytes, reason: bytes = b"end_turn", stop: bytes = b"null") -> Example:
    made = altered(b'"text":"pong"', b'"text":"' + text + b'"').body
    return body(
        made.replace(b'"end_turn"', b'"' + reason + b'"').replace(b'"stop_sequence":null', b'"stop_sequence":' + stop)
    )


@clause(
    "messages.system.heard",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="system",
    area=_AREA,
    says="The model follows the system prompt in `system`, or it is clearly refused.",
    source=COMETAPI,
    probe="system",
    why="Agents put all their rules there: without them the model behaves differently.",
    holds_on=(GOOD, _says(b"PONG")),
    breaks_on=(_says(b"Hello! How can I help you?"), _NOT),
)
def heard(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "system", ("system",))
    if refused:
        return refused
    text = view.text_of(reply.object)
    if WORD in text.lower():
        return done()
    return ignored("the message's text", f"the word {WORD}, which the system prompt asks for", quote(text, 60))


@clause(
    "messages.stop_sequences.kept",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="stop_sequences",
    area=_AREA,
    says=(
        "An answer ends before a stop sequence, with the stop_reason stop_sequence and the sequence that was met; or "
        "the request is refused."
    ),
    source=COMETAPI,
    probe="stop_sequences",
    why="Programs that rely on it get text that they did not want, or cannot tell why the answer ended.",
    holds_on=(_says(_TO_16, b"stop_sequence", b'"17"'),),
    breaks_on=(
        _says(_TO_100),
        _says(_TO_16),
        _says(_TO_16, b"stop_sequence"),
        _says(_TO_16 + b"17", b"stop_sequence", b'"17"'),
        _says(_TO_16 + b"1", b"stop_sequence", b'"17"'),
        _NOT,
    ),
)
def stopped(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "stop_sequences", ("stop_sequences", "stop"))
    if refused:
        return refused
    text, reason = view.text_of(reply.object), reply.object.get("stop_reason")
    if STOP in text:
        return ignored(
            "the message's text", f"an end before {STOP}", f"{number_of(len(text), 'character')}, {STOP} among them"
        )
    if reason != "stop_sequence":
        return damaged("$.stop_reason", "stop_sequence", shown(reply.object, "stop_reason"))
    if reply.object.get("stop_sequence") != STOP:
        return damaged("$.stop_sequence", quote(STOP), shown(reply.object, "stop_sequence"))
    if text.endswith(f" {STOP[0]}"):
        return damaged(
            "the message's text", f"an end before the whole of {STOP}", f"its beginning: {quote(text[-20:])}"
        )
    return done()


@clause(
    "messages.max_tokens.kept",
    layer=BEHAVIOUR,
    code="contract.max_tokens",
    level=SHOULD,
    capability="max_tokens",
    area=_AREA,
    says="An answer that max_tokens cuts off has the stop_reason max_tokens.",
    source=COMETAPI,
    probe="max_tokens",
    why="An incomplete answer that says end_turn is treated as complete; a cap without effect costs money.",
    holds_on=(
        _says(b"1, 2, 3", b"max_tokens"),
        body(BODY.replace(CONTENT, b"[]").replace(b"end_turn", b"max_tokens")),
    ),
    breaks_on=(
        _says(_TO_100),
        _says(b"1, 2, 3"),
        _says(b"1, 2, 3", b"length"),
        _NOT,
        body(b'{"stop_reason":"max_tokens"}'),
    ),
)
def capped(reply: Reply, context: Context) -> Outcome:
    cut = reply.object.get("stop_reason") == "max_tokens" and "content" in reply.object  # thinking may be all there is
    refused = None if cut else refusal(reply, context, "max_tokens", ("max_tokens",))
    if refused:
        return refused
    text = view.text_of(reply.object)
    if cut:
        return done(number_of(len(text), "character"))
    length = number_of(len(text), "character")
    said = f"{shown(reply.object, 'stop_reason')[:60]}, with {length}, for a cap of {CAP} tokens"
    return ignored("$.stop_reason", "max_tokens", said)


@clause(
    "messages.claude_code.accepted",
    layer=BEHAVIOUR,
    code="contract.tools",
    level=SHOULD,
    capability="claude_code",
    area=_AREA,
    says="A request as Claude Code sends it (?beta=true, betas, cache_control, a result in blocks, metadata) is "
    "answered.",
    source=SDK,
    probe="claude_code",
    why="Claude Code posts to /messages?beta=true, marks blocks for the cache and names betas in each request, and "
    "sends results of MCP tools as blocks: a server that refuses one of these cannot serve it.",
    holds_on=(GOOD,),
    breaks_on=(
        Example(400, JSON, b'{"type":"error","error":{"message":"system.1.cache_control: extra inputs"}}'),
        _NOT,
        Example(400, JSON, b'{"type":"error","error":{"message":"invalid beta flag"}}'),
        Example(400, JSON, b'{"type":"error","error":{"message":"messages.2.content.0.content: no string"}}'),
        Example(404, JSON, b'{"type":"error","error":{"type":"not_found_error","message":"Not found"}}'),
        Example(404, "text/html", b"<html>404</html>"),
    ),
)
def claude_code(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "claude_code", ("system", "cache_control", "metadata", "tools", "content"))
    plain = context.replies.get("system")  # at the same path, without a query
    is_known = plain is None or plain.status != reply.status
    if refused is not None and is_known and reply.status in (404, 405) and "?" in reply.exchange.request.url.path:
        said = f"HTTP {reply.status}, {error_words(reply.error) if reply.error else f'{reply.kind} body'}"
        return Outcome(BROKEN, "status", "an answer, as at the path without ?beta=true", said, code=_PARAMETER)
    return refused_here(refused, "an answer", code_of(reply)) if refused else done()


@clause(
    "messages.claude_code.heard",
    layer=BEHAVIOUR,
    code="contract.messages",
    level=SHOULD,
    area=_AREA,
    says="The text in the blocks of a message is heard: it is answered as the same text in a string is.",
    source=SDK,
    probe="claude_code",
    needs=("messages.claude_code.accepted",),
    why="The AI SDK and Claude Code send their texts in blocks each time: the model answers nobody's question.",
    holds_on=(GOOD, _says(b"Pong!"), _CALLED),
    breaks_on=(_says(b"Hello! How can I help you?"), _says(b"")),
)
def blocks_heard(reply: Reply, context: Context) -> Outcome:
    text, plain = view.text_of(reply.object), context.control
    if WORD in text.lower() or view.blocks(reply.object, view.CALL):
        return holds()
    if plain is not None and plain.complete and WORD not in view.text_of(plain.object).lower():
        return not_applicable("the same text in a string is answered with another one as well")
    return broken("the message's text", f"the word {WORD}, which the message asks for", quote(text, 60))


_COUNTED = Example(200, JSON, b'{"input_tokens":14}')


@clause(
    "messages.count_tokens.answered",
    layer=SCHEMA,
    code="contract.usage",
    level=SHOULD,
    area=_AREA,
    says="POST /messages/count_tokens answers with input_tokens, an integer above 0, or with a readable error.",
    source=SDK,
    probe="count_tokens",
    why="Claude Code asks for the count before it sends a prompt: with an HTML page or a "
    "wrong count it cannot tell when its context is full.",
    holds_on=(
        _COUNTED,
        Example(200, JSON, b'{"input_tokens":1}'),
        Example(299, JSON, b'{"input_tokens":14}'),
        Example(404, JSON, b'{"type":"error","error":{"type":"not_found_error","message":"no such path"}}'),
    ),
    breaks_on=(
        Example(200, JSON, b'{"input_tokens":0}'),
        Example(200, JSON, b'{"input_tokens":true}'),
        Example(200, JSON, b'{"input_tokens":1.5}'),
        Example(300, JSON, b'{"input_tokens":14}'),
        Example(404, JSON, b'{"error":"no","error":"such path"}'),
        Example(200, JSON, b'{"input_tokens":"14"}'),
        Example(200, JSON, b'{"total_tokens":14}'),
        Example(200, "text/html", b"<html>Sign in</html>"),
        Example(404, "text/html", b"<html>404</html>"),
        Example(404, "text/plain", b"404 page not found"),
        Example(500, "text/html", b"<html>500</html>"),
    ),
)
def counted(reply: Reply, context: Context) -> Outcome:
    if reply.status < 300:
        found = count(reply.object.get("input_tokens"))
        if found:
            return Outcome("holds", observed=f"{found} tokens")
        there = shown(reply.object, "input_tokens") if reply.kind == "json" else f"{reply.kind} body"
        return broken("$.input_tokens", "an integer above 0", there)
    if reply.error is not None:
        return Outcome("holds", observed=f"refused: HTTP {reply.status}, {error_words(reply.error)}")
    return broken("body", "a count, or a JSON error", f"HTTP {reply.status}, {reply.kind} body")


@clause(
    "messages.count_tokens.whole",
    layer=BEHAVIOUR,
    code="contract.usage",
    level=SHOULD,
    area=_AREA,
    says=f"The count includes the system prompt: it is no less than the {COUNTED} words of that.",
    source=SDK,
    probe="count_tokens",
    needs=("messages.count_tokens.answered",),
    why="Nearly all that Claude Code sends is system prompt and tools: without them, its context is full long before "
    "it shows that.",
    holds_on=(Example(200, JSON, b'{"input_tokens":190}'),),
    breaks_on=(_COUNTED, Example(200, JSON, b'{"input_tokens":119}')),
)
def all_counted(reply: Reply, context: Context) -> Outcome:
    found = count(reply.object.get("input_tokens"))
    if reply.status >= 300 or found is None:
        return not_applicable("no count")
    if b'"system"' not in reply.exchange.request.body:
        return not_applicable("the request has no system prompt")
    if found >= COUNTED:
        return Outcome("holds", observed=f"{found} tokens")
    return broken("$.input_tokens", f"{COUNTED} or more", f"{found}")


@clause(
    "messages.count_tokens.keyed",
    layer=BEHAVIOUR,
    code="contract.validation",
    level=SHOULD,
    area="Authentication scheme",
    says="The path for counts refuses a wrong key, or is not there.",
    source=SDK,
    probe="auth.invalid_count",
    needs=("messages.count_tokens.answered",),
    why="Anybody can have their prompts counted at somebody's cost, and a client with a wrong key learns of it late.",
    holds_on=(
        Example(401, JSON, b'{"type":"error","error":{"type":"authentication_error","message":"invalid key"}}'),
        Example(404, JSON, b'{"type":"error","error":{"type":"not_found_error","message":"no such path"}}'),
    ),
    breaks_on=(_COUNTED,),
)
def keyed(reply: Reply, context: Context) -> Outcome:
    if context.no_auth:
        return not_applicable("the endpoint is open on purpose")
    if reply.status < 300:
        return broken("status", "401", f"HTTP {reply.status}, {quote(reply.object, 60)}")
    return holds()


@clause(
    "messages.cache.taken",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="cache",
    area=_AREA,
    says="A long prompt that is marked for the cache is answered, or the mark is clearly refused.",
    source=COMETAPI,
    probe="cache.first",
    why="A client that marks its prompt gets no answer.",
    holds_on=(GOOD,),
    breaks_on=(_NOT,),
)
def marked(reply: Reply, context: Context) -> Outcome:
    return refusal(reply, context, "cache", _OF_CACHE) or done()


def _read(count: bytes) -> Example:
    return altered(USAGE, USAGE[:-1] + b',"cache_read_input_tokens":' + count + b"}")


@clause(
    "messages.cache.read",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="cache",
    area=_AREA,
    says=(
        "A long prompt that is marked for the cache and sent again is read from it: cache_read_input_tokens is above 0."
    ),
    source=COMETAPI,
    probe="cache",
    needs=("messages.cache.taken",),
    why="Agents send their complete history with each request: without the cache they pay ten times as much for it.",
    holds_on=(_read(b"2400"), _read(b"1")),
    breaks_on=(GOOD, _read(b"true"), _read(b"1.5"), _read(b"0"), _read(b"null"), _read(b'"2400"'), _NOT),
)
def cached(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "cache", _OF_CACHE)
    if refused:
        return refused
    usage = view.members(reply.object.get("usage"))
    found = count(usage.get("cache_read_input_tokens"))
    if found:
        return done(f"{found} tokens")
    if not usage.keys() & {"cache_read_input_tokens", "input_tokens"}:
        return not_applicable("no usage is reported")
    return ignored("$.usage.cache_read_input_tokens", "more than 0", shown(usage, "cache_read_input_tokens"))
