"""What the user's own requests of one API are made of: which fields are texts, where the cap stands, what has effects.

Each API has one, as FORM in its `own_form` file. A new API is found by its folder; nothing lists it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chatproof.surfaces.own.request_part import Part, Request

CAP = 16
"""Tokens: the smallest output cap that every dialect accepts."""


class Form(NamedTuple):
    """`texts` are the fields without which there is no request; what they hold is the user's."""

    is_body: Callable[[Any], bool]  # is a JSON value a request of this API?
    what: str  # for people: "an object with messages"
    texts: tuple[str, ...]
    said: Callable[[Request], str]  # how much it asks, without a word of it: messages_count=2
    without_effects: Callable[[Request], list[str]]  # takes out of a copy what acts on the server; names what that was
    parts: Callable[[Request], list[Part]]  # what can be left out or put more plainly, what is missed least first
    anonymous: Callable[[Request], Request]  # the same with other words and names; loads what it needs
    caps: tuple[str, ...] = ()  # the fields that limit an answer's tokens
    smallest_cap: Callable[[Request], int] = lambda body: CAP  # that a request of this kind is answered with
    answer: int = 500  # tokens of an answer without a cap
    streams: bool = True
    put: Mapping[str, str] = {}  # of a name that `without_effects` gives: the field that it set, which the user did not


def form_of(api: str) -> Form:
    """Load the form of an API's requests by the API's name. Raises ModuleNotFoundError for one that has none."""
    import importlib

    form: Form = importlib.import_module(f"chatproof.surfaces.{api}.own_form").FORM
    return form
