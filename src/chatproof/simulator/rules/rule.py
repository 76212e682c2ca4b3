"""What a rule of the simulator is, and the words of a refusal.

A refusal says what OpenAI's says, in the simulator's own words, with the same `type`, `param` and `code`: clients
branch on these three.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from chatproof.simulator.answers import Body, Flaw, kind, missing, mistyped

Find = Callable[[Body], Flaw | None]
Fits = Callable[[Any], bool]

SCHEMA = "openai/openai-openapi@f85dbe2"  # the schema of the request, CreateChatCompletionRequest
SCHEMA_DATE = "2026-08-21"


class Rule(NamedTuple):
    """One thing that a request must not have.

    `find` is given a JSON object and must bear any other mistake in it: it tells the first flaw of its own kind.
    `example` holds the fields that, put over a plain request, this rule refuses and no other one does; a field that is
    `...` is taken out. `param` is what the refusal then names. `source` is where OpenAI's answer was seen, or the
    schema; `date` is when that was written, or read where it does not say.
    """

    name: str
    refuses: str
    find: Find
    example: Body
    param: str | None
    source: str = SCHEMA
    date: str = SCHEMA_DATE


# -- kinds of values --------------------------------------------------------------------------------------------------


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_object(value: Any) -> bool:
    return isinstance(value, dict)


def is_list(value: Any) -> bool:
    return isinstance(value, list)


# -- rows that many fields share --------------------------------------------------------------------------------------


def typed(field: str, wanted: str, fits: Fits, wrong: Any, **also: Any) -> Rule:
    """The field has the type that the schema gives it, or is null. `also`: further fields of the example."""

    def find(body: Body) -> Flaw | None:
        value = body.get(field)
        return None if value is None or fits(value) else mistyped(field, wanted, value)

    return Rule(f"{field}-type", f"`{field}` that is not {wanted}", find, {field: wrong, **also}, field)


def ranged(
    field: str, low: float, high: float, wrong: float, source: str = SCHEMA, date: str = SCHEMA_DATE, **also: Any
) -> Rule:
    """One side of the range from `low` to `high`, both included: the side on which the wrong example lies."""

    def find(body: Body) -> Flaw | None:
        value = body.get(field)
        if value is None or not is_number(value) or (value <= high if wrong > high else value >= low):
            return None
        return beyond(field, value, low, high)

    side = "above" if wrong > high else "below"
    limit = high if wrong > high else low
    return Rule(
        f"{field}-{side}-range", f"`{field}` {side} {limit:g}", find, {field: wrong, **also}, field, source, date
    )


def chosen(field: str, allowed: tuple[str, ...], wrong: str) -> Rule:
    """A word out of a list."""

    def find(body: Body) -> Flaw | None:
        value = body.get(field)
        return None if not is_text(value) or value in allowed else unknown_value(field, value, allowed)

    return Rule(f"{field}-value", f"a word in `{field}` that is not in the list", find, {field: wrong}, field)


# -- flaws ------------------------------------------------------------------------------------------------------------


def beyond(at: str, value: float, low: float, high: float) -> Flaw | None:
    """What is wrong with a number outside of its range."""
    if low <= value <= high:
        return None
    what = "integer" if isinstance(value, int) else "decimal"
    side, sign, limit = ("above maximum", "<=", high) if value > high else ("below minimum", ">=", low)
    shown = int(limit) if float(limit).is_integer() else limit
    said = f"Invalid '{at}': {what} {side} value. Expected a value {sign} {shown}, but got {str(value)[:40]} instead."
    return Flaw(said, at, f"{what}_{'above_max' if value > high else 'below_min'}_value")


def unknown_value(at: str, value: Any, allowed: tuple[str, ...]) -> Flaw:
    shown = f"'{value[:40]}'" if isinstance(value, str) else kind(value)
    listed = ", ".join(f"'{known}'" for known in allowed)
    return Flaw(f"Invalid value: {shown}. Supported values are: {listed}.", at, "invalid_value")


def empty_array(at: str) -> Flaw:
    return Flaw(f"Invalid '{at}': empty array. Expected at least 1 element.", at, "empty_array")


def too_many(at: str, found: int, most: int) -> Flaw:
    said = f"Invalid '{at}': array too long. Expected at most {most} elements, but got {found} instead."
    return Flaw(said, at, "array_above_max_length")


def too_long(at: str, found: int, most: int) -> Flaw:
    said = f"Invalid '{at}': string too long. Expected at most {most} characters, but got {found} instead."
    return Flaw(said, at, "string_above_max_length")


def empty_string(at: str) -> Flaw:
    return Flaw(f"Invalid '{at}': empty string. Expected at least 1 character.", at, "empty_string")


def no_match(at: str, pattern: str) -> Flaw:
    return Flaw(f"Invalid '{at}': the string does not match the pattern '{pattern}'.", at, "invalid_value")


def unknown_field(at: str) -> Flaw:
    return Flaw(f"Unknown parameter: '{at[:80]}'.", at[:80], "unknown_parameter")


def only_with(field: str, needed: str) -> Flaw:
    return Flaw(f"The '{field}' parameter is only allowed when '{needed}'.", field, None)


def text_at(holder: Body, name: str, at: str) -> Flaw | None:
    """A member that must be there and be a string."""
    if name not in holder:
        return missing(f"{at}.{name}")
    return None if is_text(holder[name]) else mistyped(f"{at}.{name}", "a string", holder[name])


def objects(value: Any) -> Iterator[tuple[int, Body]]:
    """The objects in an array, with their places; nothing for what is no array."""
    for place, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield place, item
