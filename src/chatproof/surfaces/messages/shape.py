"""What two replies of the Messages API are compared by."""

from chatproof.contract.surface import Shape

_READ = frozenset(
    (
        *("$", "$.id", "$.type", "$.role", "$.model", "$.content", "$.stop_reason", "$.usage", "$.data"),
        *("$.content[].type", "$.content[].text", "$.content[].id", "$.content[].name", "$.content[].input"),
        *("$.usage.input_tokens", "$.usage.output_tokens", "$.message", "$.index", "$.delta", "$.content_block"),
        *("$.delta.type", "$.delta.text", "$.delta.stop_reason"),
    )
)


def comes_and_goes(path: str) -> bool:
    """What stands in a block depends on what the model says, and on whether it thinks first."""
    return path.startswith(("$.content[].input.", "$.content[].citations"))


SHAPE = Shape(
    ("type", "role", "stop_reason"),
    {"stop_reason": frozenset(("end_turn", "max_tokens", "stop_sequence"))},
    _READ,
    ("$.content", "$.data"),
    "$.delta.text",
    comes_and_goes,
)
