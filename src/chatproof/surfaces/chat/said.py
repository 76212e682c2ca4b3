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
    joined: dict[int, _Joining] = {}
    for piece in (piece for delta in view.deltas(reply) for piece in items(delta.get("tool_calls"))):
        index, function = members(piece).get("index"), members(members(piece).get("function"))
        if not isinstance(index, int) or not is_integer(index):
            return [Call(None, None, None, ("$.choices[0].delta.tool_calls[].index", "an integer", index))]
        call = joined.setdefault(index, _Joining())
        id = members(piece).get("id")
        if id and call.id and id != call.id:
            said = f"{index} is used for two ids"
            trouble = ("$.choices[0].delta.tool_calls[].index", "a different index for each call", said)
            return [call.joined()._replace(trouble=trouble)]
        call.id, call.name = call.id or id, call.name or function.get("name")
        call.add(function.get("arguments"))
    return [joined[index].joined() for index in sorted(joined)]


class _Joining:
    """A streamed call while its pieces come. They are joined once, at the end: there may be a hundred thousand."""

    def __init__(self) -> None:
        self.id: Json = None
        self.name: Json = None
        self._pieces: list[str] = []
        self._other: Json = None
        """Arguments that are no text, where such came last."""

    def add(self, arguments: Json) -> None:
        """Take one more piece: a text goes behind what was there, anything else but null replaces it."""
        if isinstance(arguments, str):
            if self._other is not None:
                self._pieces, self._other = [f"{self._other}"], None
            self._pieces.append(arguments)
        elif arguments is not None:
            self._other = arguments

    def joined(self) -> Call:
        return Call(self.id, self.name, "".join(self._pieces) if self._other is None else self._other)
