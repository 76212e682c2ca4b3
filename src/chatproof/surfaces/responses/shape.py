"""What two replies of the Responses API are compared by."""

from chatproof.contract.surface import Shape

_READ = frozenset(
    (
        *("$", "$.id", "$.object", "$.created_at", "$.model", "$.output", "$.usage", "$.status", "$.data"),
        *("$.output[].type", "$.output[].role", "$.output[].content", "$.output[].content[].type"),
        *("$.output[].content[].text", "$.output[].call_id", "$.output[].name", "$.output[].arguments"),
        *("$.usage.input_tokens", "$.usage.output_tokens", "$.usage.total_tokens"),
        *("$.type", "$.delta", "$.response", "$.item", "$.output_index", "$.content_index", "$.item_id"),
    )
)


def comes_and_goes(path: str) -> bool:
    """What stands in an item depends on what the model says, and on whether it thinks first."""
    return path.startswith(("$.output[]", "$.response.output[]")) and path.count("[]") > 1


SHAPE = Shape(
    ("object", "role", "status"),
    {"status": frozenset(("completed", "incomplete"))},
    _READ,
    ("$.output", "$.data"),
    "$.delta",
    comes_and_goes,
)
