"""What is said of tool calls that came wrong, or did not come: by the clause, or by the part of the call that is wrong.

One fault of a call breaks several clauses at once: the plain call, the streamed one and one of two are told as one.
"""

from collections.abc import Mapping

from chatproof.contract.failure_mode import CERTAIN, LIKELY, PROVIDER

_NOT_CALLED = (
    "a tool call that the request forces does not come: the answer is text, or empty",
    PROVIDER,
    "Agents wait for a call that never comes. Look at the server's tool parser (vLLM: --enable-auto-tool-choice and --tool-call-parser) and for a gateway that drops `tools` or `tool_choice`; if only streams lack the call, ask without stream. Report it.",
    LIKELY,
)
_PIECES = (
    "the pieces of a streamed tool call do not join to its arguments",
    PROVIDER,
    "Ask without stream where tools are used, until it is fixed: clients run the tool with other arguments, or with none. A gateway that repeats, withholds or encodes the pieces again is the usual cause. Report it.",
    LIKELY,
)
_ONE_NUMBER = (
    "the parts of a stream with tool calls have the same number, and cannot be told apart",
    PROVIDER,
    "Ask without stream where tools are used, or for one call at a time: clients write one part over the other, or raise an error. A gateway that converts streams is the usual cause. Report it.",
    LIKELY,
)
_END = (
    "the last event of a stream does not have the tool call that was streamed",
    PROVIDER,
    "Take calls from the events as they come, not from the final response: SDK helpers that return that one lose the call. A gateway that builds the last event anew is the usual cause. Report it.",
    LIKELY,
)
_REASON = (
    "an answer with a tool call does not say that it ends with one",
    PROVIDER,
    "Look for calls in the answer's content, whatever the reason of its end says: loops that go by the reason stop before the tool runs. A gateway that converts answers is the usual cause. Report it.",
    LIKELY,
)

_MERGED = (
    "two tool calls of one turn arrive as one",
    PROVIDER,
    "Ask for one call at a time (parallel_tool_calls=false; in Messages disable_parallel_tool_use) until it is fixed: the second call is lost. A gateway that bridges to chat is the usual cause. Report it.",
    LIKELY,
)
_OPEN = (
    "a streamed tool call does not end",
    PROVIDER,
    "Ask without stream where tools are used, until it is fixed: clients wait for the end of a call before they run it. A gateway that converts streams is the usual cause. Report it.",
    LIKELY,
)
_IN_TEXT = (
    "a tool call stands in the text of the answer: no parser made a call of it",
    PROVIDER,
    "Set the server's tool parser for this model (vLLM: --enable-auto-tool-choice and --tool-call-parser; llama.cpp: --jinja). Until then no client runs the tool. Report it.",
    CERTAIN,
)
_TYPES = (
    "a number in the arguments of a tool call arrives as a text",
    PROVIDER,
    "Convert arguments to the types of the tool's schema before you check them. Parsers of models that write calls as XML (vLLM: qwen3_coder) are the usual cause: try a newer version, or another parser. Report it.",
    LIKELY,
)

OF_CALLS: Mapping[str, tuple[str, str, str, str]] = {
    **dict.fromkeys(("tools.called", "tools.stream_called", "tools.stream.called"), _NOT_CALLED),
    **dict.fromkeys(
        ("tools.stream_joined", "tools.stream_pieces", "tools.stream.joined", "tools.stream.in_deltas"), _PIECES
    ),
    **dict.fromkeys(("tools.stream_apart", "tools.stream.apart"), _ONE_NUMBER),
    "tools.stream_ended": _OPEN,
    **dict.fromkeys(("tools.parallel.in_calls", "tools.parallel.stream.in_calls"), _IN_TEXT),
    "tools.parallel_typed": _TYPES,
    **dict.fromkeys(("tools.stream.final", "tools.stream.final_ids", "tools.stream.final_order"), _END),
    **dict.fromkeys(
        (
            "tools.stop_reason",
            "tools.stream_stop_reason",
            "tools.finish_reason",
            "tools.stream_finish",
            "tools.parallel.finish_reason",
            "tools.parallel.stream.finish_reason",
        ),
        _REASON,
    ),
}
"""By the clause's name without its API's."""

_ARGUMENTS = (
    "the arguments of a tool call are not what the tool needs: they cannot be read, are incomplete, or have other types",
    PROVIDER,
    "Check arguments against the tool's schema before you run it. If they are encoded twice, in a code fence, joined with another call's, empty, or all strings, look for a gateway that converts calls; if not, try another model. Report it.",
    LIKELY,
)
_NAME = (
    "a tool call does not have the name of the tool that was asked for",
    PROVIDER,
    "Compare the name in the evidence with yours: agents find no tool of that name. If a gateway adds a prefix or changes characters, change it back in the client until it is fixed; if not, try another model. Report it.",
    LIKELY,
)
_ID = (
    "a tool call has no id, or one that is not its own",
    PROVIDER,
    "Use one call at a time until it is fixed: a result is paired with its call by this id, and the AI SDK refuses calls without one. A gateway that makes ids by itself is the usual cause. Report it.",
    CERTAIN,
)
_VALUES, _IDS = ("arguments", "input"), ("id", "call_id")
_GROUP = "tools"
_OF_THE_ANSWER = "$.id"
_WHOLE = "content_block_delta"  # where the streamed input of a call was judged as a whole
_PARALLEL, _ONE = "tools.parallel", ("$.output", "$.content")  # where one call stands for two


def of_call(name: str, at: str, damaged: bool) -> tuple[str, str, str, str] | None:
    """Find what is said of a clause on tool calls, by its name without its API's and by the place of what is wrong;
    None: what its code's row says, or another file's."""
    if name.partition(".")[0] != _GROUP:
        return None
    part = "" if at == _OF_THE_ANSWER else at.rpartition(".")[2]
    if part in _IDS:
        return _ID
    if found := OF_CALLS.get(name):
        return found
    if name == _PARALLEL and at in _ONE and damaged:
        return _MERGED
    return _ARGUMENTS if part in _VALUES or at == _WHOLE else _NAME if part == "name" else None
