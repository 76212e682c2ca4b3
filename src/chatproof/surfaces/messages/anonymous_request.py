"""A request to the Messages API without what it says: the same fields, sizes and kinds, other words and names."""

from collections.abc import Callable
from typing import Any

from chatproof.surfaces.chat.anonymous_request import IDS, Anonymous
from chatproof.surfaces.chat.api_words import TOOL_NAMES

_Object = dict[str, Any]


class AnonymousMessage(Anonymous):
    """One request with stand-ins."""

    def of_fields(self) -> "dict[str, Callable[[Any], Any]]":
        """What stands in for the value of a field of the body, where that takes more than its name."""
        return {
            "messages": self.blocks,
            "system": self.blocks,
            "tools": self.tools,
            "tool_choice": self.choice,
            "output_config": self.output,
            "metadata": self.fields,
        }

    def blocks(self, value: Any) -> Any:
        """Messages, or the blocks of one: texts, images, documents, calls and their results."""
        if not isinstance(value, list):
            return self.data(value)
        return [self._block(block) if isinstance(block, dict) else self.data(block) for block in value]

    def _block(self, block: _Object) -> _Object:
        return {self.field_name(name): self._member(name, value) for name, value in block.items()}

    def _member(self, name: str, value: Any) -> Any:
        if name == "content" and isinstance(value, list):
            return self.blocks(value)
        if name == "input":
            return self.data(value)  # a call's arguments: their names are the tool's
        if name == "source" and isinstance(value, dict):
            return self._source(value)
        if isinstance(value, str) and name in IDS:
            return self.id(value)
        return self.name(value) if name == "name" and isinstance(value, str) else self.field(name, value)

    def _source(self, source: _Object) -> _Object:
        kind = str(source.get("media_type"))
        made: dict[str, Callable[[str], str]] = {
            "data": (lambda text: self.file(text, kind)) if source.get("type") == "base64" else self.text,
            "url": self.address,
            "file_id": self.id,
        }
        return {
            self.field_name(name): made[name](held)
            if name in made and isinstance(held, str)
            else self.field(name, held)
            for name, held in source.items()
        }

    def output(self, value: Any) -> Any:
        """How the answer is wanted: effort, and its format with a schema."""
        if not isinstance(value, dict):
            return self.data(value)
        return {
            self.field_name(name): self.format(held) if name == "format" else self.field(name, held)
            for name, held in value.items()
        }

    def name(self, name: str) -> str:
        """The same stand-in for the same name; tools of the API's own keep theirs."""
        return name if name in TOOL_NAMES else super().name(name)


def anonymous(body: _Object) -> _Object:
    """The request with stand-ins. `body` is not changed."""
    from chatproof.surfaces.chat import anonymous_request

    return anonymous_request.anonymous(body, AnonymousMessage)
