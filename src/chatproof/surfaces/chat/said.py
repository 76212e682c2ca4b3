"""What a chat reply says: the text of the first choice, and the tool calls as clients join them."""

from typing import NamedTuple

from chatproof.evidence.json_values import is_integer, items, members
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.view import text_of
from chatproof.wire.strictjson import Json


def text_said(reply: Reply) -> str:
    """The text of the first choice, a stream's pieces joined."""
    if reply.kind == "sse":
        return "".join(text_of(delta.get("content")) for delta in view.deltas(reply))
    return text_of(view.message(reply).get("content"))


class Call(NamedTuple):
    """A tool call as clients join it. `trouble` says where it cannot be joined: (path, expected, observed)."""

    id: Json
    name: Json
    arguments: Json
    trouble: tuple[str, str, Json] | None = None


def calls_of(reply: Reply) -> list[Call]:
    """The tool calls of the first choice, those of a stream joined by their index."""
    if reply.kind != "sse":
        held = view.message(reply).get("tool_calls")
        found = []
        for call in items(held):
            function = members(members(call).get("function"))
            found.append(Call(members(call).get("id"), function.get("name"), function.get("arguments")))
        return found
    joined: dict[int, Call] = {}
    for piece in (piece for delta in view.deltas(reply) for piece in items(delta.get("tool_calls"))):
        index, function = members(piece).get("index"), members(members(piece).get("function"))
        if not isinstance(index, int) or not is_integer(index):
            return [Call(None, None, None, ("$.choices[0].delta.tool_calls[].index", "an integer", index))]
        before = joined.get(index, Call(None, None, ""))
        id, name, more = members(piece).get("id"), function.get("name"), function.get("arguments")
        if id and before.id and id != before.id:
            said = f"{index} is used for two ids"
            trouble = ("$.choices[0].delta.tool_calls[].index", "a different index for each call", said)
            return [before._replace(trouble=trouble)]
        text = f"{before.arguments}{more}" if isinstance(more, str) else more if more is not None else before.arguments
        joined[index] = before._replace(id=before.id or id, name=before.name or name, arguments=text)
    return [joined[index] for index in sorted(joined)]
