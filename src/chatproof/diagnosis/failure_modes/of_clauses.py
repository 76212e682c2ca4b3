"""What is said of one clause, where the row of its code would say something else, or too little.

By the clause's name, with or without its API's before it (one name means the same in each API): summary, owner, next step
and confidence. An empty part is taken from the code's row in `coded.py`.
"""

from chatproof.contract.failure_mode import CERTAIN, LIKELY, PROVIDER, UNKNOWN
from chatproof.diagnosis.failure_modes.of_requests import OF_REQUESTS
from chatproof.diagnosis.failure_modes.of_streams import OF_STREAMS
from chatproof.diagnosis.failure_modes.of_vectors import OF_VECTORS

_ANSWERS = {  # the answer, its text and its values
    "happy.answer_alone": (
        "the text of a reply is more than the answer: the request, the model's thinking, a mark of its template, or the answer again",
        PROVIDER,
        "Look at the chat template, the reasoning parser (vLLM: --reasoning-parser) and whether the server returns the prompt as well (return_full_text). Clients show all of it.",
        LIKELY,
    ),
    "happy.media_type_lower": (
        "the media type has capital letters: legal, and not read by every client",
        PROVIDER,
        "Use openai-node 7 or later, which reads it; report it for the programs that have an older one.",
        CERTAIN,
    ),
    "happy.uncalled": (
        "a request without tools is answered with a tool call",
        PROVIDER,
        "Clients that offered no tool have nothing to call and show no text. Look for a gateway that adds tools of its own, or a parser that takes text for a call. Report it.",
        LIKELY,
    ),
    "model.answers": (
        "the answer names another model than the one that was asked for",
        PROVIDER,
        "Ask the provider which model answers under this name: quality and price are that one's. If the name is an alias of your own, waive the clause.",
        LIKELY,
    ),
    "model.list_form": (
        "the list of models has a form that SDKs do not read",
        PROVIDER,
        "Give the model's id to your clients instead of choosing from a list; requests to the model are not affected. Report it.",
        CERTAIN,
    ),
    "ids.fresh": (
        "answers to different questions have the same id",
        PROVIDER,
        "Do not keep, look up or trace answers by their id here: one would stand for another. Report it with the evidence.",
        CERTAIN,
    ),
    "created_at.seconds": (
        "the time of the answer counts milliseconds, where seconds are meant",
        PROVIDER,
        "Do not use this time, or divide it by 1,000: clients that read it as seconds get a date some 50,000 years away, or an error. Report it.",
        CERTAIN,
    ),
    "usage.plausible": (
        "far more input tokens are counted than the request can have",
        PROVIDER,
        "Compare with the bill. Either the count is wrong, or a gateway adds a long prompt of its own, and you pay for it: ask whoever runs it.",
        LIKELY,
    ),
    "usage.streamed_whole": (
        "a stream counts fewer output tokens than its text can have",
        PROVIDER,
        "Do not bill or budget by what streams count: count the text, or ask without stream. A gateway that counts events, or forwards only the first count, is the usual cause. Report it.",
        LIKELY,
    ),
    **dict.fromkeys(
        ("usage.counted", "stream.usage_counted"),
        (
            "no tokens are counted for the prompt, or for an answer that has text",
            PROVIDER,
            "Do not bill or budget by these counts: they say that the request was free. Look for a gateway that does not forward the usage, and compare with the bill. Report it.",
            CERTAIN,
        ),
    ),
    "stream.usage_once": (
        "a stream reports its usage in more than one chunk, each time anew",
        PROVIDER,
        "Take the counts of the last chunk alone. LangChain adds up those of all chunks: turn its stream_usage off here. Report it.",
        CERTAIN,
    ),
    **dict.fromkeys(
        ("unicode.intact", "unicode.unstreamed", "tools.stream.intact", "tools.stream_intact"),
        (
            "a text is changed on its way: letters outside ASCII, signs such as &, spaces or line breaks are not those that were sent",
            PROVIDER,
            "Look for a hop that decodes each piece of a stream alone, reads UTF-8 as another encoding, escapes texts for HTML, or trims and joins them; ask the provider directly, to compare. Do not store such texts: they cannot be repaired.",
            LIKELY,
        ),
    ),
    "request.content": (
        "your own request is answered with neither text nor a tool call",
        UNKNOWN,
        "Ask once more: a model may answer with nothing. If it happens again, look at the output cap and at the server's parsers.",
        "",
    ),
    "request.clean_text": (
        "the answer to your own request begins with the model's thinking inside tags",
        PROVIDER,
        "Set the server's reasoning parser for this model (vLLM: --reasoning-parser), turn thinking off, or remove the tags in the client.",
        "",
    ),
}

