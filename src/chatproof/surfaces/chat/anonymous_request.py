"""A chat request without what it says: the same fields, sizes and kinds of everything, other words and names.

Kept: names of fields and values of enums that the API defines, numbers of parameters, switches, schema keywords.
Replaced, by something as long and in the same script: texts, names of tools, properties and metadata (the same name by
the same one), descriptions, stop sequences, ids, links, files, and every value and field that is not the API's.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from chatproof.surfaces.chat.anonymous_schema import schema
from chatproof.surfaces.chat.anonymous_values import FILES, Values
from chatproof.surfaces.chat.api_words import (
    ENUMS,
    FIELDS,
    ID_PREFIXES,
    SCHEMA_FORMATS,
    SCHEMA_TYPES,
    SCHEMA_WORDS,
    TOOL_NAMES,
)

_WORD = re.compile(r"[^\W\d_]{5,}")
_FILLING = re.compile(r"a{4,}$")  # zeros in base64, which fill a file
_AUDIO = {"wav": "audio/wav"}
_COUNTRY, _ZONE = "US", "UTC"  # codes out of lists that servers check
_Object = dict[str, Any]


def anonymous(body: _Object, kind: "type[Anonymous] | None" = None) -> _Object:
    """The request with stand-ins; of another API than chat by its own kind. `body` is not changed."""
    text = body.get("text")
    format = body.get("response_format") or (text.get("format") if isinstance(text, dict) else None)
    json_mode = isinstance(format, dict) and format.get("type") == "json_object"
    # Servers refuse JSON mode where no message says the word.
    keep = frozenset(("json",)) if json_mode else frozenset[str]()
    made = (kind or Anonymous)(json.dumps(body, ensure_ascii=False), keep).body(body)
    # 1e999 and NaN are numbers to Python's reader, and no JSON to a server.
    finite: _Object = json.loads(json.dumps(made), parse_constant=lambda name: 0)
    return finite


def kept_words(body: _Object, made: _Object) -> int:
    """How many words of five letters or more of a request's own texts still stand in what was made of it.

    This looks at the finished request and knows nothing of how it was made: it is the proof, not the work.
    """
    ours = set(_words(_API_TEXT)) | set(_words(" ".join(FILES.values())))  # every PNG in base64 begins with one word
    left = (set(_words(_without_our_files(_strings(body)))) & set(_words(_without_our_files(_strings(made))))) - ours
    return sum(len(_FILLING.sub("", word)) >= 5 for word in left)


def _without_our_files(text: str) -> str:
    """The files that stand in for others may be the very ones that were sent: tests send a black pixel, too."""
    for file in FILES.values():
        text = text.replace(file.rstrip("=")[:-1], " ")
    return text


def _words(text: str) -> Iterator[str]:
    return (word.lower() for word in _WORD.findall(text))


def _strings(value: Any) -> str:
    """All names and strings of a value, JSON within strings and all."""
    return json.dumps(value, ensure_ascii=False).replace("\\n", " ").replace("\\t", " ").replace("\\r", " ")


_API_TEXT = " ".join(
    (
        *FIELDS,
        *SCHEMA_WORDS,
        *SCHEMA_TYPES,
        *SCHEMA_FORMATS,
        *ID_PREFIXES,
        *TOOL_NAMES,
        *(word for words in ENUMS.values() for word in words),
        "true false null https http example com data base64 image jpeg webp application octet stream plain audio json",
        "schema org draft",
    )
)


IDS = ("id", "tool_call_id", "call_id", "tool_use_id", "previous_response_id", "file_id")
"""Members that name something of the server's, or a call: the same one by the same one."""


