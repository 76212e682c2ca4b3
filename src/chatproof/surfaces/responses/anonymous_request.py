"""A request to the Responses API without what it says: the same fields, sizes and kinds, other words and names."""

from collections.abc import Callable
from typing import Any

from chatproof.surfaces.chat.anonymous_request import IDS, Anonymous
from chatproof.surfaces.chat.api_words import TOOL_NAMES

_Object = dict[str, Any]


class AnonymousResponse(Anonymous):
    """One request with stand-ins."""

    def of_fields(self) -> "dict[str, Callable[[Any], Any]]":
        """What stands in for the value of a field of the body, where that takes more than its name."""
        return {
            "input": self.items,
            "tools": self.tools,
            "tool_choice": self.choice,
            "text": self.text_options,
            "metadata": self.data,
            "prompt": self.template,
            "previous_response_id": self.reference,
            "conversation": self.reference,
        }

    def items(self, value: Any) -> Any:
        """The input: a text, or items, whose parts are texts, images, files, calls."""
        if not isinstance(value, list):
            return self.data(value)
        return [self._item(item) if isinstance(item, dict) else self.data(item) for item in value]

    def _item(self, item: _Object) -> _Object:
        return {self.field_name(name): self._of_item(name, value) for name, value in item.items()}

    def _of_item(self, name: str, value: Any) -> Any:
        if name in ("content", "output", "summary") and isinstance(value, list):
            return self.items(value)
        if not isinstance(value, str):
            return self.field(name, value)
        if name in IDS:
            return self.id(value)
        if name in ("image_url", "file_url"):
            return self.address(value)
        if name == "file_data":
            return self.address(value) if value[:5].lower() == "data:" else self.file(value, "application/pdf")
        made = {"name": self.name, "filename": self.filename}.get(name)
        return made(value) if made else self.field(name, value)

    def text_options(self, value: Any) -> Any:
        """The field `text`: verbosity, and the answer's format with its schema."""
        if not isinstance(value, dict):
            return self.data(value)
        return {
            self.field_name(name): self.format(held) if name == "format" else self.field(name, held)
            for name, held in value.items()
        }

    def template(self, value: Any) -> Any:
        """A prompt that the server holds, and what it is filled with."""
        if not isinstance(value, dict):
            return self.data(value)
        return {self.field_name(n): self._of_item(n, v) if n == "id" else self.data(v) for n, v in value.items()}

    def reference(self, value: Any) -> Any:
        """Something that the server holds, by its id."""
        return self.id(value) if isinstance(value, str) else self._item(value) if isinstance(value, dict) else value

    def name(self, name: str) -> str:
        """The same stand-in for the same name; tools of the API's own keep theirs."""
        return name if name in TOOL_NAMES else super().name(name)


def anonymous(body: _Object) -> _Object:
    """The request with stand-ins. `body` is not changed."""
    from chatproof.surfaces.chat import anonymous_request

    return anonymous_request.anonymous(body, AnonymousResponse)
