"""The parts of a conversation that another server may refuse: members, forms of content, and the order of messages."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from chatproof.surfaces.own.request_part import Part, Request, messages_of, objects, on_each_message, shown_name

_MEMBERS = frozenset(("role", "content", "name", "tool_calls", "tool_call_id"))
_OF_PARTS = frozenset(("type", "text", "refusal", "image_url", "input_audio", "file"))
_OF_PICTURES = frozenset(("url",))
_SPEAKERS = ("user", "assistant")
_SYSTEM = ("system", "developer")
_DATA = "data:"
_THOUGHTS = "reasoning_content"
_PICTURE = (  # 32 x 32, grey: some models refuse smaller ones
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAJklEQVR42u3NMQ0AAAwDoEqv9KrYsQQMkB6L"
    "QCAQCAQCgUAg+BIMLd4AWwUPN68AAAAASUVORK5CYII="
)


def of_messages(body: Request) -> Iterator[Part]:
    """List what can be put more plainly in the messages, what is missed least first."""
    yield from _of_members(body)
    yield from _of_contents(body)
    yield from _of_order(body)
    yield from _of_calls(body)


def _roles(body: Request) -> list[Any]:
    return [message.get("role") for message in messages_of(body)]


# -- members ----------------------------------------------------------------------------------------------------------


def _of_members(body: Request) -> Iterator[Part]:
    messages = messages_of(body)
    if any("name" in message for message in messages):
        yield Part("`name` in a message", "without it", ("name",), on_each_message(lambda m: m.pop("name", None)))
    if any("tool_calls" in message and not message["tool_calls"] for message in messages):
        words = ("tool_calls", "empty", "short")
        yield Part("an empty `tool_calls` in a message", "without it", words, on_each_message(_without_no_calls))
    for member in sorted({name for message in messages for name in message} - _MEMBERS):
        yield Part(
            f"{shown_name(member)} in a message",
            "without it",
            (member,),
            on_each_message(lambda m, member=member: m.pop(member, None)),  # type: ignore[misc]
        )
    for member in sorted({name for holder in _holders(body) for name in holder[0].keys() - holder[1]}):
        yield Part(f"{shown_name(member)} in a content part", "without it", (member,), _without_inner(member))


def _without_no_calls(message: Request) -> None:
    if not message.get("tool_calls"):
        message.pop("tool_calls", None)


def _holders(body: Request) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Each content part, and each picture in one, with the members that it cannot do without."""
    for message in messages_of(body):
        for part in objects(message.get("content")):
            if part.get("type") in ("text", "image_url"):  # of other kinds every member may be needed
                yield part, _OF_PARTS
            if isinstance(part.get("image_url"), dict):
                yield part["image_url"], _OF_PICTURES


def _without_inner(member: str) -> Any:
    def change(body: Request) -> None:
        for holder, kept in _holders(body):
            if member not in kept:
                holder.pop(member, None)

    return change


# -- content ----------------------------------------------------------------------------------------------------------


def _of_contents(body: Request) -> Iterator[Part]:
    messages = messages_of(body)
    contents = [message.get("content") for message in messages]
    words: tuple[str, ...]
    if any("content" not in message for message in messages):
        words = ("content", "required", "missing", "field")
        yield Part(
            "a message without `content`", 'with ""', words, on_each_message(lambda m: m.setdefault("content", ""))
        )
    if any("content" in m and m["content"] is None for m in messages):
        words = ("null", "none", "content")
        yield Part("`content` null in a message", 'with ""', words, on_each_message(_null_to_text))
    if any(content == "" for content in contents):
        words = ("empty", "non-empty", "blank", "content")
        yield Part("an empty `content` in a message", 'with "-"', words, on_each_message(_empty_to_text))
    parts = [part for content in contents if isinstance(content, list) for part in content]
    if any(_is_blank(part) for part in parts):
        words = ("empty", "non-empty", "blank", "text")
        yield Part("an empty text part in `content`", "without it", words, on_each_message(_without_blanks))
    if any(_is_far(part) for part in parts):
        words = ("image", "image_url", "url", "download", "fetch")
        yield Part("an image by its URL", "with an image as data", words, on_each_message(_as_data))
    if any(_is_other(part) for part in parts):
        words = ("image", "image_url", "audio", "file", "vision", "multimodal", "input_audio", "type")
        yield Part("image, audio or file parts", "without them", words, on_each_message(_texts_only), needed=True)
    listed = [message.get("role") for message in messages if isinstance(message.get("content"), list)]
    for role in [known for known in (*_SPEAKERS, *_SYSTEM, "tool") if known in listed]:
        words = ("content", "parts", "string", "array", role)
        yield Part(f"`content` as a list of parts in messages of the role {role}", "as one text", words, _joined(role))


