"""What a request asks for and what its reply says, in words that all APIs share. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from chatproof.evidence.json_schema import problem_in
from chatproof.printable import quote
from chatproof.wire.strictjson import Json, parse

Schema = Mapping[str, Json]


class Asked(NamedTuple):
    """What a request asks for. `choice` of a tool: free, forced or none; `named`: the tools that it allows, if not
    all; `schema`: of the answer, empty for any JSON object, None for no JSON; `length` of an embedding."""

    tools: Mapping[str, Schema] = {}
    choice: str = "free"
    named: tuple[str, ...] = ()
    schema: Schema | None = None
    cap: int | None = None
    stops: tuple[str, ...] = ()
    length: int | None = None


class Call(NamedTuple):
    """A call as clients read it: `arguments` is text, or the object itself where the API sends one."""

    id: Json
    name: Json
    arguments: Json


class Said(NamedTuple):
    """What a reply says. `other` names what stands in place of a text, `instead` what came where nothing does."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    is_cut: bool = False
    other: str = ""
    instead: str = ""
    completion: int | None = None
    counted: bool = False
    length: int | None = None


def arguments_of(given: Json) -> tuple[Json, str]:
    """(what the text holds, what keeps clients from reading it as a JSON object)."""
    if not isinstance(given, str):
        return None, f"arguments are {quote(given)}"
    value, problem = parse(given.encode("utf-8", "surrogatepass"))
    if problem is not None:
        return None, f"arguments are not JSON: {problem.reason} at byte {problem.offset}"
    return value, "" if isinstance(value, dict) else "arguments are not an object"


def object_or_text(given: Json) -> tuple[Json, str]:
    """The same for an API that sends the object itself, and in a stream its text."""
    return (given, "") if isinstance(given, dict) else arguments_of(given)


def schema_problem(value: Json, schema: Schema) -> str:
    """What is wrong with a value; empty where the schema itself is none that can be asked."""
    try:
        return problem_in(value, dict(schema))
    except (ValueError, OverflowError, RecursionError):
        return ""
