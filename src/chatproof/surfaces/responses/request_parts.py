"""The parts of a request to the Responses API that another server may refuse, each with what can be sent instead."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from chatproof.surfaces.own import optional
from chatproof.surfaces.own.optional import Fields
from chatproof.surfaces.own.request_part import Part, Request, objects, shown_name
from chatproof.surfaces.own.tool_parts import Tools, of_tools

CAPS = ("max_output_tokens",)
_TEXTS = ("input_text", "output_text")
_MEMBERS = ("type", "role", "content", "call_id", "name", "arguments", "output")
_SYSTEM = ("system", "developer")
_LONG, _SHORT = 4000, 200  # characters
Item = dict[str, Any]


def _named(body: Request) -> Iterator[Item]:
    """The choice, and the calls of before."""
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        yield choice
    yield from (item for item in items_of(body) if item.get("type") == "function_call")


def _format(body: Request) -> Any:
    text = body.get("text")
    return text.get("format") if isinstance(text, dict) else None


TOOLS = Tools(lambda tool: tool if tool.get("type") == "function" else None, _named, answer=_format)


def items_of(body: Request) -> list[Item]:
    """The items of an input that is a list."""
    return list(objects(body.get("input")))


def _plainer(name: str, body: Request) -> Iterator[Part]:
    value = body[name]
    words: tuple[str, ...]
    if name in ("reasoning", "text"):
        yield from optional.of_members(name, body, "format")
    if name == "tool_choice" and value not in (None, "auto", "none"):
        if isinstance(value, dict):
            words = ("tool_choice", "type", "object")
            yield Part("`tool_choice` as an object", "as required", words, optional.put(name, "required"))
        yield Part("a forced `tool_choice`", "with auto", ("tool_choice", "choice"), optional.put(name, "auto"))
    if name == "instructions" and isinstance(value, str):
        words = ("instructions", "system")
        yield Part("`instructions`", "as a system message", words, _as_message)


def _as_message(body: Request) -> None:
    said = body.pop("instructions", None)
    held = body.get("input")
    asked = [{"role": "user", "content": held}] if isinstance(held, str) else held or []
    if said:
        body["input"] = [{"role": "system", "content": said}, *asked]


FIELDS = Fields(
    always=("model", "input"),
    kept=("instructions",),
    follows={"tools": ("tool_choice", "parallel_tool_calls", "max_tool_calls"), "stream": ("stream_options",)},
    needed=("tools", "prompt", "previous_response_id", "conversation"),
    caps=CAPS,
    plainer=_plainer,
)


def parts_of(body: Request) -> list[Part]:
    """List what can be taken out of a request or put more plainly, what is missed least first."""
    has_format = isinstance(_format(body), dict)
    fields = FIELDS._replace(needed=(*FIELDS.needed, "text")) if has_format else FIELDS
    return [
        *optional.of_caps(fields, body),
        *optional.of_fields(fields, body),
        *(part for name in ("text",) if has_format for part in _plainer(name, body)),
        *of_tools(TOOLS, body),
        *_of_items(body),
        *_of_order(body),
        *_of_needed(body),
    ]


def _on_each(change: Callable[[Item], object]) -> Callable[[Request], None]:
    def on_all(body: Request) -> None:
        for item in items_of(body):
            change(item)

    return on_all


def _of_items(body: Request) -> Iterator[Part]:
    found = items_of(body)
    words: tuple[str, ...]
    if any(item.get("type") == "message" for item in found):
        yield Part("`type` message in an input item", "without it", ("type", "message"), _on_each(_without_type))
    for member in sorted({name for item in found for name in item if item.get("role")} - set(_MEMBERS)):
        said = f"{shown_name(member)} in an input item"
        yield Part(said, "without it", (member, "input"), _on_each(_without(member)))
    if any(item.get("type") == "reasoning" for item in found):
        words = ("reasoning", "encrypted_content", "rs_", "type")
        yield Part("reasoning items in `input`", "without them", words, _only(lambda i: i.get("type") != "reasoning"))
    if any(item.get("type") == "item_reference" for item in found):
        words = ("item_reference", "reference", "id", "type")
        only = _only(lambda item: item.get("type") != "item_reference")
        yield Part("references to stored items", "without them", words, only, needed=True)
    if any(_are_texts(item.get("output")) for item in found):
        words = ("output", "function_call_output", "string", "array")
        yield Part("a call's `output` in parts", "as one text", words, _on_each(_joined("output")))
    parts = [part for item in found for part in objects(item.get("content"))]
    if any(part.get("type") == "input_image" and not str(part.get("image_url")).startswith("data:") for part in parts):
        words = ("image", "image_url", "url", "download", "fetch")
        yield Part("an image by its URL", "without it", words, _on_each(_texts_only), needed=True)
    if any(part.get("type") not in (*_TEXTS, "refusal", "summary_text") for part in parts):
        words = ("input_image", "input_file", "input_audio", "image", "file", "vision", "type")
        yield Part("image, audio or file parts", "without them", words, _on_each(_texts_only), needed=True)
    for role in ("user", "assistant", *_SYSTEM):
        if any(item.get("role") == role and _are_texts(item.get("content")) for item in found):
            words = ("content", "parts", "string", "array", "input_text", role)
            said = f"`content` as a list of parts in messages of the role {role}"
            yield Part(said, "as one text", words, _on_each(_joined("content", role)))


def _without_type(item: Item) -> None:
    if item.get("type") == "message":
        del item["type"]


def _without(member: str) -> Callable[[Item], None]:
    def change(item: Item) -> None:
        if item.get("role"):
            item.pop(member, None)

    return change


def _only(kept: Callable[[Item], bool]) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        body["input"] = [item for item in items_of(body) if kept(item)] or "-"

    return change


def _texts_only(item: Item) -> None:
    if isinstance(item.get("content"), list):
        item["content"] = [part for part in objects(item["content"]) if part.get("type") in _TEXTS] or "-"


def _joined(name: str, role: str = "") -> Callable[[Item], None]:
    """One text in place of parts that are texts; what has an image is left, or the image would go with them."""

    def change(item: Item) -> None:
        held = item.get(name)
        if role in ("", item.get("role")) and _are_texts(held):
            item[name] = "\n".join(part["text"] for part in objects(held)) or "-"

    return change


def _are_texts(held: Any) -> bool:
    return isinstance(held, list) and all(isinstance(part.get("text"), str) for part in objects(held))


def _of_order(body: Request) -> Iterator[Part]:
    roles = [item.get("role") for item in items_of(body)]
    words: tuple[str, ...]
    if "developer" in roles:
        yield Part("the role developer", "with system", ("developer",), _on_each(_no_developer))
    if any(role in _SYSTEM for role in roles):
        words = ("system", "instruction", "role")
        yield Part("a system message in `input`", "as `instructions`", words, _as_instructions)
    if any(one == other and one in ("user", "assistant") for one, other in pairwise(roles)):
        words = ("alternate", "alternating", "consecutive", "roles", "order")
        yield Part("two messages of the same role in a row", "with the last one alone", words, _last_of_each)
    if roles and roles[-1] == "assistant":
        words = ("last", "prefill", "assistant", "end")
        yield Part("an assistant's message at the end", "with a user's message after it", words, _continued)


def _no_developer(item: Item) -> None:
    if item.get("role") == "developer":
        item["role"] = "system"


def _as_instructions(body: Request) -> None:
    found = items_of(body)
    said = [_text(item) for item in found if item.get("role") in _SYSTEM]
    before = [body["instructions"]] if isinstance(body.get("instructions"), str) else []
    body["instructions"] = "\n".join([*before, *said])
    body["input"] = [item for item in found if item.get("role") not in _SYSTEM] or "-"


def _last_of_each(body: Request) -> None:
    found = items_of(body)
    after = [item.get("role") for item in found[1:]] + [None]
    body["input"] = [item for item, role in zip(found, after, strict=True) if not role or item.get("role") != role]


def _continued(body: Request) -> None:
    body["input"] = [*items_of(body), {"role": "user", "content": "-"}]


def _text(item: Item) -> str:
    held = item.get("content")
    texts = [held] if isinstance(held, str) else [part.get("text") for part in objects(held)]
    return "\n".join(text for text in texts if isinstance(text, str))


# -- what the request is about ----------------------------------------------------------------------------------------


def _of_needed(body: Request) -> Iterator[Part]:
    yield from optional.of_stream(body, "stream_options")
    yield from optional.of_needed(FIELDS, body)
    words: tuple[str, ...]
    format = _format(body)
    if isinstance(format, dict):
        kind = optional.told(format.get("type"))
        words = ("text", "text.format", "format", kind.strip() or "format")
        needed = format.get("type") != "text"
        yield Part(f"`text.format`{kind}", "without it", words, optional.drop_member("text", "format"), needed)
    found, held = items_of(body), body.get("input")
    size = len(held) if isinstance(held, str) else sum(len(_text(item)) for item in found)
    if size > _LONG:
        words = ("large", "long", "size", "context", "length", "tokens", "413", "bytes")
        yield Part("texts of this length", "with short ones", words, _shortened, needed=True)
    if len(found) > 1:
        yield Part("the conversation before", "with only the last user's message", (), _last_alone, needed=True)
    if isinstance(held, list):
        words = ("list", "string", "array", "type", "input")  # `input` alone is where any of its items is blamed
        yield Part("`input` as a list", "as one text", words, _as_text)


def _shortened(body: Request) -> None:
    if isinstance(body.get("input"), str):
        body["input"] = body["input"][:_SHORT]
    for item in items_of(body):
        if isinstance(item.get("content"), str):
            item["content"] = item["content"][:_SHORT]
        for part in objects(item.get("content")):
            if isinstance(part.get("text"), str):
                part["text"] = part["text"][:_SHORT]


def _last_alone(body: Request) -> None:
    asked = [item for item in items_of(body) if item.get("role") == "user"]
    body["input"] = asked[-1:] or "-"


def _as_text(body: Request) -> None:
    if isinstance(body.get("input"), list):
        asked = [item for item in items_of(body) if item.get("role") == "user"]
        body["input"] = (_text(asked[-1]) if asked else "") or "-"
