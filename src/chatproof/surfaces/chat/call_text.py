"""What can be said of a tool call's text: a call that stands in the answer instead, and arguments that come twice."""

from itertools import accumulate, pairwise

from chatproof.printable import quote
from chatproof.surfaces.chat.probes_validate import FUNCTION
from chatproof.wire.strictjson import Json, parse

_MARKS = ("<tool_call>", "<function=", "[TOOL_CALLS]", "<|python_tag|>", "<|tool_call", "<｜tool▁call", "functools[")


def is_call_in_text(text: str) -> bool:
    """Say whether a text is a tool call in a model's own notation: its marks, or the function's name as JSON."""
    return any(mark in text for mark in _MARKS) or f'"name": "{FUNCTION}"' in text or f'"name":"{FUNCTION}"' in text


def repeated(pieces: list[str]) -> str:
    """How the pieces of a call's arguments repeat each other, which clients append; empty when they do not."""
    told = [piece for piece in pieces if piece]
    if len(told) > 1 and all(len(b) > len(a) and b.startswith(a) for a, b in pairwise(told)):
        return "each piece repeats all the arguments so far"
    joined = "".join(told)
    half = len(joined) // 2
    if half and joined[:half] == joined[half:] and half in accumulate(map(len, told)):
        return "the arguments are sent twice"
    return ""


def value_of(arguments: Json) -> tuple[Json, str]:
    """A call's arguments as a value, and what keeps clients from reading them ("": nothing)."""
    if not isinstance(arguments, str):
        return None, f"arguments are {quote(arguments)}"
    value, problem = parse(arguments.encode("utf-8", "surrogatepass"))
    if problem is not None:
        return None, f"arguments are not JSON: {problem.reason} at byte {problem.offset} of {quote(arguments, 80)}"
    return value, "" if isinstance(value, dict) else f"arguments are not an object: {quote(arguments, 80)}"
