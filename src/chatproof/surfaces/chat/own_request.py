"""One of the user's own requests: its body as it will be sent, what it is made of, and what a reply to it says.

Its texts are the user's and stand in no record: `summary` and `shape` are what may be shown of it.
"""

import json
from typing import Any, NamedTuple

from chatproof.evidence.json_shape import shape
from chatproof.evidence.json_values import is_integer, items, members
from chatproof.evidence.reply import Reply
from chatproof.secrets.digest import sha256
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.request_part import shown_name
from chatproof.surfaces.chat.request_parts import CAPS
from chatproof.surfaces.chat.view import text_of
from chatproof.wire.strictjson import Json

_PLAIN = ("model", "messages", "stream")
_MEMORY: dict[bytes, dict[str, Json]] = {}
_REMEMBERED = 64
BYTES_A_TOKEN = 3  # at most, of a prompt: an estimate must not be too low
ANSWER = 500  # tokens, of an answer without a cap


class OwnRequest(NamedTuple):
    """`body` is JSON, as the user's file has it but for what was left out; `source` is its place: file and line."""

    body: bytes
    source: str
    times: int = 1  # equal ones among what was given
    left_out: tuple[str, ...] = ()  # fields that have effects, and were not asked to be sent

    def __repr__(self) -> str:
        """Without the user's texts."""
        return f"<OwnRequest of {len(self.body)} bytes, {self.source}>"

    @property
    def value(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def tokens(self) -> int:
        """At most so many, prompt and answer together, as far as can be told before it is sent."""
        value = self.value
        caps = [value[name] for name in CAPS if isinstance(value.get(name), int)]
        choices = value.get("n")
        return len(self.body) // BYTES_A_TOKEN + (max(caps) if caps else ANSWER) * (
            choices if isinstance(choices, int) and 0 < choices < 1000 else 1
        )

    def sent(self, model: str) -> bytes:
        """The body with this model: all other bytes stay as they are."""
        return with_model(self.body, model)

    @property
    def summary(self) -> str:
        """What it is made of, without a word of what it says."""
        value = self.value
        messages = items(value.get("messages"))
        streamed = str(value.get("stream") is True).lower()
        parts = [f"messages_count={len(messages)}", f"stream={streamed}"]
        if "tools" in value:
            parts.append(f"tools={len(items(value['tools']))}")
        parts += [shown_name(name).strip("`") for name in value if name not in (*_PLAIN, "tools")]
        return ", ".join(parts[:20]) + f"; your own, {len(self.body)} bytes"

    @property
    def row(self) -> dict[str, Any]:
        """For the record: where it is from, its size and hash, its shape with the names that are the user's folded."""
        return {
            "source": self.source,
            "times": self.times,
            "bytes": len(self.body),
            "sha256": sha256(self.body),
            "summary": self.summary,
            "shape": shape_of(self.value),
            "left_out": list(self.left_out),
        }


_USERS = ("properties", "$defs", "definitions", "patternProperties", "metadata", "logit_bias", "dependentSchemas")


_DATA = ("default", "examples", "const", "enum")


def shape_of(value: dict[str, Any]) -> list[list[str]]:
    """JSON paths with types. Names that the user chose (properties of a schema, metadata) are one `*`; no value is kept
    but the roles and types that the API defines."""
    rows = shape([_folded(value, False)])
    return [[path, "|".join(_plain_type(path, part) for part in types.split("|"))] for path, types in rows]


_ROLES = frozenset(("system", "developer", "user", "assistant", "tool", "function"))
_TYPES = frozenset(
    (
        *("function", "custom", "text", "image_url", "input_audio", "file", "refusal", "json_object", "json_schema"),
        *("object", "array", "string", "number", "integer", "boolean", "null"),
    )
)


def _plain_type(path: str, part: str) -> str:
    kind, equals, word = part.partition("=")
    known = (path.endswith(".role") and word in _ROLES) or (path.endswith(".type") and word in _TYPES)
    return part if not equals or known else kind


def _folded(value: Any, named: bool) -> Any:
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        for name, item in value.items():
            shown = "*" if named or shown_name(name) == "an unknown field" else name
            inside = None if not named and name in _DATA else item  # what stands there is data, names and all
            made.setdefault(shown, _folded(inside, not named and name in _USERS))
        return made
    return [_folded(item, False) for item in value] if isinstance(value, list) else value


def with_model(body: bytes, model: str) -> bytes:
    """Put a model into a body's text. Nothing else of it changes; without one it is put first."""
    text = body.decode("utf-8")
    named = json.dumps(model, ensure_ascii=False)
    decoder = json.JSONDecoder()
    at = _skip(text, text.index("{") + 1)
    first = at
    while text[at] == '"':
        name, end = json.decoder.scanstring(text, at + 1, True)  # type: ignore[attr-defined]
        start = _skip(text, _skip(text, end) + 1)
        _, end = decoder.raw_decode(text, start)
        if name == "model":
            return (text[:start] + named + text[end:]).encode("utf-8", "surrogatepass")
        at = _skip(text, end)
        if text[at] != ",":
            break
        at = _skip(text, at + 1)
    comma = ", " if text[first] == '"' else ""
    return (text[:first] + f'"model": {named}{comma}' + text[first:]).encode("utf-8", "surrogatepass")


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def asked_of(reply: Reply) -> dict[str, Json]:
    """What the request of a reply asked for, parsed once for all that is asked of it."""
    body = reply.exchange.request.body
    if body not in _MEMORY:
        while len(_MEMORY) >= _REMEMBERED:
            _MEMORY.pop(next(iter(_MEMORY), b""), None)
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            value = {}
        _MEMORY[body] = value if isinstance(value, dict) else {}
    return _MEMORY.get(body, {})


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
