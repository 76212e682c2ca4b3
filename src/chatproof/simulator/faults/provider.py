"""Faults that the API itself reports: about the account, the model, the request, or its own state."""

from chatproof.simulator.chat import MODEL
from chatproof.simulator.fault import (
    GO,
    MALFORMED_REQUEST,
    MODEL_REJECTED,
    NO_GO,
    Alter,
    Fault,
    body,
    chatting,
    comet_error,
    edited,
    error,
    everything,
    google_error,
    granted,
    listing,
    newapi_error,
    page,
    says,
    with_key,
)

_unlisted = edited(lambda value: value.update(data=[card for card in value["data"] if card["id"] != MODEL]))


def _gone(chat: Alter) -> Alter:
    """The model is refused and, consistently, not listed."""
    return lambda turn: _unlisted(turn) if listing(turn) else chat(turn)


ACCOUNT = (
    Fault(
        "quota-429",
        "The account has no money left, under status 429 (OpenAI).",
        "account.quota",
        NO_GO,
        granted,
        error(
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            "insufficient_quota",
        ),
    ),
    Fault(
        "quota-402",
        "The account has no money left (DeepSeek, OpenRouter).",
        "account.quota",
        NO_GO,
        granted,
        error(402, "Insufficient Balance", "invalid_request_error", "unknown_error"),
    ),
    Fault(
        "quota-403",
        "The account has no money left, under status 403 (new-api).",
        "account.quota",
        NO_GO,
        granted,
        newapi_error(403, "user quota is not enough", "insufficient_user_quota"),
    ),
    Fault(
        "rate-limited",
        "Too many requests; the answer says how long to wait.",
        "account.rate_limited",
        NO_GO,
        granted,
        error(
            429,
            f"Rate limit reached for {MODEL}. Please try again in 20s.",
            "rate_limit_exceeded",
            "requests",
            headers=(("Retry-After", "20"),),
        ),
    ),
    Fault(
        "rate-limited-empty",
        "Too many requests, and the 429 has no body (one-api).",
        "account.rate_limited",
        NO_GO,
        everything,
        body(b"", "", 429),
    ),
    Fault(
        "region-blocked",
        "The provider does not serve this country.",
        "account.region",
        NO_GO,
        granted,
        error(
            403,
            "Country, region, or territory not supported",
            "unsupported_country_region_territory",
            "request_forbidden",
        ),
    ),
    Fault(
        "region-blocked-400",
        "The provider does not serve this country (Gemini).",
        "account.region",
        NO_GO,
        granted,
        google_error(400, "User location is not supported for the API use.", "FAILED_PRECONDITION"),
    ),
)

MODELS = (
    Fault(
        "model-not-found-404",
        "The model does not exist (OpenAI).",
        "model.unavailable",
        NO_GO,
        with_key,
        _gone(error(404, f"The model `{MODEL}` does not exist or you do not have access to it.", "model_not_found")),
        seed=MODEL_REJECTED,
    ),
    Fault(
        "model-not-found-503",
        "No channel serves the model: a JSON 503 that is not an outage (CometAPI).",
        "model.unavailable",
        NO_GO,
        granted,
        comet_error(503, f"no available channel for group default and model {MODEL} (distributor)", "model_not_found"),
        seed=MODEL_REJECTED,
    ),
    Fault(
        "model-not-pulled",
        "The model was not downloaded yet (Ollama).",
        "model.unavailable",
        NO_GO,
        granted,
        error(404, f'model "{MODEL}" not found, try pulling it first', None, "api_error"),
        seed=MODEL_REJECTED,
    ),
    Fault(
        "model-not-serverless",
        "The model is not offered to this account (Together).",
        "model.unavailable",
        NO_GO,
        granted,
        error(400, f"Unable to access non-serverless model {MODEL}.", "model_not_available"),
        seed=MODEL_REJECTED,
    ),
    Fault(
        "model-retired",
        "The model has been decommissioned (Groq).",
        "model.retired",
        NO_GO,
        with_key,
        _gone(
            error(
                400, f"The model `{MODEL}` has been decommissioned and is no longer supported.", "model_decommissioned"
            )
        ),
        seed=MODEL_REJECTED,
    ),
    Fault(
        "model-not-listed", "The model answers, but is not in the listing.", "model.not_listed", GO, listing, _unlisted
    ),
    Fault(
        "models-404",
        "There is no listing of models.",
        "contract.models",
        GO,
        listing,
        error(404, "Invalid URL (GET /v1/models)"),
    ),
    Fault("models-html", "The listing of models is a web page.", "contract.models", GO, listing, page(200, "Models")),
)

REQUEST = (
    Fault(
        "request-rejected-500",
        "The request's form is refused under status 500 (CometAPI).",
        "request.rejected",
        NO_GO,
        granted,
        comet_error(500, "field messages is required", "invalid_request"),
        seed=MALFORMED_REQUEST,
    ),
    Fault(
        "request-rejected-400",
        "A field is refused as missing, although it was sent.",
        "request.rejected",
        NO_GO,
        chatting,
        error(400, "Missing required parameter: 'messages'.", "missing_required_parameter", param="messages"),
        seed=MALFORMED_REQUEST,
    ),
    Fault(
        "request-rejected-422",
        "The request fails a schema (FastAPI).",
        "request.rejected",
        NO_GO,
        granted,
        says(422, {"detail": [{"loc": ["body", "messages"], "msg": "field required", "type": "value_error.missing"}]}),
        seed=MALFORMED_REQUEST,
    ),
    Fault(
        "unsupported-parameter",
        "The model does not accept the `stream` parameter.",
        "request.unsupported_parameter",
        NO_GO,
        granted,
        error(
            400,
            "Unsupported parameter: 'stream' is not supported with this model.",
            "unsupported_parameter",
            param="stream",
        ),
        seed=MALFORMED_REQUEST,
    ),
    Fault(
        "context-length",
        "The prompt is refused as too long: the gateway adds its own prompt.",
        "request.context_length",
        NO_GO,
        granted,
        error(
            400,
            "This model's maximum context length is 4096 tokens. However, your messages resulted in 5120 tokens.",
            "context_length_exceeded",
            param="messages",
        ),
        seed=MALFORMED_REQUEST,
    ),
    Fault(
        "content-filter-400",
        "A content filter refuses the request (Azure).",
        "content.filtered",
        NO_GO,
        granted,
        says(
            400,
            {
                "error": {
                    "message": "The prompt triggered Azure OpenAI's content management policy.",
                    "type": None,
                    "param": "prompt",
                    "code": "content_filter",
                    "status": 400,
                }
            },
        ),
    ),
)

SERVER = (
    Fault(
        "server-error-500",
        "The provider reports an internal failure.",
        "server.error",
        NO_GO,
        granted,
        error(500, "The server had an error while processing your request. Sorry about that!", None, "server_error"),
    ),
    Fault(
        "overloaded-503",
        "The provider is overloaded, and says so in JSON.",
        "server.error",
        NO_GO,
        granted,
        error(503, "The engine is currently overloaded, please try again later", None, "server_error"),
    ),
    Fault(
        "upstream-error",
        "The gateway's upstream failed, and the gateway says so in JSON (new-api).",
        "gateway.error",
        NO_GO,
        granted,
        newapi_error(500, "bad response status code 500", "bad_response_status_code"),
    ),
    Fault(
        "crash-page-500",
        "The server crashed and shows a page.",
        "server.error",
        NO_GO,
        granted,
        page(500, "500 Internal Server Error"),
    ),
)

ROWS = (*ACCOUNT, *MODELS, *REQUEST, *SERVER)
