"""The completion's envelope: the fields that typed clients decode before anybody reads the answer."""

from chatproof.clause import (
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    Context,
    Example,
    Outcome,
    broken,
    clause,
    holds,
    not_applicable,
)
from chatproof.clauses.happy import GOOD, JSON
from chatproof.printable import quote
from chatproof.reply import Reply
from chatproof.shapes import FINISH_REASONS, SECONDS, count, is_integer, members

_AREA = "Response shape"
_CODE = "contract.schema"
_TYPED = "async-openai (Rust), openai-go and openai-java decode it by type, and fail or hand out a wrong zero value."


def _with(old: bytes, new: bytes) -> Example:
    assert old in GOOD.body, old
    return Example(200, JSON, GOOD.body.replace(old, new))


def _text(name: str, value: bytes) -> None:
    """A clause that a top-level member is a string."""

    def judge(reply: Reply, context: Context) -> Outcome:
        if name not in reply.object:
            return broken(f"$.{name}", "a string", "absent")
        value = reply.object[name]
        return holds(quote(value)) if isinstance(value, str) else broken(f"$.{name}", "a string", quote(value))

    member = b'"%s":%s' % (name.encode(), value)
    clause(
        f"envelope.{name}",
        layer=SCHEMA,
        code=_CODE,
        area=_AREA,
        says=f"The completion has `{name}`, a string.",
        source=OPENAI_SPEC,
        probe="happy",
        needs=("happy.choices_non_empty",),
        why=_TYPED,
        holds_on=(GOOD, _with(member, b'"%s":""' % name.encode())),
        breaks_on=(_with(member + b",", b""), _with(member, b'"%s":null' % name.encode())),
    )(judge)


_text("id", b'"chatcmpl-1"')
_text("object", b'"chat.completion"')
_text("model", b'"m"')


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
    why="Clients that route by `object`, tracing tools among them, take the reply for another API's.",
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
    says="`created` is an integer.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why=_TYPED,
    holds_on=(GOOD, _with(b"1795379441", b"1795379441000")),
    breaks_on=(
        _with(b'"created":1795379441,', b""),
        _with(b"1795379441", b'"1795379441"'),
        _with(b"1795379441", b"1795379441.5"),
        _with(b"1795379441", b"true"),
    ),
)
def created(reply: Reply, context: Context) -> Outcome:
    if "created" not in reply.object:
        return broken("$.created", "an integer", "absent")
    value = reply.object["created"]
    return holds(quote(value)) if is_integer(value) else broken("$.created", "an integer", quote(value))


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
    why="Milliseconds overflow the 32 bits of async-openai, and put the answer into the year 58000 elsewhere.",
    holds_on=(GOOD, _with(b"1795379441", b"1700000000")),
    breaks_on=(_with(b"1795379441", b"1795379441000"), _with(b"1795379441", b"0")),
)
def created_in_seconds(reply: Reply, context: Context) -> Outcome:
    value = reply.object["created"]
    if isinstance(value, int) and SECONDS[0] <= value <= SECONDS[1]:
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
    for number, choice in enumerate(reply.choices):
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
    why="async-openai knows five roles and fails on another; a conversation that carries the message on is refused.",
    holds_on=(GOOD,),
    breaks_on=(
        _with(b'"role":"assistant",', b""),
        _with(b'"role":"assistant"', b'"role":"model"'),
        _with(b'"role":"assistant"', b'"role":null'),
    ),
)
def role(reply: Reply, context: Context) -> Outcome:
    value = reply.message.get("role")
    return holds() if value == "assistant" else broken("$.choices[0].message.role", "assistant", quote(value))


@clause(
    "envelope.finish_reason",
    layer=SCHEMA,
    code=_CODE,
    area=_AREA,
    says="A choice's finish_reason is one that the reference knows, or null.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why="async-openai fails on a word that it does not know; loops that wait for stop or length go on for ever.",
    holds_on=(GOOD, _with(b'"stop"', b'"length"'), _with(b'"stop"', b"null")),
    breaks_on=(_with(b'"stop"', b'"eos"'), _with(b'"stop"', b'"STOP"'), _with(b'"stop"', b"7")),
)
def finish_reason(reply: Reply, context: Context) -> Outcome:
    for number, choice in enumerate(reply.choices):
        value = choice.get("finish_reason") if isinstance(choice, dict) else None
        if value is not None and value not in FINISH_REASONS:
            expected = f"one of {', '.join(FINISH_REASONS)}"
            return broken(f"$.choices[{number}].finish_reason", expected, quote(value))
    return holds(quote(reply.finish_reason))


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
    why="Without it a client cannot tell a whole answer from one that was cut off.",
    holds_on=(GOOD,),
    breaks_on=(_with(b'"stop"', b"null"), _with(b',"finish_reason":"stop"', b"")),
)
def finished(reply: Reply, context: Context) -> Outcome:
    if reply.finish_reason is not None:
        return holds()
    return broken("$.choices[0].finish_reason", "a reason", "null or absent")


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
    says="`usage`, when present, counts prompt, completion and total tokens in integers.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("happy.choices_non_empty",),
    why="async-openai and LangChain's usage metadata want integers; budgets add them up.",
    holds_on=(_FULL,),
    breaks_on=(
        _usage(b'"total_tokens":10', b'"total_tokens":"10"'),
        _usage(b'"prompt_tokens":9,', b""),
        _usage(b'"completion_tokens":1', b'"completion_tokens":-1'),
        _usage(b'{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}', b"[]"),
    ),
)
def usage_integers(reply: Reply, context: Context) -> Outcome:
    usage = reply.object.get("usage")
    if usage is None:
        return not_applicable("the reply has no usage, which is allowed")
    if not isinstance(usage, dict):
        return broken("$.usage", "an object", quote(usage))
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        if count(usage.get(name)) is None:
            return broken(f"$.usage.{name}", "an integer, 0 or more", quote(usage.get(name)))
    return holds()


@clause(
    "usage.sum",
    layer=SCHEMA,
    code="contract.usage",
    level=SHOULD,
    area=_AREA,
    says="The total is what prompt and completion add up to.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("usage.integers",),
    why="Whoever bills or budgets by the parts comes to another sum than by the total.",
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
    assert isinstance(usage, dict)  # usage.integers holds
    prompt, completion, total = (count(usage[f"{name}_tokens"]) or 0 for name in ("prompt", "completion", "total"))
    added, thought = prompt + completion, count(members(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    if added == total:
        return holds()
    if thought and added + thought == total:
        return holds(f"with {thought} reasoning tokens, which completion_tokens leaves out")  # xAI counts like this
    return broken("$.usage.total_tokens", f"{added}, prompt and completion added", quote(usage["total_tokens"]))
