"""What two replies of the Embeddings API are compared by."""

from chatproof.contract.surface import Shape

_READ = frozenset(
    (
        *("$", "$.data", "$.data[].embedding", "$.data[].embedding[]", "$.data[].index", "$.usage"),
        *("$.usage.prompt_tokens", "$.usage.total_tokens"),
    )
)


def comes_and_goes(path: str) -> bool:
    """Whether a number of a vector has a fraction depends on the text; nothing else does."""
    return path == "$.data[].embedding[]"


SHAPE = Shape(("object",), {}, _READ, ("$.data",), "", comes_and_goes)