def _null_to_text(message: Request) -> None:
    if "content" in message and message["content"] is None:
        message["content"] = ""


def _empty_to_text(message: Request) -> None:
    if message.get("content") == "":
        message["content"] = "-"


def _is_blank(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and part.get("text") == ""


def _without_blanks(message: Request) -> None:
    if isinstance(message.get("content"), list):
        message["content"] = [part for part in message["content"] if not _is_blank(part)] or "-"


def _is_other(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") not in ("text", "refusal")


def _is_far(part: Any) -> bool:
    """A picture that the server has to fetch."""
    url = part.get("image_url") if isinstance(part, dict) else None
    url = url.get("url") if isinstance(url, dict) else url
    return isinstance(url, str) and not url.startswith(_DATA)


def _as_data(message: Request) -> None:
    """A picture of ours in place of each: theirs is not fetched, for it is asked what form is refused."""
    for part in objects(message.get("content")):
        if _is_far(part):
            part["image_url"] = (
                {**part["image_url"], "url": _PICTURE} if isinstance(part["image_url"], dict) else _PICTURE
            )


def _texts_only(message: Request) -> None:
    if isinstance(message.get("content"), list):
        texts = [part for part in message["content"] if not _is_other(part)]
        message["content"] = texts or "-"


def _joined(role: Any) -> Any:
    """One text in place of parts that are texts: a message with an image is left, or the image would go with them."""

    def change(message: Request) -> None:
        content = message.get("content")
        if message.get("role") == role and isinstance(content, list) and not any(map(_is_other, content)):
            texts = [part.get("text") for part in objects(content)]
            message["content"] = "\n".join(text for text in texts if isinstance(text, str)) or "-"

    return on_each_message(change)


# -- roles and their order --------------------------------------------------------------------------------------------


def _of_order(body: Request) -> Iterator[Part]:
    roles = _roles(body)
    words: tuple[str, ...]
    if "developer" in roles:
        yield Part("the role developer", "with system", ("developer",), on_each_message(_no_developer))
    if any(role in _SYSTEM for role in roles[1:]):
        if any(one not in _SYSTEM and other in _SYSTEM for one, other in pairwise(roles)):
            words = ("system", "first", "order", "beginning")
            yield Part("a system message after others", "with it first", words, _system_first)
        if sum(role in _SYSTEM for role in roles) > 1:
            words = ("multiple", "alternate", "alternating", "system", "single", "one", "roles")
            yield Part("more than one system message", "with them as one", words, _one_system)
    if roles and "user" not in roles:
        words = ("user", "query")
        yield Part("a conversation without a user's message", "with one", words, _with_user)
    if any(role in _SYSTEM for role in roles):
        words = ("system", "instruction", "role")
        yield Part("the role system", "as text of a user's message", words, _no_system)
    if any(one == other and one in _SPEAKERS for one, other in pairwise(roles)):
        words = ("alternate", "alternating", "consecutive", "roles", "order")
        yield Part("two messages of the same role in a row", "with them as one", words, _merged)
    if ("tool", "user") in pairwise(roles):
        words = ("after", "order", "role", "tool", "user", "alternate")
        name = "a user's message right after a tool's result"
        yield Part(name, "with an assistant's message between them", words, _bridged)
    if roles and roles[-1] == "assistant":
        words = ("last", "prefill", "assistant", "prefix", "end")
        yield Part("an assistant's message at the end", "with a user's message after it", words, _continued)


def _no_developer(message: Request) -> None:
    if message.get("role") == "developer":
        message["role"] = "system"


def _system_first(body: Request) -> None:
    body["messages"] = sorted(messages_of(body), key=lambda m: m.get("role") not in _SYSTEM)


def _one_system(body: Request) -> None:
    """The first takes the texts of all: in the order in which they stand, without what has no text."""
    messages = messages_of(body)
    mine = [message for message in messages if message.get("role") in _SYSTEM]
    texts = [text for message in mine for text in _texts(message)]
    if len(mine) > 1:
        mine[0]["content"] = "\n".join(texts) or "-"
        body["messages"] = [m for m in messages if m is mine[0] or m.get("role") not in _SYSTEM]


def _no_system(body: Request) -> None:
    """The texts of system messages before those of the user's first: as templates without that role want it."""
    messages = messages_of(body)
    texts = [text for message in messages if message.get("role") in _SYSTEM for text in _texts(message)]
    left = [message for message in messages if message.get("role") not in _SYSTEM]
    asked = next((message for message in left if message.get("role") == "user"), None)
    if asked is None:
        left.insert(0, {"role": "user", "content": "\n".join(texts) or "-"})
    elif isinstance(asked.get("content"), list):
        asked["content"] = [*({"type": "text", "text": text} for text in texts), *asked["content"]]
    else:
        asked["content"] = "\n".join([*texts, *_texts(asked)]) or "-"
    body["messages"] = left


def _with_user(body: Request) -> None:
    """After the system's messages, for nothing else may stand before the first of the user."""
    messages = messages_of(body)
    if not any(message.get("role") == "user" for message in messages):
        first = next((n for n, m in enumerate(messages) if m.get("role") not in _SYSTEM), len(messages))
        messages.insert(first, {"role": "user", "content": "-"})
    body["messages"] = messages


def _texts(message: Request) -> list[str]:
    content = message.get("content")
    held = [part.get("text") for part in objects(content)] if isinstance(content, list) else [content]
    return [text for text in held if isinstance(text, str)]


def _merged(body: Request) -> None:
    made: list[Request] = []
    for message in messages_of(body):
        before = made[-1] if made else {}
        texts = (before.get("content"), message.get("content"))
        same = message.get("role") == before.get("role") in _SPEAKERS
        if same and all(isinstance(text, str) for text in texts):
            before["content"] = "\n".join(str(text) for text in texts)
        else:
            made.append(message)
    body["messages"] = made


def _bridged(body: Request) -> None:
    made: list[Request] = []
    for message in messages_of(body):
        if made and (made[-1].get("role"), message.get("role")) == ("tool", "user"):
            made.append({"role": "assistant", "content": "-"})
        made.append(message)
    body["messages"] = made


def _continued(body: Request) -> None:
    body["messages"] = [*messages_of(body), {"role": "user", "content": "-"}]


# -- calls ------------------------------------------------------------------------------------------------------------


def _of_calls(body: Request) -> Iterator[Part]:
    messages = messages_of(body)
    words: tuple[str, ...]
    if any(len(list(objects(message.get("tool_calls")))) > 1 for message in messages):
        words = ("single", "tool-calls", "parallel", "multiple", "once")
        yield Part("several calls in one message", "with each in a message of its own", words, _one_by_one)
    if not body.get("tools") and any(message.get("tool_calls") for message in messages):
        words = ("tools", "tool_calls", "definitions")
        yield Part("tool calls in the conversation without `tools`", "with the `tools` given", words, _with_tools)
    if any(message.get("tool_calls") and _THOUGHTS not in message for message in messages):
        said = f"tool calls in the conversation without `{_THOUGHTS}`"
        yield Part(said, "with a text there", (_THOUGHTS,), on_each_message(_with_thoughts), by_name=True)
    if any(message.get("tool_calls") or message.get("tool_call_id") for message in messages):
        words = ("id", "ids", "tool_call_id", "length")
        yield Part("the ids of the calls", "with ids of nine letters and digits", words, _plain_ids)


def _with_thoughts(message: Request) -> None:
    if message.get("tool_calls"):
        message.setdefault(_THOUGHTS, "-")


def _one_by_one(body: Request) -> None:
    """Each call of a message in one of its own, with its result after it."""
    messages, made = messages_of(body), list[Request]()
    taken: set[int] = set()
    for number, message in enumerate(messages):
        calls = list(objects(message.get("tool_calls")))
        if number in taken:
            continue
        if len(calls) < 2:
            made.append(message)
            continue
        for place, call in enumerate(calls):
            made.append({**message, "tool_calls": [call]} if not place else _bare(message, call))
            for later in range(number + 1, len(messages)):
                if later not in taken and messages[later].get("tool_call_id") == call.get("id", ""):
                    made.append(messages[later])
                    taken.add(later)
    body["messages"] = made


def _bare(message: Request, call: dict[str, Any]) -> Request:
    return {"role": message.get("role"), "content": None, "tool_calls": [call]}


def _with_tools(body: Request) -> None:
    """A definition for each tool that was called, which takes any arguments."""
    if body.get("tools"):
        return
    calls = [call for message in messages_of(body) for call in objects(message.get("tool_calls"))]
    functions = [call["function"] for call in calls if isinstance(call.get("function"), dict)]
    names = dict.fromkeys(f["name"] for f in functions if isinstance(f.get("name"), str))
    plain = {"type": "object", "properties": {}}
    if names:
        body["tools"] = [{"type": "function", "function": {"name": n, "parameters": dict(plain)}} for n in names]


def _plain_ids(body: Request) -> None:
    known: dict[str, str] = {}
    for message in messages_of(body):
        calls = message.get("tool_calls")
        for holder, name in [*((call, "id") for call in objects(calls)), (message, "tool_call_id")]:
            if isinstance(holder.get(name), str):
                holder[name] = known.setdefault(holder[name], f"call{len(known):05d}")
