"""The fields of a request that another server may refuse, whatever the API: caps, options, what means nothing alone.

What a request says is never shown: a part is named by the API's own words, a number or true and false.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from chatproof.surfaces.own.form import CAP
from chatproof.surfaces.own.request_part import Part, Request, shown_name

_WORDS_OF_ENUMS = frozenset(
    (
        *(
            "low",
            "medium",
            "high",
            "minimal",
            "none",
            "auto",
            "default",
            "flex",
            "priority",
            "required",
            "xhigh",
            "max",
        ),
        *("text", "json_object", "json_schema", "any", "tool", "float", "base64", "disabled", "standard_only"),
        *("detailed", "concise", "enabled", "adaptive", "max"),
    )
)


class Fields(NamedTuple):
    """What is known of an API's fields. `follows`: what means nothing without the first."""

    always: tuple[str, ...]  # there is no request without them
    kept: tuple[str, ...] = ()  # never left out, for it holds texts, but put more plainly
    follows: Mapping[str, tuple[str, ...]] = {}
    needed: tuple[str, ...] = ()  # without them the answer is another one: who asks for them cannot just leave them out
    caps: tuple[str, ...] = ()
    plainer: Callable[[str, Request], Iterator[Part]] = lambda name, body: iter(())  # before a field is left out


def without(body: Request, parts: list[Part]) -> Request:
    """Make a copy of the request with these parts changed, in their order."""
    changed: Request = copy.deepcopy(body)
    for part in parts:
        part.change(changed)
    return changed


def drop(name: str, *more: str) -> Callable[[Request], None]:
    """A change that takes fields away."""

    def change(body: Request) -> None:
        for field in (name, *more):
            body.pop(field, None)

    return change


def put(name: str, value: Any) -> Callable[[Request], None]:
    """A change that gives a field that is there another value."""

    def change(body: Request) -> None:
        if name in body:
            body[name] = value

    return change


def drop_member(name: str, member: str) -> Callable[[Request], None]:
    """A change that takes a member of a field's object away."""

    def change(body: Request) -> None:
        if isinstance(body.get(name), dict):
            body[name].pop(member, None)
            if not body[name]:
                del body[name]

    return change


def of_members(name: str, body: Request, *kept: str) -> Iterator[Part]:
    """Each member of a field's object, where it is not the only one, but those that are kept."""
    value = body.get(name)
    for member, held in value.items() if isinstance(value, dict) and len(value) > 1 else ():
        if member not in kept:
            known = shown_name(member) == f"`{member}`"
            shown = f"`{name}.{member}`{told(held)}" if known else f"an unknown member of `{name}`"
            yield Part(shown, "without it", (member, f"{name}.{member}"), drop_member(name, member))


def of_caps(fields: Fields, body: Request, least: int = CAP) -> Iterator[Part]:
    """A smaller output cap."""
    for name in fields.caps:
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > least:
            yield Part(f"`{name}` {value}", f"with {least}", (name, "large", "maximum", "most"), put(name, least))


def of_fields(fields: Fields, body: Request) -> Iterator[Part]:
    """Each optional field; a list in it is shortened before it is left out."""
    followers = {name for names in fields.follows.values() for name in names}
    for name, value in sorted(body.items(), key=lambda item: item[0] not in followers):
        if name in fields.always or (name in fields.needed and value) or name == "stream":
            continue
        if isinstance(value, list) and len(value) > 1:
            words = (name, "long", "many", "maximum", "most")
            yield Part(f"{len(value)} entries of {shown_name(name)}", "with one", words, put(name, value[:1]))
        yield from fields.plainer(name, body)
        if name in fields.kept:
            continue
        shown = f"an empty {shown_name(name)}" if value in ([], {}, "") else f"{shown_name(name)}{told(value)}"
        yield Part(shown, "without it", _words(name, value), drop(name, *fields.follows.get(name, ())))


def of_stream(body: Request, *more: str) -> Iterator[Part]:
    """The stream, with what means nothing without it."""
    if "stream" in body:
        streamed = body["stream"] is True
        yield Part("`stream`", "without it", ("stream", "streaming"), drop("stream", *more), needed=streamed)


def of_needed(fields: Fields, body: Request) -> Iterator[Part]:
    """What the request is about."""
    for name in fields.needed:
        value = body.get(name)
        if value:
            shown = value.get("type") if isinstance(value, dict) else ""
            kind = f" {shown}" if shown in _WORDS_OF_ENUMS else ""
            change = drop(name, *fields.follows.get(name, ()))
            words = (name, kind.strip() or name)
            yield Part(f"{shown_name(name)}{kind}", "without it", words, change, shown != "text")


def _words(name: str, value: Any) -> tuple[str, ...]:
    empty = {"null": ("null", "none"), "empty": ("short", "empty")}
    return (name, *empty.get("null" if value is None else "empty" if value in ([], "", {}) else "", ()))


def told(value: Any) -> str:
    """What a field holds, where that is no text of the user's."""
    if value is None or isinstance(value, bool):
        return {None: " null", True: " true", False: " false"}[value]
    if isinstance(value, int | float):
        return f" {value}"
    return f" {value}" if isinstance(value, str) and value in _WORDS_OF_ENUMS else ""
