"""What clauses of the APIs beside chat say where their own examples do not lead: of runs in which another reply comes.

The words are in tests/golden/judged. When they are meant to change, `make goldens` writes them anew: read the difference
before it is committed.
"""

from __future__ import annotations

import json
from functools import cache

import pytest

from chatproof.contract.clause import HOLDS, VALIDATE, Example
from chatproof.contract.probe import ALL
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import Finding, judge
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY
from chatproof.surfaces.embeddings import examples as embeddings
from chatproof.surfaces.event_examples import event
from chatproof.surfaces.messages import examples as messages
from chatproof.surfaces.responses import examples as responses
from chatproof.surfaces.responses.clauses import happy as plain
from chatproof.target import profile
from chatproof.wire.exchange import Exchange, Fault, Secret
from tests import api_rows_embeddings, api_rows_messages, api_rows_parallel, api_rows_responses
from tests.api_rows import HTML, Reply, Row, error, says
from tests.golden_files import RENEW, REWRITE
from tests.support import exchange, from_example
from tests.unit.test_api_clauses import GOOD, SURFACES
from tests.unit.test_api_findings import FOLDER

EVERYWHERE = {
    "refused for nothing that was asked": error(400, "bad request"),
    "refused by the name of a tool": error(422, "tools: tool use is not supported by this model"),
    "refused for the key": error(401, "invalid key", "authentication_error"),
    "limited": error(429, "slow down", "rate_limit_error"),
    "down": says(503, b"<html>503</html>", HTML),
    "a path that is not there": says(404, b"404 page not found", "text/plain"),
    "an empty object": says(200, b"{}"),
    "an array": says(200, b"[]"),
    "an error under 200": error(200, "boom", "api_error"),
    "a page under 200": says(200, b"<html>Sign in</html>", HTML),
}
ROWS = [Row(api, f"{api}: {name}", {"*": reply}) for api in GOOD for name, reply in EVERYWHERE.items()]
ROWS += [Row(api, f"{api}: the plain answer to everything", {"*": GOOD[api]}) for api in GOOD]

_NAMES = {  # by API and probe, the names by which a refusal that is about something else may still blame the ability
    "messages": {
        "system": ("system",),
        "stop_sequences": ("stop_sequences", "stop"),
        "max_tokens": ("max_tokens",),
        "claude_code": ("system", "cache_control", "metadata", "tools", "content"),
        "thinking": ("thinking", "budget_tokens", "max_tokens"),
        "tools": ("tools", "tool_choice", "tool", "function", "functions"),
    },
    "responses": {
        "instructions": ("instructions",),
        "max_output_tokens": ("max_output_tokens", "max_tokens"),
        "codex": ("tools", "tool", "type", "include", "prompt_cache_key", "reasoning"),
        "tools.parallel": ("parallel_tool_calls", "tools", "tool_choice"),
        "json_schema": ("text", "text.format", "json_schema", "format", "response_format"),
        "store": ("store", "previous_response_id", "previous_response"),
        "tools": ("tools", "tool_choice", "tool", "function", "functions"),
    },
    "embeddings": {
        "float": ("encoding_format", "float"),
        "single": ("input",),
        "dimensions": ("dimensions", "dimension", "output_dimension"),
        "tokens": ("input", "tokens", "token"),
        "batch": ("input", "batch", "inputs"),
    },
}
ROWS += [
    Row(api, f"{api}: a failure that blames {name} of {probe}", {probe: says(500, b'{"error":{"message":"failed","param":"%s"}}' % name.encode())})
    for api, probes in _NAMES.items()
    for probe, names in probes.items()
    for name in names
]  # fmt: skip
_FAILED = {"type": "response.failed", "response": {"id": "resp_1", "status": "failed"}}
_COUNTED = b',"usage":{"input_tokens":6,"output_tokens":1,"total_tokens":7}'
_NO_USAGE = plain.altered(_COUNTED, b"")
_NO_USAGE_CALL = says(
    200,
    _NO_USAGE.body.replace(
        plain.ITEM, b'{"type":"function_call","id":"f","call_id":"c","name":"record_word","arguments":"{}"}'
    ),
)
_DEAD = Fault("net.reset", "read", "the connection was reset")
_OTHER = "happy.other_form"
_ONE_CALL = messages.body(
    messages.BODY.replace(
        messages.CONTENT, b'[{"type":"tool_use","id":"t_1","name":"record_number","input":{"number":7}}]'
    )
)
_IN_PIECES = messages.streamed(
    [
        *messages.EVENTS[:2],
        *({**messages.EVENTS[2], "delta": {"type": "text_delta", "text": text}} for text in ("po", "po", "ng", "ng")),
        *messages.EVENTS[4:],
    ]
)
_A, _SWAPPED = embeddings.A, embeddings.of(list(embeddings.SECOND), list(embeddings.FIRST))
_ALIKE = embeddings.of(_A, _A, _A)
_NO_ITEMS = ("output_item.added", "output_item.done", "function_call_arguments.delta", "function_call_arguments.done")
_CALL_EVENTS = responses.CALL_EVENTS


