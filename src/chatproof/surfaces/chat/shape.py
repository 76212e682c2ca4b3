"""What two replies of chat completions are compared by."""

from chatproof.contract.surface import Shape

_WORDS = ("finish_reason", "role", "object")
# What the reference requires, or most clients read although it does not. The rest may come and go.
_READ = frozenset(
    (
        *("$", "$.id", "$.object", "$.created", "$.model", "$.choices", "$.usage", "$.data", "$.owned_by"),
        *("$.usage.prompt_tokens", "$.usage.completion_tokens", "$.usage.total_tokens"),
        *("$.choices[].index", "$.choices[].finish_reason", "$.choices[].message", "$.choices[].delta"),
        *("$.choices[].message.role", "$.choices[].message.content", "$.choices[].message.tool_calls"),
        *("$.choices[].delta.role", "$.choices[].delta.content", "$.choices[].delta.tool_calls"),
        *("$.data[].id", "$.data[].object", "$.data[].created", "$.data[].owned_by"),
        "$.error",
    )
)
_MAIN = ("$.choices", "$.data")  # without it, a reply is another thing altogether
_MODEL_DEPENDENT = {"finish_reason": frozenset(("stop", "length", "tool_calls", "content_filter", "function_call"))}
_CHOSEN = ("content", "tool_calls", "refusal", "reasoning_content", "reasoning", "annotations", "audio")
"""Members of a message that come and go with what the model says."""


def _comes_and_goes(path: str) -> bool:
    inside = path.partition("$.choices[].")[2].partition(".")
    return inside[0] in ("message", "delta") and inside[2].startswith(_CHOSEN)


SHAPE = Shape(_WORDS, _MODEL_DEPENDENT, _READ, _MAIN, "$.choices[].delta", _comes_and_goes)
