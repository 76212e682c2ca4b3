"""The parts of a chat request that another server may refuse, each with what can be sent in its place.

What a request says is never shown: a part is named by the API's own words, a number or true and false.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from chatproof.surfaces.chat.message_parts import of_messages
from chatproof.surfaces.chat.request_part import Part, Request, messages_of, on_each_message, shown_name
from chatproof.surfaces.chat.tool_parts import of_choice, of_tools

CAP = 16  # tokens: the smallest that every dialect accepts
CAPS = ("max_tokens", "max_completion_tokens")
_ANY_OBJECT = {"type": "json_schema", "json_schema": {"name": "object", "schema": {"type": "object"}}}
_ALWAYS = ("model", "messages")
_FOLLOWS = {  # what means nothing without the first
    "tools": ("tool_choice", "parallel_tool_calls"),
    "functions": ("function_call",),
    "logprobs": ("top_logprobs",),
    "stream": ("stream_options",),
    "modalities": ("audio",),
    "audio": ("modalities",),
}
_NEEDED = ("tools", "functions", "response_format", "modalities", "audio", "web_search_options")
"""Fields without which the answer is another one: who asks for them cannot just leave them out."""
_WORDS_OF_ENUMS = frozenset(
    (
        *("low", "medium", "high", "minimal", "none", "auto", "default", "flex", "priority", "required", "xhigh"),
        *("text", "json_object", "json_schema"),
    )
)
_LONG, _SHORT = 4000, 200  # characters


def without(body: Request, parts: list[Part]) -> Request:
    """Make a copy of the request with these parts changed, in their order."""
    changed: Request = copy.deepcopy(body)
    for part in parts:
        part.change(changed)
    return changed


def parts_of(body: Request) -> list[Part]:
    """List what can be taken out of a request or put more plainly, what is missed least first."""
    return [*_of_caps(body), *_of_fields(body), *of_tools(body), *of_messages(body), *_of_needed(body)]


def _drop(name: str) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        for field in (name, *_FOLLOWS.get(name, ())):
            body.pop(field, None)

    return change


def _put(name: str, value: Any) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        if name in body:
            body[name] = value

    return change


def _rename(name: str, other: str) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        if name in body:
            body.setdefault(other, body.pop(name))

    return change


def _of_caps(body: Request) -> Iterator[Part]:
    for name in CAPS:
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > CAP:
            yield Part(f"`{name}` {value}", f"with {CAP}", (name, "large", "maximum", "most"), _put(name, CAP))


def _of_fields(body: Request) -> Iterator[Part]:
    """Each optional field; a list in it is shortened before it is left out."""
    followers = {name for names in _FOLLOWS.values() for name in names}
    for name, value in sorted(body.items(), key=lambda item: item[0] not in followers):
        if name in _ALWAYS or (name in _NEEDED and value) or name == "stream":
            continue
        if name == "tool_choice":
            yield from of_choice(body)
        if isinstance(value, list) and len(value) > 1:
            yield Part(
                f"{len(value)} entries of {shown_name(name)}",
                "with one",
                (name, "long", "many", "maximum", "most"),
                _put(name, value[:1]),
            )
        if name in CAPS and value is not None:
            other = next(cap for cap in CAPS if cap != name)
            yield Part(shown_name(name), f"as `{other}`", (name, other, "instead"), _rename(name, other))
        shown = f"an empty {shown_name(name)}" if value in ([], {}, "") else f"{shown_name(name)}{_value(value)}"
        yield Part(shown, "without it", _words(name, value), _drop(name))


def _words(name: str, value: Any) -> tuple[str, ...]:
    empty = {"null": ("null", "none"), "empty": ("short", "empty")}
    return (name, *empty.get("null" if value is None else "empty" if value in ([], "", {}) else "", ()))


def _value(value: Any) -> str:
    """What a field holds, where that is no text of the user's."""
    if value is None or isinstance(value, bool):
        return {None: " null", True: " true", False: " false"}[value]
    if isinstance(value, int | float):
        return f" {value}"
    return f" {value}" if isinstance(value, str) and value in _WORDS_OF_ENUMS else ""


# -- what the request is about ----------------------------------------------------------------------------------------


def _of_needed(body: Request) -> Iterator[Part]:
    if "stream" in body:
        streamed = body["stream"] is True
        yield Part("`stream`", "without it", ("stream", "streaming"), _drop("stream"), needed=streamed)
    for name in _NEEDED:
        value = body.get(name)
        if value:
            shown = value.get("type") if isinstance(value, dict) else ""
            kind = f" {shown}" if shown in _WORDS_OF_ENUMS else ""
            if (name, shown) == ("response_format", "json_object"):
                plainer = (name, "json_object", "json_schema", "type")
                yield Part(f"`{name}` json_object", "as json_schema of any object", plainer, _put(name, _ANY_OBJECT))
            needed = shown != "text"
            yield Part(f"{shown_name(name)}{kind}", "without it", (name, kind.strip() or name), _drop(name), needed)
    messages = messages_of(body)
    if sum(len(text) for text in _texts(messages)) > _LONG:
        words = ("large", "long", "size", "context", "length", "tokens", "413", "bytes")
        yield Part("texts of this length", "with short ones", words, on_each_message(_cut), needed=True)
    if len(messages) > 1:
        yield Part(
            "the conversation before",
            "with only the last user's message",
            (),
            _last_alone(tools="tools" in body),
            needed=True,
        )


def _texts(messages: list[Request]) -> Iterator[str]:
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else [content]:
            text = part.get("text") if isinstance(part, dict) else part
            if isinstance(text, str):
                yield text


def _cut(message: Request) -> None:
    content = message.get("content")
    if isinstance(content, str):
        message["content"] = content[:_SHORT]
    for part in content if isinstance(content, list) else []:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            part["text"] = part["text"][:_SHORT]


def _last_alone(*, tools: bool) -> Callable[[Request], None]:
    """Without the tools that another part has given to calls of before, where the request has none."""

    def change(body: Request) -> None:
        asked = [message for message in messages_of(body) if message.get("role") == "user"]
        body["messages"] = [{"role": "user", "content": asked[-1].get("content") if asked else "-"}]
        if not tools:
            body.pop("tools", None)

    return change
