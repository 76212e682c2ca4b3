"""What is said of one clause on a stream of events: rows of `of_clauses`, in a file of their own."""

from chatproof.contract.failure_mode import CERTAIN, LIKELY, PROVIDER

_JOINED = (
    "the pieces of a streamed answer do not join to the answer",
    PROVIDER,
    "Ask without stream until it is fixed: clients that show the pieces show another text than those that wait for the end. A gateway that loses, repeats or rewrites pieces is the usual cause. Report it.",
    LIKELY,
)
_PLACES = (
    "an event of a stream belongs to a part that was not announced before it, or is counted from another number than 0",
    PROVIDER,
    "Ask without stream until it is fixed: SDKs build the answer from these numbers, and raise an error or lose text. A gateway that converts streams is the usual cause. Report it.",
    CERTAIN,
)
_IN_THE_BLOCK = (
    "a piece of the streamed text stands where its block begins, and not in a delta",
    PROVIDER,
    "Ask without stream until it is fixed: clients that show the deltas lose this piece, mostly the answer's first word. A gateway that converts streams is the usual cause. Report it.",
    CERTAIN,
)
_REASON = (
    "the stop_reason is no word of this API",
    PROVIDER,
    "Do not let a program decide by it here: agents wait for tool_use, max_tokens or end_turn. A gateway that bridges to chat completions, whose words are stop, length and tool_calls, is the usual cause. Report it.",
    CERTAIN,
)

OF_STREAMS: dict[str, tuple[str, str, str, str]] = {
    **dict.fromkeys(("stream.joined", "stream.final_text"), _JOINED),
    **dict.fromkeys(("stream.part_added", "stream.item_added", "stream.places", "stream.indexes"), _PLACES),
    "stream.item_done": (
        "an item of a stream ends before its text has come, or does not end",
        PROVIDER,
        "Ask without stream until it is fixed: Codex shows only what has ended, and the AI SDK refuses a text after its end. A gateway that builds the events itself is the usual cause. Report it.",
        CERTAIN,
    ),
    "stream.completed": (
        "the last event of a stream gives the answer another status than completed",
        PROVIDER,
        "Do not wait for another status: the stream has ended. Clients that look at `status` take the answer for one that is not finished. Report it.",
        CERTAIN,
    ),
    "stream.known_events": (
        "a stream has an event of a kind that the reference does not have",
        PROVIDER,
        "Most clients pass over it; openai-node's stream() and the AI SDK for Messages do not. If you use one of them, ask whoever runs the server to send comments, which are lines that begin with a colon, instead.",
        CERTAIN,
    ),
    "stream.final_shape": (
        "the last event of a stream does not have the items that were streamed: their ids, or its own fields, differ",
        PROVIDER,
        "Keep items by the ids with which they were streamed. A gateway that builds the last event anew is the usual cause. Report it.",
        CERTAIN,
    ),
    "stream.typed": (
        "an event of a stream does not say its type in its data",
        PROVIDER,
        "Ask without stream until it is fixed: SDKs that read the type from the data raise an error, or pass over the event. A gateway that makes events by itself, such as heartbeats, is the usual cause. Report it.",
        CERTAIN,
    ),
    "stream.event_lines": (
        "an event of a stream has no `event:` line with its type",
        PROVIDER,
        "Ask without stream until it is fixed: both official SDKs pass over events without that line, and what is in them is lost. Report it.",
        CERTAIN,
    ),
    **dict.fromkeys(("stream.block_text", "stream.block_empty"), _IN_THE_BLOCK),
    "stream.block_stop": (
        "a block of a stream does not end",
        PROVIDER,
        "Ask without stream where tools are used, until it is fixed: clients wait for the block's end before they show it or run its call. Report it.",
        CERTAIN,
    ),
    **dict.fromkeys(("stream.stop_reason", "happy.stop_reason_said"), _REASON),
    "stream.usage_reported": (
        "a stream ends without the counts of its tokens",
        PROVIDER,
        "Do not bill or budget by streams here: their requests look free. Ask without stream, or count in your own code. Report it.",
        CERTAIN,
    ),
}
