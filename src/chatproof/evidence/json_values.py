"""Small questions about JSON values that the contract's shapes are made of."""

from chatproof.wire.strictjson import Json

FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")
SECONDS = (1_000_000_000, 4_294_967_295)  # 2001 to 2106, the last that 32 bits hold


def is_integer(value: Json) -> bool:
    """JSON has one number type, and true is no number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Json) -> bool:
    """With a fraction or without."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def count(value: Json) -> int | None:
    """A number of something: an integer that is not negative; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def members(value: Json) -> dict[str, Json]:
    """The value if it is an object, else nothing."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """The value if it is an array, else nothing."""
    return value if isinstance(value, list) else []