_STREAMS = {
    "stream.once": (
        "a stream begins or ends more than once",
        PROVIDER,
        "Report it: clients stop at the first end, or raise an error at the second beginning. A gateway that joins two streams, or converts them, is the usual cause.",
        LIKELY,
    ),
    "stream.answer_alone": _ANSWERS["happy.answer_alone"],
    "auth.invalid_stream.by_status": (
        "a wrong key is refused by an event under HTTP 200 when the request asks for a stream",
        PROVIDER,
        "Treat an error event as a failed login in clients that stream; the status does not show it. Ask whoever runs the endpoint to look at the key before the stream begins.",
        CERTAIN,
    ),
    "auth.invalid_key.not_retried": (
        "a wrong key is refused with a status that clients retry",
        PROVIDER,
        "If requests fail here with this status, look at the key first: it looks like an outage. SDKs send each such request three times. Ask whoever runs the endpoint to refuse a wrong key with 401.",
        CERTAIN,
    ),
    "stream.text_whole": (
        "a streamed text is not whole: a part of it is lost, or comes twice",
        PROVIDER,
        "Ask once more: a model may count badly. If it happens again, look for a gateway that drops a stream's first or last chunk, sends a chunk twice, or sets a limit of tokens that nobody asked for (then set max_tokens yourself). Ask without stream until it is fixed. Report it with the evidence.",
        LIKELY,
    ),
    "stream.model_answers": (
        "a streamed answer names another model than the one that was asked for",
        PROVIDER,
        "Ask the provider which model streams under this name: the answer without a stream names the right one. A gateway that sends streams to another server is the usual cause. Report it.",
        LIKELY,
    ),
    "instructions.streamed": (
        "the system prompt is followed in a plain request, and not in a stream",
        UNKNOWN,
        "Ask once more: a weak model may forget a rule. If it happens again, look for a gateway that builds the streamed request anew, and ask without stream, or repeat the rules in the user's message, until it is fixed.",
        LIKELY,
    ),
    "system.streamed": (
        "the system prompt is followed as a string in a plain request, and not as a list of blocks in a stream",
        UNKNOWN,
        "Ask once more: a weak model may forget a rule. If it happens again, look for a gateway that reads only a string, or builds the streamed request anew: Claude Code sends its rules in blocks. Send a string, or repeat the rules in the user's message, until it is fixed.",
        LIKELY,
    ),
}