class Anonymous(Values):
    """One chat request with stand-ins."""

    def body(self, body: _Object) -> _Object:
        # Names first, wherever they are said before they are declared: arguments stand before tools in a file.
        for tool in [*_objects(body.get("tools")), *_objects(body.get("functions"))]:
            held = tool.get("function") or tool.get("custom") or tool
            if isinstance(held, dict) and isinstance(held.get("name"), str):
                self.name(held["name"])
        # Schemas first: the values that they list are those of the arguments in the messages.
        order = sorted(body, key=lambda name: name in ("messages", "input"))
        made = {name: self._top(name, body[name]) for name in order}
        return {self.field_name(name): made[name] for name in body}

    def field_name(self, name: str) -> str:
        """A name as the API defines it, or what stands in for it."""
        return name if name in FIELDS else self.name(name)

    def _top(self, name: str, value: Any) -> Any:
        made = self.of_fields().get(name)
        return made(value) if made is not None else self.field(name, value)

    def of_fields(self) -> "dict[str, Callable[[Any], Any]]":
        """What stands in for the value of a field of the body, where that takes more than its name."""
        return {
            "messages": self.messages,
            "tools": self.tools,
            "functions": self.tools,
            "tool_choice": self.choice,
            "function_call": self.choice,
            "response_format": self.format,
            "metadata": self.data,
            "logit_bias": self.bias,
            "web_search_options": self.location,
            "seed": self.data,
        }

    # -- messages -----------------------------------------------------------------------------------------------------

    def messages(self, value: Any) -> Any:
        if not isinstance(value, list):
            return self.data(value)
        return [self._message(message) if isinstance(message, dict) else self.data(message) for message in value]

    def _message(self, message: _Object) -> _Object:
        return {self.field_name(name): self._member(name, value) for name, value in message.items()}

    def _member(self, name: str, value: Any) -> Any:
        if name == "content" and isinstance(value, list):
            return [self._part(part) if isinstance(part, dict) else self.data(part) for part in value]
        if name == "tool_calls" and isinstance(value, list):
            return [self._call(call) if isinstance(call, dict) else self.data(call) for call in value]
        if name == "function_call" and isinstance(value, dict):
            return self._function(value)
        if name == "name" and isinstance(value, str):
            return self.name(value)
        if name in IDS and isinstance(value, str):
            return self.id(value)
        if name == "audio" and isinstance(value, dict):
            return self._ids_in(value)
        return self.field(name, value)

    def _part(self, part: _Object) -> _Object:
        return {self.field_name(name): self._part_member(name, value) for name, value in part.items()}

    def _part_member(self, name: str, value: Any) -> Any:
        if not isinstance(value, dict):
            return self.address(value) if name == "image_url" and isinstance(value, str) else self.field(name, value)
        if name in ("image_url", "video_url", "audio_url"):
            return {
                self.field_name(each): self.address(item)
                if each == "url" and isinstance(item, str)
                else self.field(each, item)
                for each, item in value.items()
            }
        if name == "input_audio":
            kind = _AUDIO.get(str(value.get("format")), "")
            return {
                self.field_name(each): self.file(item, kind)
                if each == "data" and isinstance(item, str)
                else self.field(each, item)
                for each, item in value.items()
            }
        if name == "file":
            return {self.field_name(each): self._file_member(each, item) for each, item in value.items()}
        return self.field(name, value)

    def _file_member(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            return self.field(name, value)
        if name == "file_data":
            return self.address(value) if value[:5].lower() == "data:" else self.file(value, "application/pdf")
        return {"file_id": self.id, "filename": self.filename}.get(name, self.text)(value)

    def _ids_in(self, value: _Object) -> _Object:
        return {
            self.field_name(each): self.id(item) if each == "id" and isinstance(item, str) else self.field(each, item)
            for each, item in value.items()
        }

    # -- calls and tools ----------------------------------------------------------------------------------------------

    def _call(self, call: _Object) -> _Object:
        made = self._ids_in({name: value for name, value in call.items() if name not in ("function", "custom")})
        for name in ("function", "custom"):
            if name in call:
                made[name] = self._function(call[name]) if isinstance(call[name], dict) else self.data(call[name])
        return made

    def _function(self, value: _Object) -> _Object:
        return {self.field_name(name): self._function_member(name, item) for name, item in value.items()}

    def _function_member(self, name: str, value: Any) -> Any:
        if name == "name" and isinstance(value, str):
            return self.name(value)
        if name in ("parameters", "schema", "input_schema") and isinstance(value, dict):
            return schema(self, value)
        return self.field(name, value)

    def tools(self, value: Any) -> Any:
        if not isinstance(value, list):
            return self.data(value)
        return [self._tool(tool) if isinstance(tool, dict) else self.data(tool) for tool in value]

    def _tool(self, tool: _Object) -> _Object:
        return {
            self.field_name(name): self._function(value)
            if name in ("function", "custom") and isinstance(value, dict)
            else self._function_member(name, value)
            for name, value in tool.items()
        }

    def choice(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return self.field("tool_choice", value)
        made = self._tool(value)
        allowed = value.get("allowed_tools")
        if isinstance(allowed, dict) and isinstance(allowed.get("tools"), list):
            made["allowed_tools"] = {**self.fields(allowed), "tools": self.tools(allowed["tools"])}
        return made

    # -- other fields -------------------------------------------------------------------------------------------------

    def format(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return self.data(value)
        made = self._tool({name: item for name, item in value.items() if name != "json_schema"})
        if "json_schema" in value:
            held = value["json_schema"]
            made["json_schema"] = self._function(held) if isinstance(held, dict) else self.data(held)
        return made

    def bias(self, value: Any) -> Any:
        """Numbers of tokens spell words; the biases stay."""
        if not isinstance(value, dict):
            return self.data(value)
        return {
            str(1000 + place) if token.isascii() and token.isdigit() else self.name(token): bias
            if isinstance(bias, int | float)
            else self.data(bias)
            for place, (token, bias) in enumerate(value.items())
        }

    def location(self, value: Any) -> Any:
        made = self.fields(value)
        inner = made.get("user_location") if isinstance(made, dict) else None
        place = inner.get("approximate") if isinstance(inner, dict) else None
        if isinstance(place, dict):
            place.update({name: code for name, code in (("country", _COUNTRY), ("timezone", _ZONE)) if name in place})
        return made


def _objects(value: Any) -> list[_Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
