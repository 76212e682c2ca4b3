"""Faults of values that have the right type: counts, ids and dates that cannot be, texts that lost something, and
requests of every day that are refused."""

import html
from collections.abc import Callable
from typing import Any

from chatproof.simulator.common_faults import Value, cut_after, encoded_twice, put
from chatproof.simulator.fault import Alter, Turn, When, edited, error, json_of
from chatproof.simulator.responses_faults.parts import asked_as, events, has, must, plain, sent, should
from chatproof.simulator.wire import Reply, Script

_SCHEMA, _USAGE, _MESSAGES = "contract.schema", "contract.usage", "contract.messages"
_told = sent(lambda asked: asked.get("input") == "Hello." and "instructions" in asked)
_everyday = has("user")
_streamed = sent(lambda asked: set(asked) <= {"model", "input", "stream", "store"} and asked.get("stream") is True)
_long = sent(lambda asked: len(str(asked.get("input"))) > 2000)
_outside_ascii = sent(lambda asked: "tools" not in asked and not str(asked.get("input")).isascii())


def _garbled(value: dict[str, Any]) -> None:
    value["output"] = encoded_twice(value["output"])


def _on_one_line(value: dict[str, Any]) -> None:
    [part] = value["output"][0]["content"]
    part["text"] = part["text"].replace("\n", "")


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """The same with another text in each place that has one."""
    if isinstance(value, dict):
        return {
            name: change(held)
            if name in ("text", "delta", "arguments") and isinstance(held, str)
            else _changed(held, change)
            for name, held in value.items()
        }
    return [_changed(one, change) for one in value] if isinstance(value, list) else value


def _without_spaces(value: Any) -> Any:
    return _changed(value, lambda text: text.replace(" ", ""))


def _halved(text: str) -> str:
    return text.replace("\U0001d518", "\ud835")


def _roles(asked: Value) -> list[object]:
    given = asked.get("input")
    return [item.get("role") for item in given] if isinstance(given, list) else []


def _with_role(role: str) -> When:
    return sent(lambda asked: role in _roles(asked))


def _without_role(role: str) -> Alter:
    """What the same request would get without the items of a role."""

    def alter(turn: Turn) -> Reply | Script:
        kept = [item for item in json_of(turn)["input"] if item.get("role") != role]
        return asked_as(input=kept)(turn)

    return alter


def _one_token(all: list[Any]) -> list[Any]:
    all[-1]["response"]["usage"].update(output_tokens=1, total_tokens=all[-1]["response"]["usage"]["input_tokens"] + 1)
    return all


def _more_input(value: dict[str, Any]) -> None:
    for name in ("input_tokens", "total_tokens"):
        value["usage"][name] += 180_000


def _cut_off(turn: Turn) -> Reply | Script:
    return asked_as(input=cut_after(1000, json_of(turn)["input"]))(turn)


def _nine(value: dict[str, Any]) -> None:
    value["usage"]["input_tokens"] = 9
    value["usage"]["total_tokens"] = 9 + value["usage"]["output_tokens"]


def _input_again(all: list[Value]) -> list[Value]:
    usage = all[-1]["response"]["usage"]
    usage["input_tokens"] *= 2
    usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]
    return all


