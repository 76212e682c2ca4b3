"""The completion's envelope: the fields that typed clients decode before anybody reads the answer."""

from chatproof.contract.clause import (
    OPENAI_SPEC,
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
from chatproof.evidence.json_values import FINISH_REASONS, SECONDS, count, is_integer, is_number, members
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Response shape"
_CODE = "contract.schema"
_TYPED = "async-openai (Rust), openai-go and openai-java decode it into a type, and fail or return a wrong zero value."
_AI_SDK = "The AI SDK checks its type and throws AI_APICallError, whatever the answer says."


def _with(old: bytes, new: bytes) -> Example:
    assert old in GOOD.body, old
    return Example(200, JSON, GOOD.body.replace(old, new))


def _text(name: str, value: bytes) -> None:
    """A clause that a top-level member is a string where it is present; that it is, is `envelope.complete`'s."""

    def judge(reply: Reply, context: Context) -> Outcome:
        value = reply.object.get(name)
        if value is None or isinstance(value, str):
            return holds("null or absent" if value is None else quote(value))
        return broken(f"$.{name}", "a string", quote(value))

    member = b'"%s":%s' % (name.encode(), value)
    clause(
        f"envelope.{name}",
        layer=SCHEMA,
        code=_CODE,
        area=_AREA,
        says=f"`{name}`, where present, is a string.",
        source=OPENAI_SPEC,
        probe="happy",
        needs=("happy.choices_non_empty",),
        why=_AI_SDK,
        holds_on=(GOOD, _with(member, b'"%s":""' % name.encode()), _with(member + b",", b"")),
        breaks_on=(_with(member, b'"%s":7' % name.encode()),),
    )(judge)


_text("id", b'"chatcmpl-1"')
_text("model", b'"m"')


@clause(
    "envelope.object",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="The completion has `object`, a string.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why=_TYPED,
    holds_on=(GOOD, _with(b'"object":"chat.completion"', b'"object":""')),
    breaks_on=(_with(b'"object":"chat.completion",', b""), _with(b'"object":"chat.completion"', b'"object":null')),
)
def has_object(reply: Reply, context: Context) -> Outcome:
    if "object" not in reply.object:
        return broken("$.object", "a string", "absent")
    value = reply.object["object"]
    return holds(quote(value)) if isinstance(value, str) else broken("$.object", "a string", quote(value))


@clause(
    "envelope.object_name",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="`object` is chat.completion.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("envelope.object",),
    why="Clients that route by `object`, including tracing tools, treat the reply as another API's.",
    holds_on=(GOOD,),
    breaks_on=(_with(b'"chat.completion"', b'"chat.completion.chunk"'), _with(b'"chat.completion"', b'""')),
)
def object_name(reply: Reply, context: Context) -> Outcome:
    value = reply.object["object"]
    return holds() if value == "chat.completion" else broken("$.object", "chat.completion", quote(value))


@clause(
    "envelope.created",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="`created`, where present, is a number.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why=_AI_SDK,
    holds_on=(GOOD, _with(b"1795379441", b"1795379441.5"), _with(b'"created":1795379441,', b"")),
    breaks_on=(_with(b"1795379441", b'"1795379441"'), _with(b"1795379441", b"true")),
)
def created(reply: Reply, context: Context) -> Outcome:
    value = reply.object.get("created")
    if value is None or is_number(value):
        return holds("null or absent" if value is None else quote(value))
    return broken("$.created", "a number", quote(value))


@clause(
    "envelope.complete",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="The completion has id, model and created (an integer).",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("envelope.id", "envelope.model", "envelope.created"),
    why=_TYPED,
    holds_on=(GOOD, _with(b"1795379441", b"1795379441000")),
    breaks_on=(
        _with(b'"id":"chatcmpl-1",', b""),
        _with(b'"model":"m"', b'"model":null'),
        _with(b'"created":1795379441,', b""),
        _with(b"1795379441", b"1795379441.5"),
    ),
)
def complete(reply: Reply, context: Context) -> Outcome:
    for name, expected in (("id", "a string"), ("model", "a string"), ("created", "an integer")):
        value = reply.object.get(name)
        if value is None or (name == "created" and not is_integer(value)):
            return broken(f"$.{name}", expected, quote(value) if name in reply.object else "absent")
    return holds()


@clause(
    "envelope.created_in_seconds",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="`created` has the magnitude of seconds since 1970.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("envelope.created",),
    why="Milliseconds overflow the 32 bits of async-openai; other clients date the answer to the year 58000.",
    holds_on=(GOOD, _with(b"1795379441", b"1700000000")),
    breaks_on=(_with(b"1795379441", b"1795379441000"), _with(b"1795379441", b"0")),
)
def created_in_seconds(reply: Reply, context: Context) -> Outcome:
    value = reply.object.get("created")
    if value is None:
        return not_applicable("the reply has no created")
    if isinstance(value, int | float) and SECONDS[0] <= value <= SECONDS[1]:
        return holds()
    return broken("$.created", "seconds since 1970", quote(value))


@clause(
    "envelope.choice_index",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="Each choice is an object with `index`, an integer.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why=_TYPED,
    holds_on=(GOOD,),
    breaks_on=(
        _with(b'"index":0,', b""),
        _with(b'"index":0', b'"index":"0"'),
        _with(b'"finish_reason":"stop"}]', b'"finish_reason":"stop"},7]'),
    ),
)
def choice_index(reply: Reply, context: Context) -> Outcome:
    for number, choice in enumerate(view.choices(reply)):
        if not isinstance(choice, dict):
            return broken(f"$.choices[{number}]", "an object", quote(choice))
        index = choice.get("index")
        if not is_integer(index):
            return broken(f"$.choices[{number}].index", "an integer", quote(index))
    return holds()


@clause(
    "envelope.role",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="The message's role is assistant.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.message_content_non_empty",),
    why="async-openai knows five roles and fails on any other; a conversation that sends the message back is refused.",
    holds_on=(GOOD,),
    breaks_on=(
        _with(b'"role":"assistant",', b""),
        _with(b'"role":"assistant"', b'"role":"model"'),
        _with(b'"role":"assistant"', b'"role":null'),
    ),
)
def role(reply: Reply, context: Context) -> Outcome:
    value = view.message(reply).get("role")
    return holds() if value == "assistant" else broken("$.choices[0].message.role", "assistant", quote(value))