def _call(arguments: bytes, name: bytes = b"record_word") -> Example:
    """A response with one call."""
    item = b'{"id":"fc_1","type":"function_call","status":"completed","call_id":"c_1","name":"%s","arguments":%s}'
    return plain.with_output(item % (name, json.dumps(arguments.decode()).encode()))


_NAMELESS_CALL = b'{"type":"function_call","call_id":"c_1","name":"f","arguments":"{}"}'
_BEGUN = messages.EVENTS[0]["message"]
_NAMELESS = {"type": "message_start", "message": {**_BEGUN, "id": None}}
_FREE = {"type": "message_start", "message": {**_BEGUN, "usage": {"input_tokens": 0}}}
_UNCOUNTED = messages.altered(b',"usage":' + messages.USAGE, b"")
ROWS += [
    *(Row("messages", f"messages: the other form gets {n}", {_OTHER: error(n, "busy")}) for n in (408, 425, 499, 500)),
    Row("messages", "messages: the other form gets 299", {_OTHER: says(299, messages.BODY)}),
    Row("messages", "messages: the other form gets 300", {_OTHER: says(300, messages.BODY)}),
    Row("messages", "messages: no form is answered", {"happy": error(401, "no"), _OTHER: error(401, "no")}),
    Row("messages", "messages: the first form is not sent", {"happy": None, _OTHER: error(401, "no")}),
    Row("messages", "messages: the first form breaks off", {"happy": _DEAD, _OTHER: error(401, "no")}),
    Row("messages", "messages: an open endpoint refuses the other form", {_OTHER: error(401, "no")}, no_auth=True),
    Row("messages", "messages: one call at a time", {"tools.parallel": _ONE_CALL}),
    Row("messages", "messages: one call, two needed", {"tools.parallel": _ONE_CALL}, required=("parallel_tools",)),
    Row("messages", "messages: no thinking", {"thinking": messages.GOOD, "thinking.stream": messages.STREAMED}),
    Row("messages", "messages: no thinking, and it is needed", {"thinking": messages.GOOD}, required=("thinking",)),
    Row("messages", "messages: no streamed thinking", {"thinking.stream": messages.STREAMED}),
    Row("messages", "messages: thinking is not streamed", {"thinking.stream": error(400, "thinking is not supported")}),
    Row(
        "messages",
        "messages: a limit ends the conversation",
        dict.fromkeys(("tools.result", "thinking.result"), error(429, "slow down")),
    ),
    Row("messages", "messages: the cache counts nothing", {"cache": _UNCOUNTED}, required=("cache",)),
    *(
        Row("messages", f"messages: the text in pieces, {name}", {"happy": happy, "stream": _IN_PIECES})
        for name, happy in (
            ("no plain answer", None),
            ("the plain answer broken off", _DEAD),
            ("the plain answer among white space", messages.altered(b'"pong"', b'" pong\\n"')),
        )
    ),
    Row(
        "embeddings",
        "embeddings: the plain reply has one vector",
        {"happy": embeddings.of(_A), "single": embeddings.of(_A)},
    ),
    Row(
        "embeddings",
        "embeddings: no plain reply",
        {"happy": None, "single": embeddings.of(_A), "float": embeddings.IN_FLOATS},
    ),
    Row(
        "embeddings",
        "embeddings: a plain reply broken off",
        {"happy": _DEAD, "single": embeddings.of(_A), "float": embeddings.IN_FLOATS},
    ),
    Row(
        "embeddings",
        "embeddings: the plain reply in floats",
        {"happy": embeddings.IN_FLOATS, "float": embeddings.IN_FLOATS},
    ),
    Row(
        "embeddings",
        "embeddings: the plain reply half unreadable",
        {"happy": embeddings.of(_A, "pong!"), "float": embeddings.IN_FLOATS},
    ),
    Row(
        "embeddings",
        "embeddings: another vector each time",
        {"single": embeddings.of(embeddings.B), "float": _SWAPPED, "meaning": _ALIKE},
    ),
    Row(
        "embeddings",
        "embeddings: floats are others",
        {"float": _SWAPPED, "dimensions": embeddings.GOOD, "meaning": _ALIKE},
    ),
    Row("embeddings", "embeddings: no vector alone", {"single": embeddings.of(), "float": _SWAPPED}),
    Row("embeddings", "embeddings: the text alone breaks off", {"single": _DEAD, "float": _SWAPPED}),
    Row("embeddings", "embeddings: the text alone is not sent", {"single": None, "float": _SWAPPED}),
    Row("embeddings", "embeddings: three vectors missing", {"meaning": embeddings.of(_A, _A)}),
    Row(
        "embeddings",
        "embeddings: base64 is refused",
        {"happy": embeddings.IN_FLOATS, "refused.happy": error(400, "encoding_format base64 is not supported")},
    ),
]

