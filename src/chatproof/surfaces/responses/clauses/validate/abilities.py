"""What clients use beyond the plain request: a schema, instructions, a cap, and tools as Codex sends them."""

from chatproof.contract.capability import damaged, done, ignored, refusal, refused_here
from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
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
from chatproof.evidence.json_schema import problem_in
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.garbled import is_escaped
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import BODY, CONTENT, GOOD, altered, body, with_output
from chatproof.surfaces.responses.clauses.validate.tools import list_is_refused
from chatproof.surfaces.responses.probes_validate import ANSWER_SCHEMA, CAP, WORD
from chatproof.wire.strictjson import parse

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Capabilities"


def _says(text: bytes) -> Example:
    return altered(b'"text":"pong"', b'"text":"' + text + b'"')


_CUT = body(
    BODY.replace(b'"status":"completed","error":null', b'"status":"incomplete"')
    .replace(b'"model":"m"', b'"model":"m","incomplete_details":{"reason":"max_output_tokens"}')
    .replace(b'"text":"pong"', b'"text":"1, 2, 3"')
)
_SAID = (view.MESSAGE, "reasoning")  # items that are no work of a tool
_CALL = b'{"id":"fc_1","type":"function_call","call_id":"call_1","name":"record_word","arguments":"{}"}'
_THOUGHT = b'{"id":"rs_1","type":"reasoning","summary":[]}'
_LONG = _says(", ".join(map(str, range(1, 101))).encode())


@clause(
    "responses.input.list",
    layer=BEHAVIOUR,
    code="contract.messages",
    capability="list_input",
    area="Required request fields",
    says="Input in a list of messages is answered, as the same input in a string is.",
    source=OPENAI_SPEC,
    probe="input.list",
    why="The AI SDK and LangChain, and agents, send a list each time: they get no answer at all.",
    holds_on=(GOOD,),
    breaks_on=(
        Example(400, JSON, b'{"error":{"message":"input must be a string","param":"input"}}'),
        Example(200, JSON, b'{"error":"no"}'),
    ),
)
def listed(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "list_input", ("input",))
    return refused_here(refused, "an answer") if refused else done()


@clause(
    "responses.input.heard",
    layer=BEHAVIOUR,
    code="contract.messages",
    level=SHOULD,
    area="Required request fields",
    says="The text in the parts of a message is heard: it is answered as the same text in a string is.",
    source=OPENAI_SPEC,
    probe="input.list",
    needs=("responses.input.list",),
    why="The AI SDK, Codex and agents send their texts in parts each time: the model answers nobody's question.",
    holds_on=(GOOD, _says(b"Pong!")),
    breaks_on=(_says(b"Hello! How can I help you today?"), altered(CONTENT, b"[]")),
)
def input_heard(reply: Reply, context: Context) -> Outcome:
    return _unheard(reply, context) or holds()


@clause(
    "responses.json_schema.honoured",
    layer=BEHAVIOUR,
    code="contract.structured_output",
    level=SHOULD,
    capability="json_schema",
    area=_AREA,
    says="Output with a strict JSON Schema (text.format) satisfies the schema, or the schema is clearly refused.",
    source=OPENAI_SPEC,
    probe="json_schema",
    why="Programs read the members that the schema promises. parse() of openai-python and openai-node reads each part "
    "of a text alone, and raises an error if the JSON is cut.",
    holds_on=(_says(b'{\\"word\\":\\"pong\\",\\"letters\\":4}'),),
    breaks_on=(
        _says(b"pong has 4 letters"),
        _says(b'{\\"word\\":\\"pong\\"}'),
        _says(b'{\\"word\\":\\"pong\\",\\"letters\\":\\"4\\"}'),
        _says(b'```json\\n{\\"word\\":\\"pong\\",\\"letters\\":4}\\n```'),
        altered(
            CONTENT,
            b'[{"type":"output_text","text":"{\\"word\\":\\"pong\\",","annotations":[]},'
            b'{"type":"output_text","text":"\\"letters\\":4}","annotations":[]}]',
        ),
        Example(200, JSON, b'{"error":"no"}'),
        _says(b"{&quot;word&quot;:&quot;pong&quot;,&quot;letters&quot;:4}"),
    ),
)
def json_schema(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "json_schema", ("text", "format", "json_schema", "response_format"))
    if refused:
        return refused
    text, at = view.text_of(reply.object), "the output's text"
    value, problem = parse(text.encode("utf-8", "surrogatepass"))
    if problem is not None:
        escaped = "JSON in entities of HTML: " if is_escaped(text) else ""
        return ignored(at, "only JSON", f"{escaped}{quote(text, 80)}")
    found = problem_in(value, ANSWER_SCHEMA)
    if found:
        return ignored(at, "output that satisfies the schema", found)
    messages = view.items(reply.object, view.MESSAGE)
    parts = [part for item in messages for part in view.objects(item.get("content")) if part.get("type") == view.TEXT]
    if len(parts) > 1:
        return damaged("$.output", "the JSON in one part", number_of(len(parts), "part"))
    return done()


