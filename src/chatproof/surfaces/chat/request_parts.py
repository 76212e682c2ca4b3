"""The parts of a chat request that another server may refuse, each with what can be sent in its place.

What a request says is never shown: a part is named by the API's own words, a number or true and false.
"""

import copy
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

Request = dict[str, Any]
CAP = 16  # tokens: the smallest that every dialect accepts
CAPS = ("max_tokens", "max_completion_tokens")
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
KEYWORDS = (
    *("$schema", "$id", "$ref", "$defs", "definitions", "anyOf", "oneOf", "allOf", "not", "if", "then", "else"),
    *("const", "enum", "additionalProperties", "patternProperties", "propertyNames", "unevaluatedProperties"),
    *("pattern", "format", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", "minItems", "maxItems", "uniqueItems", "prefixItems", "minProperties", "maxProperties"),
    *("default", "examples", "title", "nullable", "deprecated", "readOnly", "strict"),
)
_NAMES_OF_DATA = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_LONG, _SHORT = 4000, 200  # characters
_MEMBERS = frozenset(("role", "content", "name", "tool_calls", "tool_call_id"))
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Part(NamedTuple):
    """`words` are those by which an error blames it; `needed`: the request is another one without it."""

    name: str  # for people: "`parallel_tool_calls`"
    instead: str  # "without it", "with 16"
    words: tuple[str, ...]
    change: Callable[[Request], None]  # changes a copy
    needed: bool = False


def without(body: Request, parts: list[Part]) -> Request:
    """Make a copy of the request with these parts changed, in their order."""
    changed: Request = copy.deepcopy(body)
    for part in parts:
        part.change(changed)
    return changed


def parts_of(body: Request) -> list[Part]:
    """List what can be taken out of a request or put more plainly, what is missed least first."""
    return [*_of_caps(body), *_of_fields(body), *_of_tools(body), *_of_messages(body), *_of_needed(body)]


def shown_name(name: str) -> str:
    """A field's name as it may be shown: names are the API's; what is no name may be a text."""
    return f"`{name}`" if 0 < len(name) <= 40 and set(name) <= _NAME else "an unknown field"


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
        if name == "tool_choice" and value not in (None, "auto", "none"):
            yield Part("a forced `tool_choice`", "with auto", ("tool_choice", "choice"), _put(name, "auto"))
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


# -- tools and schemas ------------------------------------------------------------------------------------------------


def _of_tools(body: Request) -> Iterator[Part]:
    for field, where in (("tools", "a tool"), ("response_format", "the answer's schema")):
        held = body.get(field)
        for keyword in keywords_in(held):
            inside = where if keyword == "strict" else "a tool's schema" if field == "tools" else where
            yield Part(f"`{keyword}` in {inside}", "without it", (keyword,), _strip(field, keyword))
    tools = body.get("tools")
    if isinstance(tools, list) and len(tools) > 1:
        yield Part(f"{len(tools)} `tools`", "with one of them", ("tools", "long", "many", "maximum"), _first_tool)


def keywords_in(value: Any) -> list[str]:
    """The keywords of JSON Schema (and `strict`) that stand anywhere in tools or a response format, in table order."""
    found: set[str] = set()
    left: list[tuple[Any, bool]] = [(value, False)]  # (value, its names are the user's)
    while left:
        item, named = left.pop()
        if isinstance(item, dict):
            found |= set() if named else item.keys() & set(KEYWORDS)
            left += [(inner, not named and name in _NAMES_OF_DATA) for name, inner in item.items()]
        elif isinstance(item, list):
            left += [(inner, False) for inner in item]
    return [keyword for keyword in KEYWORDS if keyword in found]


def _strip(field: str, keyword: str) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        left: list[tuple[Any, bool]] = [(body.get(field), False)]
        while left:
            item, named = left.pop()
            if isinstance(item, dict):
                if not named:
                    item.pop(keyword, None)
                left += [(inner, not named and name in _NAMES_OF_DATA) for name, inner in item.items()]
            elif isinstance(item, list):
                left += [(inner, False) for inner in item]

    return change


def _first_tool(body: Request) -> None:
    tools = body.get("tools")
    if isinstance(tools, list):
        body["tools"] = tools[:1]
        if isinstance(body.get("tool_choice"), dict):
            body["tool_choice"] = "auto"


# -- messages ---------------------------------------------------------------------------------------------------------


def _messages(body: Request) -> list[Request]:
    found = body.get("messages")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _of_messages(body: Request) -> Iterator[Part]:
    messages = _messages(body)
    contents = [message.get("content") for message in messages]
    roles = [message.get("role") for message in messages]
    words: tuple[str, ...]
    if any("name" in message for message in messages):
        yield Part("`name` in a message", "without it", ("name",), _each(lambda m: m.pop("name", None)))
    for member in sorted({name for message in messages for name in message} - _MEMBERS):
        yield Part(
            f"{shown_name(member)} in a message",
            "without it",
            (member,),
            _each(lambda m, member=member: m.pop(member, None)),  # type: ignore[misc]
        )
    if any("content" in m and m["content"] is None for m in messages):
        yield Part("`content` null in a message", 'with ""', ("null", "none", "content"), _each(_null_to_text))
    if any(content == "" for content in contents):
        words = ("empty", "non-empty", "blank", "content")
        yield Part("an empty `content` in a message", 'with "-"', words, _each(_empty_to_text))
    if any(isinstance(content, list) for content in contents):
        if any(_is_other(part) for content in contents if isinstance(content, list) for part in content):
            words = ("image", "image_url", "audio", "file", "vision", "multimodal", "input_audio", "type")
            yield Part("image, audio or file parts", "without them", words, _each(_texts_only), needed=True)
        yield Part("`content` in parts", "as one text", ("content", "parts", "string", "array"), _each(_joined))
    if "developer" in roles:
        yield Part("the role developer", "with system", ("developer",), _each(_no_developer))
    if any(role in ("system", "developer") for role in roles[1:]):
        yield Part("a system message after others", "with it first", ("system", "first", "order"), _system_first)
    if any(one == other and one in ("user", "assistant") for one, other in pairwise(roles)):
        words = ("alternate", "alternating", "consecutive", "roles", "order")
        yield Part("two messages of one role in a row", "with them as one", words, _merged)
    if roles and roles[-1] == "assistant":
        words = ("last", "prefill", "assistant", "prefix")
        yield Part("an assistant's message at the end", "without it", words, _without_last, needed=True)
    if any(message.get("tool_calls") or message.get("tool_call_id") for message in messages):
        words = ("id", "ids", "tool_call_id", "length")
        yield Part("the ids of the calls", "with ids of nine letters and digits", words, _plain_ids)


def _each(change: Callable[[Request], object]) -> Callable[[Request], None]:
    def on_all(body: Request) -> None:
        for message in _messages(body):
            change(message)

    return on_all


def _null_to_text(message: Request) -> None:
    if "content" in message and message["content"] is None:
        message["content"] = ""


def _empty_to_text(message: Request) -> None:
    if message.get("content") == "":
        message["content"] = "-"


def _is_other(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") not in ("text", "refusal")


def _texts_only(message: Request) -> None:
    if isinstance(message.get("content"), list):
        texts = [part for part in message["content"] if not _is_other(part)]
        message["content"] = texts or "-"


def _joined(message: Request) -> None:
    if isinstance(message.get("content"), list):
        texts = [part.get("text") for part in message["content"] if isinstance(part, dict)]
        message["content"] = "\n".join(text for text in texts if isinstance(text, str)) or "-"


def _no_developer(message: Request) -> None:
    if message.get("role") == "developer":
        message["role"] = "system"


def _system_first(body: Request) -> None:
    messages = _messages(body)
    body["messages"] = sorted(messages, key=lambda m: m.get("role") not in ("system", "developer"))


def _merged(body: Request) -> None:
    made: list[Request] = []
    for message in _messages(body):
        before = made[-1] if made else {}
        texts = (before.get("content"), message.get("content"))
        same = message.get("role") == before.get("role") in ("user", "assistant")
        if same and all(isinstance(text, str) for text in texts):
            before["content"] = "\n".join(str(text) for text in texts)
        else:
            made.append(message)
    body["messages"] = made


def _without_last(body: Request) -> None:
    body["messages"] = _messages(body)[:-1]


def _plain_ids(body: Request) -> None:
    known: dict[str, str] = {}
    for message in _messages(body):
        calls = message.get("tool_calls")
        for holder, name in [(call, "id") for call in calls or []] + [(message, "tool_call_id")]:
            if isinstance(holder, dict) and isinstance(holder.get(name), str):
                holder[name] = known.setdefault(holder[name], f"call{len(known):05d}")


# -- what the request is about ----------------------------------------------------------------------------------------


def _of_needed(body: Request) -> Iterator[Part]:
    for name in _NEEDED:
        value = body.get(name)
        if value:
            shown = value.get("type") if isinstance(value, dict) else ""
            kind = f" {shown}" if shown in _WORDS_OF_ENUMS else ""
            needed = shown != "text"
            yield Part(f"{shown_name(name)}{kind}", "without it", (name, kind.strip() or name), _drop(name), needed)
    if "stream" in body:
        streamed = body["stream"] is True
        yield Part("`stream`", "without it", ("stream", "streaming"), _drop("stream"), needed=streamed)
    messages = _messages(body)
    if sum(len(text) for text in _texts(messages)) > _LONG:
        words = ("large", "long", "size", "context", "length", "tokens", "413", "bytes")
        yield Part("texts of this length", "with short ones", words, _each(_cut), needed=True)
    if len(messages) > 1:
        yield Part("the conversation before", "with only the last user's message", (), _last_alone, needed=True)


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


def _last_alone(body: Request) -> None:
    asked = [message for message in _messages(body) if message.get("role") == "user"]
    body["messages"] = [{"role": "user", "content": asked[-1].get("content") if asked else "-"}]