ROWS += [
    *(
        Row("messages", f"messages: a stream with {name}", {"stream": messages.streamed(events)})
        for name, events in (
            (
                "an array as the type of a delta",
                [{**one, "delta": {"type": ["text_delta"]}} if "delta" in one else one for one in messages.EVENTS],
            ),
            (
                "an object as the type of a block",
                [messages.EVENTS[0], {**messages.EVENTS[1], "content_block": {"type": {}}}, *messages.EVENTS[2:]],
            ),
            ("a message without id before its own", [_NAMELESS, *messages.EVENTS]),
            ("an uncounted message before its own", [_FREE, *messages.EVENTS]),
        )
    ),
    Row(
        "responses",
        "responses: a call without id beside the text",
        {"happy": plain.with_output(_NAMELESS_CALL, plain.ITEM)},
    ),
    Row("responses", "responses: no id", {"happy": plain.altered(b'"id":"resp_1",', b"")}),
    *(
        Row("responses", f"responses: stored under {id.decode()}", {"store": plain.altered(b'"resp_1"', id)})
        for id in (b"7", b'""', b"null")
    ),
    Row("responses", "responses: the instructions are shouted", {"instructions": plain.altered(b'"pong"', b'"PONG"')}),
    Row("responses", "responses: the memory is shouted", {"store.recall": plain.altered(b'"pong"', b'"PONG"')}),
    *(
        Row("responses", f"responses: one call, with {said.decode()}", {"tools.parallel": _call(said)})
        for said in (b'{"word":"pong"}', b'{"number":7}', b'{"word":"pong","number":7}', b"7")
    ),
    Row("responses", "responses: a limit ends the conversation", {"tools.result": error(429, "slow down")}),
    Row("responses", "responses: white space after a result", {"tools.result": plain.altered(b'"pong"', b'" "')}),
    Row("responses", "responses: an uncounted call, as the plain reply", {"happy": _NO_USAGE, "tools": _NO_USAGE_CALL}),
    *(
        Row("responses", f"responses: a call, {name}", {"tools.stream": reply})
        for name, reply in (
            ("at the end alone", responses.without(*_NO_ITEMS, events=_CALL_EVENTS)),
            ("its arguments without an item", responses.without(*_NO_ITEMS[:2], "completed", events=_CALL_EVENTS)),
            ("an item without its end", responses.without(*_NO_ITEMS[1:], "completed", events=_CALL_EVENTS)),
            (
                "an item without its begin",
                responses.without(_NO_ITEMS[0], *_NO_ITEMS[2:], "completed", events=_CALL_EVENTS),
            ),
            ("that fails", responses.streamed(_CALL_EVENTS[:2], event(_FAILED))),
            (
                "that ends in an error",
                responses.streamed(_CALL_EVENTS[:2], event({"type": "error", "message": "died"})),
            ),
            (
                "without types",
                responses.streamed([{n: v for n, v in one.items() if n != "type"} for one in _CALL_EVENTS[:2]]),
            ),
        )
    ),
    *(
        Row(
            "responses",
            f"responses: a call begins wrongly, {name}",
            {"stream": text, "tools.stream": responses.without("created", events=_CALL_EVENTS)},
        )
        for name, text in (
            ("and the text as well", responses.without("created")),
            ("and the text is not streamed", plain.GOOD),
            ("and the text breaks off", _DEAD),
            ("and no text is asked for", None),
        )
    ),
]
ROWS += [*api_rows_embeddings.ROWS, *api_rows_messages.ROWS, *api_rows_responses.ROWS, *api_rows_parallel.ROWS]