@clause(
    "envelope.finish_reason",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="A choice's finish_reason is a string or null.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why=_AI_SDK,
    holds_on=(GOOD, _with(b'"stop"', b'"eos"'), _with(b'"stop"', b"null")),
    breaks_on=(_with(b'"stop"', b"7"), _with(b'"stop"', b'["stop"]')),
)
def finish_reason(reply: Reply, context: Context) -> Outcome:
    for number, choice in enumerate(view.choices(reply)):
        value = members(choice).get("finish_reason")
        if not (value is None or isinstance(value, str)):
            return broken(f"$.choices[{number}].finish_reason", "a string or null", quote(value))
    return holds(quote(view.finish_reason(reply)))


@clause(
    "envelope.finish_reason_known",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="A choice's finish_reason is one that the reference knows, or null.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("envelope.finish_reason",),
    why="async-openai fails on an unknown value; loops that wait for stop or length never end.",
    holds_on=(GOOD, _with(b'"stop"', b'"length"'), _with(b'"stop"', b"null")),
    breaks_on=(_with(b'"stop"', b'"eos"'), _with(b'"stop"', b'"STOP"'), _with(b'"stop"', b'""')),
)
def finish_reason_known(reply: Reply, context: Context) -> Outcome:
    for number, choice in enumerate(view.choices(reply)):
        value = choice.get("finish_reason") if isinstance(choice, dict) else None
        if value is not None and value not in FINISH_REASONS:
            expected = f"one of {', '.join(FINISH_REASONS)}"
            return broken(f"$.choices[{number}].finish_reason", expected, quote(value))
    return holds(quote(view.finish_reason(reply)))