_CONVERSATIONS = {  # requests as applications and agents send them
    "everyday.accepted": (
        "a request as applications write it is refused",
        UNKNOWN,
        "Leave out the field that the refusal names; where it speaks of roles, join the user's messages into one. Look for a gateway that converts or checks requests, and report it to whoever runs it.",
        CERTAIN,
    ),
    "everyday.heard": (
        "of two messages of the user in a row the first is not read",
        PROVIDER,
        "Join the user's messages into one until it is fixed. Look for a gateway that reads only the last message. Report it.",
        LIKELY,
    ),
    "everyday.unstreamed": (
        "a request that says nothing of `stream` is answered with a stream",
        PROVIDER,
        "Send stream=false in each request until it is fixed: the default is false, and SDKs leave it out. A gateway that always asks its upstream for a stream is the usual cause.",
        CERTAIN,
    ),
    "everyday.cold": (
        "temperature 0 is refused, though the model takes a temperature",
        PROVIDER,
        "Send a small temperature, such as 0.01, instead of 0, or leave it out. Report it: programs that want the same answer each time send 0.",
        CERTAIN,
    ),
    **dict.fromkeys(
        ("instructions.heard", "system.heard"),
        (
            "the system prompt is accepted, and has no effect",
            PROVIDER,
            "Ask once more: a weak model may forget a rule. If it happens again, look for a gateway that drops the system prompt, and put the rules into the user's message until it is fixed.",
            LIKELY,
        ),
    ),
    **dict.fromkeys(
        ("roles.system", "roles.developer"),
        (
            "an item of the input whose role is system or developer has no effect, though `instructions` have",
            PROVIDER,
            "Put the rules into `instructions`, or into the user's message, until it is fixed: Codex, the AI SDK, LangChain and agents send them in such items. Look for a gateway that leaves these items out. Report it.",
            LIKELY,
        ),
    ),
    "claude_code.results": (
        "of the results of tools that are sent in blocks one or more do not reach the model",
        PROVIDER,
        "Send the result as a string, and one to a message, if your client can; Claude Code and MCP send blocks, and several at once. Look for a gateway that converts messages. Report it.",
        LIKELY,
    ),
    "store.recalled": (
        "a response that was to be kept cannot be continued by its id",
        PROVIDER,
        "Send the whole conversation in each request instead of previous_response_id. A gateway that does not keep responses, or asks another server for them, is the usual cause. Report it.",
        LIKELY,
    ),
    "turns.heard": (
        "the earlier turns of a conversation do not reach the model, or the further parts of a message",
        PROVIDER,
        "Look for a gateway that reads only the last message, or a message's first part, or leaves out answers in parts. Until it is fixed, put what matters of the conversation into the last message, as one text. Report it.",
        LIKELY,
    ),
    **dict.fromkeys(
        ("input.heard", "codex.heard", "claude_code.heard"),
        (
            "a text that is sent in parts is not read",
            PROVIDER,
            "Send the text as a string until it is fixed, if your client can; SDKs and agents that send parts get answers to another question. Look for a gateway that converts messages. Report it.",
            LIKELY,
        ),
    ),
    "claude_code.accepted": (
        "requests as Claude Code sends them are not answered",
        UNKNOWN,
        "Do not use Claude Code or the Agent SDK here until it is fixed. Look for a gateway that routes by the whole URL, and not by its path, or that refuses fields that it does not know.",
        CERTAIN,
    ),
    "count_tokens.answered": (
        "the tokens of a request cannot be counted: the path for it gives no number above 0, and no readable refusal",
        PROVIDER,
        "Do not rely on the count: Claude Code and programs that trim their context by it need a number, or a JSON error, on which they estimate themselves. Report it.",
        CERTAIN,
    ),
    "count_tokens.whole": (
        "the count of a request's tokens leaves out its system prompt",
        PROVIDER,
        "Add the system prompt and the tools to the count yourself, or keep a wide margin: programs that trim their context by it come too late. Report it.",
        CERTAIN,
    ),
    "count_tokens.keyed": (
        "the path for counts answers to a wrong key",
        PROVIDER,
        "Report it to whoever runs the endpoint: anybody can have tokens counted there. Do not use the path to find out whether a key is right.",
        CERTAIN,
    ),
    "thinking.result": (
        "the model's thinking cannot be sent back",
        PROVIDER,
        "Turn thinking off here, or leave its blocks out of the conversation where no tool is called in the turn. Look for a gateway that makes the signature itself. Report it with the evidence.",
        LIKELY,
    ),
}

_TOOLS = {
    "tools.intact": (
        "texts that the model had to copy into a call were changed, in the same way twice",
        UNKNOWN,
        "Ask another model, and ask the provider directly, without the gateway: a model may copy badly each time, and a hop may rewrite calls. Until the cause is known, check links, paths and package names before you use them.",
        LIKELY,
    ),
    **dict.fromkeys(
        ("tools.named", "tools.none"),
        (
            "tool_choice is accepted, and has no effect",
            PROVIDER,
            "Check in the client which tool was called, if any, before you use a call: one cannot be forced, or forbidden, here. Look for a gateway that leaves tool_choice out. Report it.",
            LIKELY,
        ),
    ),
    "tools.stream_forced": (
        "a forced call has its arguments without a stream, and not with one",
        PROVIDER,
        "Call tools without a stream here until it is fixed, or check the arguments against the schema before you use them. A parser of streamed calls, or a gateway that drops pieces, is the usual cause. Report it.",
        LIKELY,
    ),
    "tools.once": (
        "a forced tool call comes twice with the same arguments",
        PROVIDER,
        "Run a call only once if the same comes again in one turn: a payment or a message would be made twice. A gateway that converts calls is the usual cause. Report it.",
        LIKELY,
    ),
    "tools.result": (
        "the conversation does not go on after a tool's result",
        PROVIDER,
        "Agents stop here after their first call. Look for a gateway that converts calls and results; ask the provider directly, to compare. Report it with the evidence.",
        LIKELY,
    ),
    "tools.result_used": (
        "the model makes the same call again, though it has the result",
        PROVIDER,
        "Limit the turns of your agent: it goes round in circles. Ask another model; if that does it too, look for a gateway that drops results. Report it.",
        LIKELY,
    ),
    "tools.parallel": (
        "two tool calls were requested in one turn, and did not both arrive",
        UNKNOWN,
        "Make the client work with one tool call per turn, or try another model: some make one call at a time, and a gateway that bridges to chat may merge two.",
        LIKELY,
    ),
    "tools.result_heard": (
        "the answer says nothing of what the tool returned",
        PROVIDER,
        "Ask once more: a weak model may leave it out. If it happens again, look for a gateway that drops results, or reads only those that are a string; agents go round in circles without them.",
        LIKELY,
    ),
}