@clause(
    "responses.instructions.heard",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="instructions",
    area=_AREA,
    says="The model follows the system prompt in `instructions`, or it is clearly refused.",
    source=OPENAI_SPEC,
    probe="instructions",
    why="Agents put all their rules there: without them the model behaves differently.",
    holds_on=(GOOD,),
    breaks_on=(_says(b"Hello! How can I help you?"), Example(200, JSON, b'{"error":"no"}')),
)
def heard(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "instructions", ("instructions",))
    if refused:
        return refused
    text = view.text_of(reply.object)
    if WORD in text.lower():
        return done()
    return ignored("the output's text", f"the word {WORD}, which the instructions ask for", quote(text, 60))


@clause(
    "responses.max_output_tokens.kept",
    layer=BEHAVIOUR,
    code="contract.max_tokens",
    level=SHOULD,
    capability="max_output_tokens",
    area=_AREA,
    says="An answer that max_output_tokens cuts off is `incomplete`, with the reason max_output_tokens.",
    source=OPENAI_SPEC,
    probe="max_output_tokens",
    why="An incomplete answer labelled completed is treated as complete; a cap without effect costs money.",
    holds_on=(_CUT,),
    breaks_on=(
        _LONG,
        _says(b"1, 2, 3"),
        body(_CUT.body.replace(b'{"reason":"max_output_tokens"}', b"null")),
        body(_CUT.body.replace(b'"reason":"max_output_tokens"', b'"reason":"length"')),
    ),
)
def kept(reply: Reply, context: Context) -> Outcome:
    # A model that spent all of it on reasoning has no items to show: that is cut, too.
    cut = reply.object.get("status") == "incomplete" and "output" in reply.object
    refused = None if cut else refusal(reply, context, "max_output_tokens", ("max_output_tokens", "max_tokens"))
    if refused:
        return refused
    text = view.text_of(reply.object)
    if cut:
        reason = view.finish_of(reply.object)
        if reason == "max_output_tokens":
            return done(number_of(len(text), "character"))
        return damaged("$.incomplete_details.reason", "max_output_tokens", quote(reason))
    said = f"{quote(reply.object.get('status'))}, with {number_of(len(text), 'character')}, for a cap of {CAP} tokens"
    return ignored("$.status", "incomplete", said)


@clause(
    "responses.codex.accepted",
    layer=BEHAVIOUR,
    code="contract.tools",
    level=SHOULD,
    capability="codex",
    area=_AREA,
    says="A request as the Codex CLI sends it (tools of several kinds, include, prompt_cache_key) is answered.",
    source=OPENAI_SPEC,
    probe="codex",
    why="Codex sends such tools with each request: a server that refuses unknown kinds cannot serve it.",
    holds_on=(GOOD,),
    breaks_on=(
        Example(400, JSON, b'{"error":{"message":"\'type\' of tool must be \'function\'","param":"tools"}}'),
        Example(200, JSON, b'{"error":"no"}'),
    ),
)
def codex(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "codex", ("tools", "tool", "include", "prompt_cache_key", "type", "reasoning"))
    if refused is not None and list_is_refused(context):
        return not_applicable("input in a list is refused: see responses.input.list")
    return refused_here(refused, "an answer", code_of(reply)) if refused else done()


@clause(
    "responses.codex.heard",
    layer=BEHAVIOUR,
    code="contract.messages",
    level=SHOULD,
    area=_AREA,
    says="Input in an array of messages is answered as the same input in a string is.",
    source=OPENAI_SPEC,
    probe="codex",
    needs=("responses.codex.accepted",),
    why="The AI SDK, LangChain and Codex send an array each time: a server that reads only a string answers nobody's "
    "question.",
    holds_on=(GOOD, _says(b"Pong!"), with_output(_CALL), with_output(_THOUGHT, _CALL)),
    breaks_on=(_says(b"Hello! How can I help you today?"), altered(CONTENT, b"[]"), with_output(_THOUGHT)),
)
def codex_heard(reply: Reply, context: Context) -> Outcome:
    if any(item.get("type") not in _SAID for item in view.output(reply.object)):
        return holds()
    return _unheard(reply, context) or holds()


def _unheard(reply: Reply, context: Context) -> Outcome | None:
    """An answer without the word that the input asks for, where the same input in a string is answered with it."""
    text, plain = view.text_of(reply.object), context.control
    if WORD in text.lower():
        return None
    if plain is not None and plain.complete and WORD not in view.text_of(plain.object).lower():
        return not_applicable("the same input in a string is answered with another text as well")
    return broken("the output's text", f"the word {WORD}, which the input asks for", quote(text, 60))
