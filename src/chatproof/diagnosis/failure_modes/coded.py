"""Rows for clauses that name their diagnosis themselves: what remains to say is whose it is and what to do next."""

from chatproof.contract.capability import DAMAGED, UNSUPPORTED
from chatproof.contract.clause import is_named
from chatproof.contract.common_modes import step_in_stream
from chatproof.contract.error_steps import error_in_stream
from chatproof.contract.failure_mode import CERTAIN, GATEWAY, LIKELY, PROVIDER, UNKNOWN, Case, Mode, Sign
from chatproof.contract.heads import FLAWS
from chatproof.contract.surface import Surface
from chatproof.diagnosis.failure_modes.of_calls import of_call
from chatproof.diagnosis.failure_modes.of_clauses import AT_WORST, OF_CLAUSES, of_clause
from chatproof.judging.judge import Finding

_SHOWN = 6
_LIMITED = "operations.rate_limited_error"  # a 429 that says nothing is still one to wait after
_IN_STREAM, _DUPLICATED = "stream.error", "stream.duplicated"
_ONCE = "stream.once"
_WAIT = "Wait and retry on status 429 alone, whatever the body says; quota and rate limit cannot be distinguished here. Report it."
_REQUIRED = (
    "Use a model that supports it, or leave it out of --require (requires in chatproof.toml) if no client needs it."
)
_REFUSED = "Do not use the client that the clause names here, or make it send less; other clients are not affected."


def _observed(case: Case) -> Sign:
    """What each broken clause saw, the musts first."""
    ranked = sorted(case.findings, key=lambda finding: finding.level != "must")
    evidence = tuple(_line(finding) for finding in ranked[:_SHOWN])
    if all(finding.clause == _LIMITED for finding in ranked):
        return Sign(evidence, "a 429 has no error that clients can read", next_step=_WAIT)
    if all(finding.state == UNSUPPORTED for finding in ranked):
        # A requirement, which only the user can drop, and which makes a must of its clauses.
        if case.context.required and any(finding.level == "must" for finding in ranked):
            return Sign(evidence, "a required capability is clearly refused", UNKNOWN, _REQUIRED, CERTAIN)
        return Sign(evidence, "a request that some clients send is clearly refused", UNKNOWN, _REFUSED, CERTAIN)
    if all(_code(finding, case) == _IN_STREAM for finding in ranked) and (error := error_in_stream(case.reply)):
        return Sign(evidence, next_step=step_in_stream(error))
    # What loses an answer decides what is said: the lesser breaks beside it are often of the same fault.
    worst = [finding for finding in ranked if finding.level == ranked[0].level]
    more = {_more(finding, case.context.surface) for finding in worst}
    told = more.pop() if len(more) == 1 else None
    return Sign(evidence, *told) if told else Sign(evidence)


def _more(finding: Finding, surface: Surface) -> tuple[str, str, str, str] | None:
    """What is said of a finding instead of its code's row; None: no more than that."""
    if is_named(finding.clause, "head.line_ends") and (flaw := FLAWS.get(finding.at)):
        return flaw.summary, "", flaw.next_step, ""
    if finding.code == _DUPLICATED:  # what a second response in a stream breaks
        return OF_CLAUSES[_ONCE]
    name = finding.clause.removeprefix(f"{surface.name}.")
    found = of_call(name, finding.at, finding.state == DAMAGED)
    if found is None and (finding.state != DAMAGED or name in AT_WORST):
        found = of_clause(name)
    return found


def _code(finding: Finding, case: Case) -> str:
    """The diagnosis that the finding or else its clause names."""
    clause = case.context.surface.clause(finding.clause)
    return finding.code or (clause.code if clause else "")


def _line(finding: Finding) -> str:
    at = f" at {finding.at}" if finding.at else ""
    why = f" ({finding.reason})" if finding.reason else ""
    return f"{finding.clause}{at}: expected {finding.expected}; observed {finding.observed}{why}"