_CAPS = {
    **dict.fromkeys(
        ("max_output_tokens.kept", "max_tokens.kept"),
        (
            "an answer that the token cap should have cut is longer than the cap, or does not say that it was cut",
            PROVIDER,
            "Limit the length in your own code, and do not take an answer here for whole because it says so: look at its end, too. A gateway that drops the cap, or makes up the reason of the end, is the usual cause. Report it.",
            LIKELY,
        ),
    ),
    "usage.within": (
        "the usage counts more cached tokens than input, or more tokens of reasoning than output",
        PROVIDER,
        "Do not compute costs from it: a part that is greater than the whole makes them negative. A gateway that converts counts from an API where these parts come on top is the usual cause. Report it.",
        CERTAIN,
    ),
    "usage.details": (
        "the usage does not say how many tokens were cached, or used for reasoning",
        PROVIDER,
        "Do not compute discounts from it. Most clients do without these counts; typed ones, such as Grok Build CLI, refuse the answer. Report it.",
        CERTAIN,
    ),
}

_REFUSALS = {
    "error.unknown_previous.refused": (
        "a previous_response_id that nothing has is accepted: the field is not looked at",
        PROVIDER,
        "Send the whole conversation in each request instead of previous_response_id: the model answers without what went before, and nothing says so. Report it.",
        CERTAIN,
    ),
    "error.unknown_model.refused": (
        "a request for a model that does not exist is answered",
        PROVIDER,
        "Compare the model in each answer with the one that you asked for: a mistake in its name is not noticed here, and another model answers, at another price. Report it.",
        CERTAIN,
    ),
}

OF_ERRORS = {  # by the last part of the name of a clause on a request that must be refused: `error.*.refused`
    "refused": (
        "a request that must be refused is accepted",
        PROVIDER,
        "Check requests in your own code before you send them: a mistake in them is answered here, and you pay for the answer. Report it.",
        CERTAIN,
    ),
    "readable": (
        "a wrong request is refused in a form that clients cannot read",
        PROVIDER,
        "SDKs show the status alone: log the raw body of refusals. Check such requests in your own code before you send them. Report it.",
        CERTAIN,
    ),
    "not_retried": (
        "a wrong request is refused with a status that clients retry",
        PROVIDER,
        "Do not retry on these statuses: the same request is refused each time, and users wait. Check such requests in your own code before you send them. Report it.",
        CERTAIN,
    ),
    "field_named": (
        "the refusal of a wrong request does not say which field is wrong",
        PROVIDER,
        "Compare the request with the reference yourself when one is refused here. Report it with the evidence.",
        CERTAIN,
    ),
}

AT_WORST = frozenset({"tools.result"})
"""Of these the words are as true where the capability is damaged."""

OF_CLAUSES = _ANSWERS | _STREAMS | OF_STREAMS | _CONVERSATIONS | _TOOLS | OF_VECTORS | OF_REQUESTS | _CAPS | _REFUSALS


def of_clause(name: str) -> tuple[str, str, str, str] | None:
    """Find what is said of a clause, by its name without its API's; None: what its code's row says."""
    group, _, rest = name.partition(".")
    return OF_CLAUSES.get(name) or (OF_ERRORS.get(rest.rpartition(".")[2]) if group == "error" else None)