@clause(
    "envelope.finished",
    layer=SCHEMA,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says="A finished answer has a finish_reason.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("envelope.finish_reason",),
    why="Without it a client cannot tell a complete answer from an incomplete one.",
    holds_on=(GOOD,),
    breaks_on=(_with(b'"stop"', b"null"), _with(b',"finish_reason":"stop"', b"")),
)
def finished(reply: Reply, context: Context) -> Outcome:
    if view.finish_reason(reply) is not None:
        return holds()
    return broken("$.choices[0].finish_reason", "a reason", "null or absent")


_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_USED = b'"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}'
_FULL = _with(b'"finish_reason":"stop"}]}', _USED)


def _usage(old: bytes, new: bytes) -> Example:
    assert old in _FULL.body, old
    return _FULL._replace(body=_FULL.body.replace(old, new))


@clause(
    "usage.integers",
    layer=SCHEMA,
    code="contract.usage",
    area=_AREA,
    says="`usage`, when present, is an object whose counts are integers.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why="The AI SDK throws if a count is a string, LiteLLM if it is a fraction, LangChain if usage is not an object.",
    holds_on=(_FULL, _usage(b'"prompt_tokens":9,', b"")),
    breaks_on=(
        _usage(b'"total_tokens":10', b'"total_tokens":"10"'),
        _usage(b'"prompt_tokens":9', b'"prompt_tokens":9.5'),
        _usage(b'{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}', b"[]"),
    ),
)
def usage_integers(reply: Reply, context: Context) -> Outcome:
    usage = reply.object.get("usage")
    if usage is None:
        return not_applicable("the reply has no usage, which is allowed")
    if not isinstance(usage, dict):
        return broken("$.usage", "an object", quote(usage))
    for name in _COUNTS:
        value = usage.get(name)
        whole = is_integer(value) or (isinstance(value, float) and value.is_integer())  # 9.0 is read as 9
        if not (value is None or whole):
            return broken(f"$.usage.{name}", "an integer", quote(value))
    return holds()


@clause(
    "usage.complete",
    layer=SCHEMA,
    code="contract.usage",
    level=SHOULD,
    area=_AREA,
    says="`usage`, when present, counts prompt, completion and total tokens, and none is below 0.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("usage.integers",),
    why="async-openai and Zed decode all three; budgets add them up.",
    holds_on=(_FULL,),
    breaks_on=(
        _usage(b'"prompt_tokens":9,', b""),
        _usage(b'"prompt_tokens":9', b'"prompt_tokens":null'),
        _usage(b'"completion_tokens":1', b'"completion_tokens":-1'),
    ),
)
def usage_complete(reply: Reply, context: Context) -> Outcome:
    usage = members(reply.object.get("usage"))  # usage.integers holds, so there is one
    for name in _COUNTS:
        if count(usage.get(name)) is None:
            return broken(f"$.usage.{name}", "an integer, 0 or more", quote(usage.get(name)))
    return holds()


@clause(
    "usage.sum",
    layer=SCHEMA,
    code="contract.usage",
    level=SHOULD,
    area=_AREA,
    says="The total is the sum of prompt and completion tokens.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("usage.complete",),
    why="A bill or budget computed from the parts differs from one computed from the total.",
    holds_on=(
        _FULL,
        _usage(b'"total_tokens":10}', b'"total_tokens":40,"completion_tokens_details":{"reasoning_tokens":30}}'),
    ),
    breaks_on=(
        _usage(b'"total_tokens":10', b'"total_tokens":11'),
        _usage(b'"total_tokens":10}', b'"total_tokens":40,"completion_tokens_details":{"reasoning_tokens":9}}'),
    ),
)
def usage_sum(reply: Reply, context: Context) -> Outcome:
    usage = reply.object.get("usage")
    assert isinstance(usage, dict)  # usage.complete holds
    prompt, completion, total = (count(usage[f"{name}_tokens"]) or 0 for name in ("prompt", "completion", "total"))
    added, thought = prompt + completion, count(members(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    if added == total:
        return holds()
    if thought and added + thought == total:
        return holds(
            f"with {thought} reasoning tokens, which completion_tokens does not include"
        )  # xAI counts like this
    return broken("$.usage.total_tokens", f"{added}, prompt and completion added", quote(usage["total_tokens"]))
