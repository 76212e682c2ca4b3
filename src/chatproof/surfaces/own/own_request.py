"""One of the user's own requests: its body as it will be sent, and what it is made of.

Its texts are the user's and stand in no record: `summary` and `shape` are what may be shown of it.
"""

import json
from typing import Any, NamedTuple

from chatproof.contract.surface import CHAT
from chatproof.evidence.json_shape import shape
from chatproof.evidence.json_values import items
from chatproof.evidence.reply import Reply
from chatproof.secrets.digest import sha256
from chatproof.surfaces.own.form import Form, form_of
from chatproof.surfaces.own.request_part import shown_name
from chatproof.wire.strictjson import Json

_MEMORY: dict[bytes, dict[str, Json]] = {}
_REMEMBERED = 64
BYTES_A_TOKEN = 3  # at most, of a prompt: an estimate must not be too low


class OwnRequest(NamedTuple):
    """`body` is JSON, as the user's file has it but for what was left out; `source` is its place: file and line."""

    body: bytes
    source: str
    times: int = 1  # equal ones among what was given
    left_out: tuple[str, ...] = ()  # fields that have effects, and were not asked to be sent
    api: str = CHAT  # whose request it is

    def __repr__(self) -> str:
        """Without the user's texts."""
        return f"<OwnRequest of {len(self.body)} bytes, {self.source}>"

    @property
    def value(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def form(self) -> Form:
        """What requests of its API are made of."""
        return form_of(self.api)

    @property
    def tokens(self) -> int:
        """At most so many, prompt and answer together, as far as can be told before it is sent."""
        value, form = self.value, self.form
        caps = [value[name] for name in form.caps if isinstance(value.get(name), int)]
        choices = value.get("n")
        return len(self.body) // BYTES_A_TOKEN + (max(caps) if caps else form.answer) * (
            choices if isinstance(choices, int) and 0 < choices < 1000 else 1
        )

    @property
    def put(self) -> frozenset[str]:
        """The fields that stand in the body and are not the user's."""
        return frozenset(field for name, field in self.form.put.items() if name in self.left_out)

    def without(self, names: "frozenset[str]") -> "OwnRequest":
        """The request without some fields."""
        left = {name: value for name, value in self.value.items() if name not in names}
        return self._replace(body=json.dumps(left, ensure_ascii=False).encode("utf-8", "surrogatepass"))

    def sent(self, model: str) -> bytes:
        """The body with this model: all other bytes stay as they are."""
        return with_model(self.body, model)

    @property
    def summary(self) -> str:
        """What it is made of, without a word of what it says."""
        value, form = self.value, self.form
        parts = [form.said(value)]
        if form.streams:
            parts.append(f"stream={str(value.get('stream') is True).lower()}")
        if "tools" in value:
            parts.append(f"tools={len(items(value['tools']))}")
        told = ("model", "stream", "tools", *form.texts)
        parts += [shown_name(name).strip("`") for name in value if name not in told]
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
_ARGUMENTS = (
    "input",
    "variables",
)  # where their value is an object: a call's arguments, what a template is filled with


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
        *("message", "input_text", "input_image", "input_file", "output_text", "reasoning", "function_call"),
        *("function_call_output", "item_reference", "summary_text", "reasoning_text", "allowed_tools"),
        *("image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking", "base64", "url"),
        *("auto", "any", "none", "enabled", "disabled", "adaptive", "ephemeral"),
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
            data = name in _DATA or (name in _ARGUMENTS and isinstance(item, dict))
            inside = None if not named and data else item  # what stands there is data, names and all
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
