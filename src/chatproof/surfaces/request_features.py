"""Which fields and features of an API a request exercises: what no request asked for, a verdict says nothing of.

Asked of bodies that were sent, not of what was planned. Each API has a table of its own, a row a feature; the names are
for people.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from chatproof.surfaces.own.tool_parts import keywords_in
from chatproof.wire.exchange import Request

Body = dict[str, Any]
MANY_TOOLS, MANY_MESSAGES, LONG = 8, 20, 32_000


class Feature(NamedTuple):
    """`asked` is given a body and the names of the request's headers, lower case."""

    name: str
    asked: Callable[[Body, frozenset[str]], bool]


def field(name: str) -> Feature:
    """A member at the top that is there and not null."""
    return Feature(name, lambda body, headers: body.get(name) is not None)


def of(name: str, asked: Callable[[Body], object]) -> Feature:
    """What the body alone tells."""
    return Feature(name, lambda body, headers: bool(asked(body)))


def objects(body: Body, name: str) -> list[Body]:
    """The objects of an array of the body; empty where it is none."""
    found = body.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def within(body: Any, *names: str) -> Any:
    """A member of an object within the body; None where there is none: a user's own request may have any form."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def types(values: Iterable[Body]) -> set[Any]:
    """The types that these objects say they are."""
    return {kind for value in values if isinstance(kind := value.get("type"), str)}


def in_schemas(body: Body) -> set[str]:
    """The keywords in the schemas of the tools."""
    return set(keywords_in(body.get("tools")))


def _keyword(name: str, *keywords: str) -> Feature:
    return of(f"{name} in a schema", lambda body: in_schemas(body) & set(keywords))


def _is_chosen(name: str, body: Body) -> bool:
    return body.get("tool_choice") == name


TEMPERATURE = of("temperature other than 1", lambda body: body.get("temperature") not in (None, 1))
STREAM = of("stream", lambda body: body.get("stream") is True)
TOOLS = (
    of("tools", lambda body: objects(body, "tools")),
    of("several tools", lambda body: len(objects(body, "tools")) > 1),
    of(f"more than {MANY_TOOLS} tools", lambda body: len(objects(body, "tools")) > MANY_TOOLS),
)
SCHEMAS = (
    _keyword("anyOf, oneOf, allOf", "anyOf", "oneOf", "allOf"),
    _keyword("$ref", "$ref"),
    _keyword("enum", "enum", "const"),
    _keyword("additionalProperties", "additionalProperties"),
    _keyword(
        "format, pattern, limits", "format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems"
    ),
)
CHOICES = (
    *(of(f"tool_choice {name}", partial(_is_chosen, name)) for name in ("none", "auto", "required")),
    of("tool_choice of one function", lambda body: isinstance(body.get("tool_choice"), dict)),
)
"""For the APIs of OpenAI, which name a choice or give an object."""
STRICT = of("strict in a tool", lambda body: "strict" in in_schemas(body))
NULL = of("optional fields with the value null", lambda body: any(value is None for value in body.values()))
SDK = Feature("headers of an SDK", lambda body, headers: any(name.startswith("x-stainless-") for name in headers))


def empty(*but: str) -> Feature:
    """Members that are there and hold nothing; those named are asked of otherwise."""
    return of("empty optional fields", lambda body: any(v in ([], {}, "") for n, v in body.items() if n not in but))


def not_asked(features: Sequence[Feature], requests: Iterable[Request]) -> list[str]:
    """Name the features that none of these requests exercised, in the table's order."""
    seen: set[str] = set()
    for request in requests:
        try:
            body = json.loads(request.body)
        except (ValueError, RecursionError):
            continue
        if isinstance(body, dict):
            headers = frozenset(name.lower() for name, _ in request.headers)
            seen |= {feature.name for feature in features if feature.asked(body, headers)}
    return [feature.name for feature in features if feature.name not in seen]
