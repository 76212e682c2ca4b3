"""What is said of one clause on what a server reads of a request, and of the answer what it makes of it."""

from chatproof.contract.failure_mode import CERTAIN, LIKELY, PROVIDER

_UNREAD = (
    "a part of what was sent does not reach the model: a text is cut off or left out, and nothing says so",
    PROVIDER,
    "Ask once more: a weak model may forget a word. If it happens again, the evidence says which text is not read: put what matters into the one that is. Look for a gateway that converts messages, or a context that is smaller than the model's (Ollama: num_ctx). Report it.",
    LIKELY,
)

OF_REQUESTS = {
    **dict.fromkeys(("turns.places", "multi_turn.places", "usual.messages.places"), _UNREAD),
    "role.system.streamed": (
        "a system message is followed in a plain request, and not in a stream",
        PROVIDER,
        "Ask once more: a weak model may forget a rule. If it happens again, look for a gateway that builds the streamed request anew, and ask without stream, or repeat the rules in the user's message, until it is fixed. Report it.",
        LIKELY,
    ),
    "system.blocks": (
        "of a system prompt in several blocks the second is not read",
        PROVIDER,
        "Join the blocks of `system` into one, if your client can: Claude Code sends several. Look for a gateway that converts messages. Report it.",
        LIKELY,
    ),
    "usage.long_counted": (
        "the count of input tokens does not grow with the input, or the input was cut off before it was counted",
        PROVIDER,
        "Do not bill or budget by this count, and do not trim a conversation by it: count the text yourself. Ask for a word at the end of a long text to see whether it was cut off. Report it.",
        CERTAIN,
    ),
    "usage.streamed_input": (
        "a stream counts its input tokens two or three times",
        PROVIDER,
        "Do not bill or budget by what streams count here, and compare with the bill. A gateway that adds the counts of some events is the usual cause. Report it.",
        CERTAIN,
    ),
    "everyday.echoed": (
        "the answer says that another request was made than the one that was sent",
        PROVIDER,
        "Do not rely on the field in the evidence: metadata is lost, or an answer is kept that was not to be. Look for a gateway that drops fields. Report it.",
        CERTAIN,
    ),
    "thinking.in_blocks": (
        "a block of a stream has deltas of another kind than its own",
        PROVIDER,
        "Ask without stream where thinking is on, or turn it off: Claude Code stops with an error, and SDKs drop the thinking. A gateway that converts streams is the usual cause. Report it.",
        CERTAIN,
    ),
    "thinking.apart": (
        "the model's thinking stands in tags in the text of the answer",
        PROVIDER,
        "Set the server's reasoning parser for this model (vLLM: --reasoning-parser), turn thinking off, or remove the tags in the client.",
        CERTAIN,
    ),
    "tools.no_empty_text": (
        "an empty block of text stands beside a tool call",
        PROVIDER,
        "Leave the empty block out before you send the message back: Anthropic's own API refuses it. A gateway that converts answers is the usual cause. Report it.",
        CERTAIN,
    ),
}
"""By the clause's name without its API's."""