@cache
def good(api: str) -> dict[str, Example]:
    """For each probe, an example on which a clause about it holds."""
    clauses = list(SURFACES[api].clauses(VALIDATE).values())
    return {clause.probe: clause.holds_on[0] for clause in reversed(clauses) if clause.probe != ALL}


@cache
def exchanged(api: str, probe: str, reply: Reply) -> Exchange:
    return exchange(probe, from_example(reply) if isinstance(reply, Example) else reply, api=api)


def findings(row: Row) -> list[Finding]:
    """What is found on the replies that are not the good ones."""
    surface, generic = SURFACES[row.api], profile.load("generic")
    replies: dict[str, Reply | None] = dict(good(row.api))
    if "*" in row.replies:
        replies = {probe: row.replies["*"] if probe != surface.control else reply for probe, reply in replies.items()}
    replies = {**replies, **{probe: reply for probe, reply in row.replies.items() if probe != "*"}}
    contract = contract_of(VALIDATE, generic, Choice(api=row.api, required=row.required, stream=True))
    exchanges = [exchanged(row.api, probe, reply) for probe, reply in replies.items() if reply]
    found = judge(contract, exchanges, model=EXAMPLE_MODEL, key=Secret(EXAMPLE_KEY), no_auth=row.no_auth).findings
    return [f for f in found if f.probe in row.replies or ("*" in row.replies and f.probe != surface.control)]


def section(row: Row) -> str:
    """Each thing that is said, and the clauses that say it."""
    told: dict[str, list[str]] = {}
    for f in findings(row):
        if row.brief and f.outcome == HOLDS and not f.state:
            continue
        said = " | ".join(f"{name} {getattr(f, name)}" for name in ("at", "expected", "observed", "reason", "state")
                          if getattr(f, name))  # fmt: skip
        told.setdefault(f"{f.outcome} {said}".rstrip(), []).append(f.clause.removeprefix(f"{row.api}."))
    lines = [f"{said}\n    {', '.join(dict.fromkeys(clauses))}" for said, clauses in told.items()]
    return "\n".join([f"## {row.name}", *lines]).replace(EXAMPLE_KEY, "@KEY@") + "\n"


@cache
def golden() -> dict[str, str]:
    path = FOLDER / "api-runs.txt"
    sections = path.read_text(encoding="utf-8").split("\n## ") if path.exists() else []
    return {body.removeprefix("## ").partition("\n")[0]: body.removeprefix("## ") for body in sections}


_written: list[str] = []


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_what_is_said_of_another_reply_to_the_letter(row: Row) -> None:
    text = section(row)
    if REWRITE:
        _written.append(text)
        (FOLDER / "api-runs.txt").write_text("\n".join(_written), encoding="utf-8")
        return
    assert text.rstrip("\n").removeprefix("## ") == golden().get(row.name, "").rstrip("\n"), RENEW
