"""Rows for clauses that name their diagnosis themselves: what remains to say is whose it is and what to do next."""

from chatproof.capability import UNSUPPORTED
from chatproof.failure_modes.mode import CERTAIN, GATEWAY, LIKELY, PROVIDER, UNKNOWN, Case, Mode, Sign
from chatproof.judging import Finding

_SHOWN = 6
_LIMITED = "operations.rate_limited_error"  # a 429 that says nothing is still one to wait after
_WAIT = (
    "Wait and retry on status 429 alone, whatever the body; an empty purse cannot be told from a rate here. Report it."
)
_REQUIRED = (
    "Use a model that supports it, or leave it out of --require (requires in chatproof.toml) if no client needs it."
)


def _observed(case: Case) -> Sign:
    """What each broken clause saw, the musts first."""
    ranked = sorted(case.findings, key=lambda finding: finding.level != "must")
    evidence = tuple(_line(finding) for finding in ranked[:_SHOWN])
    if all(finding.clause == _LIMITED for finding in ranked):
        return Sign(evidence, "a 429 carries no error that clients can read", next_step=_WAIT)
    if all(finding.state == UNSUPPORTED for finding in ranked):  # a requirement, which only the user can drop
        return Sign(evidence, "a capability that is required is clearly refused", UNKNOWN, _REQUIRED, CERTAIN)
    return Sign(evidence)


def _line(finding: Finding) -> str:
    at = f" at {finding.at}" if finding.at else ""
    return f"{finding.clause}{at}: expected {finding.expected}; observed {finding.observed}"


_ROWS = (
    (
        "contract.schema",
        PROVIDER,
        "the reply's fields are not those of the reference",
        "Clients that decode by type fail on this. Report it with the evidence; until then use a client that does not "
        "check, or waive the clause with a ticket.",
        CERTAIN,
    ),
    (
        "contract.usage",
        PROVIDER,
        "the usage is not reported as the reference says",
        "Do not bill or budget by these numbers. Report it with the evidence.",
        CERTAIN,
    ),
    (
        "contract.validation",
        PROVIDER,
        "a request that must not pass is accepted, or refused in a way that clients cannot use",
        "Check such requests on your own side before they are sent, and do not retry on these statuses. Report it.",
        CERTAIN,
    ),
    (
        "contract.tools",
        PROVIDER,
        "tool calls are not done as the reference says",
        "Do not give tools to this model here; try another model, then report it with the evidence.",
        CERTAIN,
    ),
    (
        "contract.structured_output",
        PROVIDER,
        "structured output is accepted and not delivered as asked",
        "Validate the output on your own side and ask again on failure, or use another model. Report it.",
        LIKELY,
    ),
    (
        "contract.max_tokens",
        PROVIDER,
        "the token cap is not kept as the reference says",
        "Use the other dialect (max_tokens, max_completion_tokens) if that one is kept; cap on your own side.",
        LIKELY,
    ),
    (
        "contract.parameter",
        PROVIDER,
        "an optional parameter is accepted and not done, or done in another shape",
        "Do not rely on it here: do it on your own side, or use another model. Report that it is accepted.",
        LIKELY,
    ),
    (
        "contract.messages",
        PROVIDER,
        "a message of the conversation is dropped, mangled or refused",
        "Look for a gateway that rewrites messages; put the instructions into the user's message meanwhile.",
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
        "contract.headers",
        PROVIDER,
        "a header that clients and support rely on is missing or unreadable",
        "Log your own id with each request. Report the header with the evidence.",
        CERTAIN,
    ),
    (
        "stream.buffered",
        GATEWAY,
        "the stream arrives all at once: something on the way holds it back",
        "Look for a proxy that buffers (nginx: proxy_buffering off, or X-Accel-Buffering: no); test without it.",
        LIKELY,
    ),
    (
        "http.concurrency",
        GATEWAY,
        "requests at the same time are dropped instead of told to wait",
        "Send fewer requests at once, and repeat what is dropped; ask who runs the gateway for 429 with Retry-After.",
        LIKELY,
    ),
    (
        "http.keep_alive",
        UNKNOWN,
        "a connection that was left open is not answered a second time",
        "Lower your client's keep-alive time, or close connections after each request; report it to who runs the proxy.",
        LIKELY,
    ),
)

CODED = {
    code: Mode(code, owner, summary, step, confidence, _observed) for code, owner, summary, step, confidence in _ROWS
}