_ROWS = (
    (
        "stream.malformed",
        PROVIDER,
        "a stream breaks the rules of its format, or the rules that clients rely on",
        "Escalate with the evidence; the clients that the clause names stop in the middle of the answer.",
        LIKELY,
    ),
    (
        "stream.error",
        PROVIDER,
        "a stream contains an error under HTTP 200",
        "Read the error in the evidence; clients must check for it, because the status does not show it.",
        LIKELY,
    ),
    (
        "stream.incomplete",
        PROVIDER,
        "a stream ends without saying that it is finished",
        "Look for a proxy that cuts streams; report it with the evidence.",
        LIKELY,
    ),
    (
        "contract.content",
        PROVIDER,
        "the content of a reply has a type that clients do not expect",
        "If the provider documents this type of content, use the provider's profile (--profile); otherwise report it.",
        CERTAIN,
    ),
    (
        "stream.left_open",
        PROVIDER,
        "the connection stays open after the stream has ended",
        "Clients on the AI SDK wait until their timeout; the OpenAI SDKs do not. Ask whoever runs the server to end the message after [DONE].",
        LIKELY,
    ),
    (
        "stream.duplicated",
        PROVIDER,
        "a stream sends text more than once",
        "Do not stream from this model here, or remove the repeated text in the client; a gateway that converts streams is the usual cause. Report it with the evidence.",
        LIKELY,
    ),
    (
        "contract.schema",
        PROVIDER,
        "the reply's fields differ from the reference",
        "Clients that decode into typed values fail on this. Report it with the evidence; until then use a client that does not check, or waive the clause with a ticket.",
        CERTAIN,
    ),
    (
        "auth.error_body",
        PROVIDER,
        "a wrong key is refused with an error whose words some clients do not find",
        "Report it: users of the clients that the clause names see only the status, not why their key is refused.",
        CERTAIN,
    ),
    (
        "contract.choices_type",
        PROVIDER,
        "a reply other than the plain one has no array of items where clients read one",
        "Report it with the evidence: some requests are answered on another path than the plain one, such as a bridge to another API.",
        CERTAIN,
    ),
    (
        "contract.usage",
        PROVIDER,
        "the usage is not reported as the reference requires",
        "Do not use these numbers for billing or budgets. Report it with the evidence.",
        CERTAIN,
    ),
    (
        "contract.validation",
        PROVIDER,
        "a request that must be refused is accepted, or refused in a form that clients cannot read",
        "Check such requests in your own code before you send them, and do not retry on these statuses. Report it.",
        CERTAIN,
    ),
    (
        "contract.tools",
        PROVIDER,
        "tool calls do not work as the reference requires",
        "Do not use tools with this model here; try another model, then report it with the evidence.",
        CERTAIN,
    ),
    (
        "contract.structured_output",
        PROVIDER,
        "structured output is accepted, but the answer does not have that structure",
        "Validate the output in your own code and ask again on failure, or use another model. Report it.",
        LIKELY,
    ),
    (
        "contract.max_tokens",
        PROVIDER,
        "the answer exceeds the token cap",
        "Use the other field (max_tokens, max_completion_tokens) if that one works; limit the length in your own code.",
        LIKELY,
    ),
    (
        "request.unsupported_parameter",
        UNKNOWN,
        "a field of the request is refused",
        "Leave out the field that the refusal names, if your client can. Look for a gateway that checks requests, and report it to whoever runs it.",
        CERTAIN,
    ),
    (
        "contract.parameter",
        PROVIDER,
        "an optional parameter is accepted but has no effect, or its result has another shape",
        "Do not rely on it here: do it in your own code, or use another model. Report that it is accepted.",
        LIKELY,
    ),
    (
        "contract.messages",
        PROVIDER,
        "a message of the conversation is dropped, changed or refused",
        "Look for a gateway that rewrites messages; until it is fixed, put the instructions into the user's message.",
        LIKELY,
    ),
    (
        "contract.models",
        PROVIDER,
        "the lookup of a single model does not agree with the listing",
        "Turn off the model check of your client, or use the listing. Report it.",
        LIKELY,
    ),
    (
        "contract.encoding",
        PROVIDER,
        "embeddings do not arrive in the encoding that the request asks for",
        "Clients on the official SDKs ask for base64 unless your code chooses, and openai-node 6.49 then returns a quarter of each vector without an error (7.59 accepts both): ask for the encoding that the endpoint returns, if it is always the same. Report it.",
        CERTAIN,
    ),
    (
        "contract.headers",
        PROVIDER,
        "a header that clients and support rely on is missing or unreadable",
        "Log your own id with each request. Report the header with the evidence.",
        CERTAIN,
    ),
    (
        "stream.buffered",
        GATEWAY,
        "the stream arrives all at once: something on the way buffers it",
        "Look for a proxy that buffers (nginx: proxy_buffering off, or X-Accel-Buffering: no); test without it.",
        LIKELY,
    ),
    (
        "http.concurrency",
        GATEWAY,
        "parallel requests are dropped instead of refused with 429",
        "Send fewer parallel requests, and repeat dropped ones; ask whoever runs the gateway to answer 429 with Retry-After.",
        LIKELY,
    ),
    (
        "http.malformed",
        UNKNOWN,
        "Node's fetch refuses the head of a reply",
        "Find which server or proxy writes it. Clients on Node fail until then; Python's and curl read it.",
        LIKELY,
    ),
    (
        "http.keep_alive",
        UNKNOWN,
        "a second request on a connection that was left open is not answered",
        "Lower your client's keep-alive time, or close connections after each request; report it to whoever runs the proxy.",
        LIKELY,
    ),
)

CODED = {
    code: Mode(code, owner, summary, step, confidence, _observed) for code, owner, summary, step, confidence in _ROWS
}


def coded(code: str, surface: Surface) -> Mode:
    """The row for a code that a clause names: the API's own words, else ours, else what can be said of any break."""
    own = next((mode for mode in surface.failure_modes().coded if mode.code == code), None)
    if own is not None:
        return own._replace(when=_observed)
    return CODED.get(code) or Mode(
        code,
        PROVIDER,
        "a reply breaks the contract",
        "Report it with the evidence; the clauses say which clients break.",
        LIKELY,
        _observed,
    )
