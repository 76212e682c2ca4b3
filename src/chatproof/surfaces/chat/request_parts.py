"""The parts of a chat request that another server may refuse, each with what can be sent in its place.

What a request says is never shown: a part is named by the API's own words, a number or true and false.
"""

from collections.abc import Callable, Iterator

from chatproof.surfaces.chat.message_parts import of_messages
from chatproof.surfaces.chat.tool_choice_parts import TOOLS, of_choice
from chatproof.surfaces.own import optional
from chatproof.surfaces.own.optional import Fields
from chatproof.surfaces.own.request_part import Part, Request, messages_of, on_each_message, shown_name
from chatproof.surfaces.own.tool_parts import of_tools

CAPS = ("max_tokens", "max_completion_tokens")
_ANY_OBJECT = {"type": "json_schema", "json_schema": {"name": "object", "schema": {"type": "object"}}}
_LONG, _SHORT = 4000, 200  # characters


def _plainer(name: str, body: Request) -> Iterator[Part]:
    if name == "tool_choice":
        yield from of_choice(body)
    if name in CAPS and body[name] is not None:
        other = next(cap for cap in CAPS if cap != name)
        yield Part(shown_name(name), f"as `{other}`", (name, other, "instead"), _rename(name, other))


def _rename(name: str, other: str) -> Callable[[Request], None]:
    def change(body: Request) -> None:
        if name in body:
            body.setdefault(other, body.pop(name))

    return change


FIELDS = Fields(
    always=("model", "messages"),
    follows={
        "tools": ("tool_choice", "parallel_tool_calls"),
        "functions": ("function_call",),
        "logprobs": ("top_logprobs",),
        "stream": ("stream_options",),
        "modalities": ("audio",),
        "audio": ("modalities",),
    },
    needed=("tools", "functions", "response_format", "modalities", "audio", "web_search_options"),
    caps=CAPS,
    plainer=_plainer,
)


def parts_of(body: Request) -> list[Part]:
    """List what can be taken out of a request or put more plainly, what is missed least first."""
    return [
        *optional.of_caps(FIELDS, body),
        *optional.of_fields(FIELDS, body),
        *of_tools(TOOLS, body),
        *of_messages(body),
        *_of_needed(body),
    ]


# -- what the request is about ----------------------------------------------------------------------------------------


def _of_needed(body: Request) -> Iterator[Part]:
    yield from optional.of_stream(body, "stream_options")
    for part in optional.of_needed(FIELDS, body):
        if part.name == "`response_format` json_object":
            plainer = ("response_format", "json_object", "json_schema", "type")
            instead = optional.put("response_format", _ANY_OBJECT)
            yield Part(part.name, "as json_schema of any object", plainer, instead)
        yield part
    messages = messages_of(body)
    if sum(len(text) for text in _texts(messages)) > _LONG:
        words = ("large", "long", "size", "context", "length", "tokens", "413", "bytes")
        yield Part("texts of this length", "with short ones", words, on_each_message(_cut), needed=True)
    if len(messages) > 1:
        yield Part(
            "the conversation before",
            "with only the last user's message",
            (),
            _last_alone(tools="tools" in body),
            needed=True,
        )


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


def _last_alone(*, tools: bool) -> Callable[[Request], None]:
    """Without the tools that another part has given to calls of before, where the request has none."""

    def change(body: Request) -> None:
        asked = [message for message in messages_of(body) if message.get("role") == "user"]
        body["messages"] = [{"role": "user", "content": asked[-1].get("content") if asked else "-"}]
        if not tools:
            body.pop("tools", None)

    return change
