"""Faults of authentication: a good key refused, a wrong one let in, a refusal that nobody can read."""

from chatproof.simulator import chat
from chatproof.simulator.chat import MODEL, refusal
from chatproof.simulator.fault import (
    KEY_REJECTED,
    NO_GO,
    UNDECIDED,
    Fault,
    Turn,
    body,
    comet_error,
    error,
    everything,
    google_error,
    granted,
    let_in,
    newapi_error,
    no_key,
    page,
    refused,
    says,
    with_key,
    wrong_key,
)
from chatproof.simulator.wire import MISSING, Reply


def _strip_header(turn: Turn) -> Reply:
    return refusal(MISSING)


def _masked(turn: Turn) -> Reply:
    """As OpenAI does: enough of the key to tell keys apart, and too much for a record."""
    said = f"Incorrect API key provided: {turn.key[:8]}{'*' * 20}{turn.key[-4:]}."
    return chat.error(401, said, code="invalid_api_key")


ROWS = (
    Fault(
        "key-rejected",
        "The key is refused as wrong (OpenAI).",
        "auth.rejected",
        NO_GO,
        with_key,
        error(401, "Incorrect API key provided.", "invalid_api_key"),
        seed=KEY_REJECTED,
    ),
    Fault(
        "key-rejected-comet",
        "The key is refused as wrong (CometAPI).",
        "auth.rejected",
        NO_GO,
        with_key,
        comet_error(401, "Invalid token"),
        seed=KEY_REJECTED,
    ),
    Fault(
        "key-rejected-400",
        "A wrong key gets 400 and an array (Gemini).",
        "auth.rejected",
        NO_GO,
        with_key,
        google_error(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT"),
        seed=KEY_REJECTED,
    ),
    Fault(
        "key-rejected-masked",
        "The refusal quotes the beginning and the end of the key.",
        "auth.rejected",
        NO_GO,
        with_key,
        _masked,
        seed=KEY_REJECTED,
    ),
    Fault(
        "key-expired",
        "The key has expired.",
        "auth.rejected",
        NO_GO,
        with_key,
        comet_error(401, "This token has expired"),
        seed=KEY_REJECTED,
    ),
    Fault(
        "upstream-key-rejected",
        "The gateway's own key for the model is refused; your key still lists models.",
        "auth.rejected",
        NO_GO,
        granted,
        comet_error(401, "Invalid token"),
        seed=KEY_REJECTED,
    ),
    Fault(
        "header-stripped",
        "Something on the way drops the Authorization header.",
        "auth.header",
        NO_GO,
        everything,
        _strip_header,
        seed=KEY_REJECTED,
    ),
    Fault(
        "no-permission",
        "The key is not allowed to use this endpoint.",
        "auth.permission",
        NO_GO,
        granted,
        error(
            403,
            "You have insufficient permissions for this operation. Missing scopes: model.request.",
            "insufficient_permissions",
        ),
        seed=KEY_REJECTED,
    ),
    Fault(
        "no-model-access",
        "The key's group is not allowed to use this model (new-api).",
        "auth.permission",
        NO_GO,
        granted,
        newapi_error(403, f"This token has no access to model {MODEL}", ""),
        seed=KEY_REJECTED,
    ),
    Fault(
        "address-not-allowed",
        "The key is not allowed from this address.",
        "auth.permission",
        NO_GO,
        granted,
        newapi_error(403, "Your IP is not in the allowed list", "access_denied"),
        seed=KEY_REJECTED,
    ),
    Fault(
        "wrong-organization",
        "Key and organization do not belong together.",
        "auth.organization",
        NO_GO,
        with_key,
        error(401, "OpenAI-Organization header should match organization for API key", "mismatched_organization"),
        seed=KEY_REJECTED,
    ),
    Fault(
        "key-not-enforced",
        "Requests with a wrong key or none are answered.",
        "auth.not_enforced",
        NO_GO,
        refused,
        let_in,
    ),
    Fault(
        "wrong-key-accepted", "Any key is accepted like the right one.", "auth.not_enforced", NO_GO, wrong_key, let_in
    ),
    Fault("missing-key-accepted", "No key is needed.", "auth.not_enforced", NO_GO, no_key, let_in),
    Fault(
        "rejection-html",
        "A wrong key is refused with an HTML page.",
        "auth.error_body",
        NO_GO,
        refused,
        page(401, "401 Unauthorized"),
    ),
    Fault(
        "rejection-empty",
        "A wrong key is refused with an empty body.",
        "auth.error_body",
        NO_GO,
        refused,
        body(b"", "", 401),
    ),
    Fault(
        "rejection-no-error",
        "A wrong key is refused with JSON that has no error.",
        "auth.error_body",
        NO_GO,
        refused,
        says(401, {"status": 401}),
    ),
    Fault(
        "rejection-200",
        "A wrong key gets an error under status 200.",
        "contract.status",
        NO_GO,
        refused,
        says(200, {"error": {"message": "Invalid token", "type": "comet_api_error", "code": ""}}),
    ),
    Fault(
        "rejection-login-page",
        "A wrong key gets a login page under status 200.",
        "contract.status",
        NO_GO,
        refused,
        page(200, "Sign in"),
    ),
    Fault(
        "wrong-key-rate-limited",
        "A wrong key gets 429: it is not known whether the key was checked.",
        "account.rate_limited",
        UNDECIDED,
        wrong_key,
        error(429, "Too many failed attempts.", "rate_limit_exceeded", "requests"),
    ),
    Fault(
        "missing-key-crash",
        "A request without a key crashes the server: it is not known whether the key was checked.",
        "server.error",
        UNDECIDED,
        no_key,
        page(500, "500 Internal Server Error"),
    ),
)