ROWS = (
    should(
        "stream-counts-input-twice",
        "A stream counts its input twice.",
        _USAGE,
        _streamed,
        events(_input_again),
        "usage.streamed_input",
    ),
    should(
        "metadata-lost",
        "The metadata of a request is lost.",
        "contract.parameter",
        _everyday,
        put({}, "metadata"),
        "everyday.echoed",
    ),
    should(
        "stored-unasked",
        "An answer that is not to be stored is stored.",
        "contract.parameter",
        _everyday,
        put(True, "store"),
        "everyday.echoed",
    ),
    should("texts-cut", "Texts are cut off after 1,000 characters.", _MESSAGES, _long, _cut_off, "turns.places"),
    should(
        "instructions-lost-beside-list",
        "Instructions are not read where the input is a list.",
        _MESSAGES,
        _long,
        asked_as("instructions"),
        "turns.places",
    ),
    should(
        "counts-always-the-same",
        "The usage counts 9 tokens for every input.",
        _USAGE,
        _long,
        edited(_nine),
        "usage.long_counted",
    ),
    should(
        "counts-far-too-many",
        "The usage counts 180,000 tokens too many.",
        _USAGE,
        plain,
        edited(_more_input),
        "usage.plausible",
    ),
    should(
        "stream-counts-one-token",
        "A stream counts one token for its answer.",
        _USAGE,
        _outside_ascii,
        events(_one_token),
        "usage.streamed_whole",
    ),
    should(
        "more-cached-than-put-in",
        "The usage has more cached tokens than tokens of input.",
        _USAGE,
        plain,
        put(1_000, "usage", "input_tokens_details", "cached_tokens"),
        "usage.within",
    ),
    should(
        "more-reasoning-than-output",
        "The usage leaves the tokens of the reasoning out of the tokens of output.",
        _USAGE,
        plain,
        put(64, "usage", "output_tokens_details", "reasoning_tokens"),
        "usage.within",
    ),
    should("another-model", "Another model answers.", _SCHEMA, plain, put("another-kind", "model"), "model.answers"),
    should("same-id-always", "Every response has the same id.", _SCHEMA, plain, put("resp_0001", "id"), "ids.fresh"),
    should(
        "created-in-milliseconds",
        "created_at counts milliseconds.",
        _SCHEMA,
        plain,
        edited(lambda value: value.update(created_at=value["created_at"] * 1000)),
        "created_at.seconds",
    ),
    should(
        "unicode-garbled-unstreamed",
        "Text outside ASCII is encoded twice in what is not streamed.",
        _MESSAGES,
        _told,
        edited(_garbled),
        "unicode.unstreamed",
    ),
    should(
        "line-breaks-lost", "Line breaks are taken out.", _MESSAGES, _told, edited(_on_one_line), "unicode.unstreamed"
    ),
    should(
        "spaces-lost-in-stream",
        "Spaces are taken out of a stream.",
        _MESSAGES,
        _outside_ascii,
        events(_without_spaces),
        "unicode.intact",
    ),
    should(
        "stream-in-entities",
        "The text of a stream is escaped for HTML.",
        _MESSAGES,
        _outside_ascii,
        events(lambda all: _changed(all, html.escape)),
        "unicode.intact",
    ),
    should(
        "stream-in-halves",
        "A stream is cut in the middle of a character.",
        _MESSAGES,
        _outside_ascii,
        events(lambda all: _changed(all, _halved)),
        "unicode.intact",
    ),
    should(
        "call-garbled-in-stream",
        "A letter outside ASCII in a streamed call is replaced.",
        _MESSAGES,
        sent(lambda asked: "tools" in asked, stream=True),
        events(lambda all: _changed(all, lambda text: text.replace("ï", "\ufffd"))),
        "tools.stream.intact",
    ),
    should(
        "tool-result-emptied",
        "The model gets an empty result of its tool.",
        "contract.tools",
        sent(lambda asked: "function_call_output" in str(asked.get("input"))),
        put("The tool has recorded the word pong.", "output", 0, "content", 0, "text"),
        "tools.result_heard",
    ),
    should(
        "null-refused",
        "A field that is null is refused.",
        "request.unsupported_parameter",
        _everyday,
        error(400, "Input should be a valid number", param="top_p"),
        "everyday.accepted",
    ),
    should(
        "first-of-two-messages-lost",
        "Of two messages of the user in a row the first is not read.",
        _MESSAGES,
        _everyday,
        put("Bravo: you gave me no word.", "output", 0, "content", 0, "text"),
        "everyday.heard",
    ),
    *(
        should(
            f"role-{role}-unread",
            f"Items of the input with the role {role} are left out.",
            _MESSAGES,
            _with_role(role),
            _without_role(role),
            f"roles.{role}",
        )
        for role in ("system", "developer")
    ),
    must(
        "streams-unasked",
        "A request without stream gets a stream.",
        "contract.parameter",
        _everyday,
        asked_as(stream=True),
        "everyday.unstreamed",
    ),
    should(
        "any-tool-refused",
        "tool_choice required is refused.",
        "contract.tools",
        sent(lambda asked: asked.get("tool_choice") == "required"),
        error(400, "tool_choice: only auto and a function are supported", param="tool_choice"),
        "tools.parallel",
    ),
    should(
        "zero-refused",
        "temperature 0 is refused.",
        "contract.parameter",
        sent(lambda asked: asked.get("temperature") == 0),
        error(400, "`temperature` must be strictly positive", param="temperature"),
        "everyday.cold",
    ),
)
