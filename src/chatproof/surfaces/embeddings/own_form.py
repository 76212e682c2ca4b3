"""What the user's own requests for embeddings are made of."""

from collections.abc import Iterator
from typing import Any

from chatproof.surfaces.own import optional
from chatproof.surfaces.own.form import Form
from chatproof.surfaces.own.optional import Fields
from chatproof.surfaces.own.request_part import Part, Request

_FIELDS = Fields(always=("model", "input"), needed=("dimensions",))  # vectors of another length fit no index
_LONG, _SHORT = 8000, 200  # characters
_OF_OTHERS = ("messages", "instructions", "max_output_tokens", "store", "stream", "tools", "reasoning", "text")


def is_body(value: Any) -> bool:
    """A request with input, and nothing that the Responses API alone takes."""
    is_other = isinstance(value, dict) and any(name in value for name in _OF_OTHERS)
    return isinstance(value, dict) and not is_other and _is_input(value.get("input"))


def _is_input(value: Any) -> bool:
    return isinstance(value, str) or _are_texts(value)


def _are_texts(value: Any) -> bool:
    """Texts, or tokens: an item of the Responses API is an object."""
    return isinstance(value, list) and bool(value) and not any(isinstance(one, dict) for one in value)


def _inputs(value: Request) -> int:
    held = value.get("input")
    return len(held) if isinstance(held, list) and held and not isinstance(held[0], int) else 1


def _parts(body: Request) -> list[Part]:
    return [*optional.of_fields(_FIELDS, body), *_of_input(body), *optional.of_needed(_FIELDS, body)]


def _of_input(body: Request) -> Iterator[Part]:
    held = body.get("input")
    words: tuple[str, ...] = ("input", "string", "array", "tokens", "integers", "type")
    if isinstance(held, list) and held and not isinstance(held[0], str):
        yield Part("`input` as tokens", "as a text", words, optional.put("input", "-"))
        return
    texts = [held] if isinstance(held, str) else [text for text in held or () if isinstance(text, str)]
    if isinstance(held, list) and "" in held:
        words = ("empty", "input", "blank")
        yield Part("an empty text in `input`", 'with "-"', words, _without_empty)
    if len(texts) > 1:
        words = ("input", "batch", "many", "most", "maximum", "array", "string", "size")
        yield Part(f"{len(texts)} texts in `input`", "with one", words, _first_alone)
    if isinstance(held, list) and len(texts) == 1:
        words = ("input", "string", "array", "list")
        yield Part("`input` as a list", "as one text", words, _first_alone)
    if any(len(text) > _LONG for text in texts):
        words = ("long", "length", "tokens", "context", "maximum", "input")
        yield Part("texts of this length", "with short ones", words, _shortened, needed=True)


def _without_empty(body: Request) -> None:
    body["input"] = [text or "-" for text in body["input"]]


def _first_alone(body: Request) -> None:
    if isinstance(body.get("input"), list):
        body["input"] = body["input"][0]


def _shortened(body: Request) -> None:
    held = body.get("input")
    body["input"] = held[:_SHORT] if isinstance(held, str) else [str(text)[:_SHORT] for text in held or ()]


def _anonymous(value: Request) -> Request:
    from chatproof.surfaces.chat.anonymous_request import anonymous

    return anonymous(value)


FORM = Form(
    is_body=is_body,
    what="an object with `input`: one text or several",
    texts=("input",),
    said=lambda value: f"inputs={_inputs(value)}",
    without_effects=lambda value: [],
    parts=_parts,
    anonymous=_anonymous,
    answer=0,
    streams=False,
)
