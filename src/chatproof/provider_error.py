"""The error a provider's JSON body carries: found in any known shape, and put into one class.

Classified by the body's code first, its words second and the status last, because statuses lie: CometAPI answers an
unknown model with a JSON 503, Gemini and xAI a wrong key with 400, OpenAI an empty purse with 429.
"""

from typing import NamedTuple

from chatproof.strictjson import Json


class ProviderError(NamedTuple):
    """`where` is the JSON path of the error; texts are untrusted and unbounded."""

    where: str
    message: str
    code: str
    type: str
    param: str


def find_error(body: Json) -> ProviderError | None:
    """The error in a JSON body, or None. Shapes: object, string, array, flat, `detail`, `errors`, `message`, …"""
    if isinstance(body, list):
        inner = find_error(body[0]) if body else None
        return inner._replace(where="$[0]" + inner.where[1:]) if inner else None
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if error:
        return _from_error(error, body)
    errors = body.get("errors")
    if isinstance(errors, list) and errors:
        first = errors[0] if isinstance(errors[0], dict) else {"message": errors[0]}
        return _fields(first, "$.errors[0]")
    fault = body.get("fault")
    if isinstance(fault, dict) and fault:
        return ProviderError("$.fault", _text(fault.get("faultstring")), _text(fault.get("code")), "fault", "")
    if "choices" in body:
        return None  # a completion may well have a `message` or `detail` of its own
    if body.get("object") == "error" or body.get("type") == "error":
        return _fields(body, "$")
    for name in ("detail", "message", "msg", "title"):
        value = body.get(name)
        if isinstance(value, list) and value:
            value = value[0].get("msg") if isinstance(value[0], dict) else value[0]
        if isinstance(value, dict) and value:
            return _fields(value, f"$.{name}")
        if isinstance(value, str) and value:
            return _fields(body, f"$.{name}")._replace(message=value)
    return None


def _from_error(error: Json, body: dict[str, Json]) -> ProviderError:
    if isinstance(error, dict):
        return _fields(error, "$.error")
    if isinstance(error, list):
        return _fields(error[0] if isinstance(error[0], dict) else {"message": error[0]}, "$.error[0]")
    # A bare string (vLLM, TGI, xAI, LM Studio) keeps its code, if any, beside it.
    return _fields({**body, "message": error, "type": body.get("error_type", body.get("type"))}, "$.error")


def _fields(source: dict[str, Json], where: str) -> ProviderError:
    message = source.get("message") or source.get("msg") or source.get("detail") or source.get("reason")
    inner = source.get("error")
    if isinstance(inner, dict) and not message:
        return _fields(inner, f"{where}.error")
    return ProviderError(
        where,
        _text(message),
        _text(source.get("code") or source.get("status")),
        _text(source.get("type")),
        _text(source.get("param")),
    )


def _text(value: Json) -> str:
    """Codes come as strings, integers and null; new-api writes "" and LiteLLM the word None."""
    if isinstance(value, bool) or value is None or value == "None":
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    return ""


# Class of an error by its `code`, `type` or `status` word. First hit wins, so the more specific stands higher.
CODES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "quota",
        (
            "insufficient_quota",
            "insufficient_user_quota",
            "pre_consume_token_quota_failed",
            "billing_hard_limit_reached",
            "billing_not_active",
            "insufficient_balance",
            "insufficient_credits",
            "payment_required",
            "quota_exceeded",
            "budget_exceeded",
        ),
    ),
    ("region", ("unsupported_country_region_territory", "request_forbidden", "region_not_supported")),
    ("organization", ("mismatched_organization", "mismatched_project", "invalid_organization")),
    ("retired", ("model_decommissioned", "model_deprecated", "model_retired")),
    (
        "model",
        (
            "model_not_found",
            "model_not_available",
            "model_not_supported",
            "invalid_model",
            "unknown_model",
            "deploymentnotfound",
            "model_unavailable",
        ),
    ),
    ("context", ("context_length_exceeded", "string_above_max_length", "request_too_large")),
    ("parameter", ("unsupported_parameter", "unsupported_value", "unknown_parameter")),
    ("filtered", ("content_filter", "content_policy_violation", "responsibleaipolicyviolation")),
    ("header", ("missing_api_key", "no_api_key", "missing_authorization", "no_authorization")),
    (
        "auth",
        (
            "invalid_api_key",
            "incorrect_api_key",
            "invalid_authentication",
            "authentication_error",
            "auth_error",
            "authenticationerror",
            "token_not_found_in_db",
            "unauthorized",
            "unauthenticated",
            "invalid_token",
            "api_key_invalid",
            "invalid_key",
            "expired_key",
            "token_expired",
            "account_deactivated",
            "no_db_connection",
        ),
    ),
    (
        "permission",
        (
            "permission_denied",
            "permission_error",
            "access_denied",
            "insufficient_permissions",
            "access_terminated_error",
        ),
    ),
    (
        "rate",
        (
            "rate_limit_exceeded",
            "rate_limit_error",
            "rate_limited",
            "too_many_requests",
            "tokens",
            "requests",
            "resource_exhausted",
        ),
    ),
    ("path", ("unknown_url", "not_found_error_route", "route_not_found")),
)

# Words that say little: new-api and Ollama put them on every error. They count only after the message's words.
GENERIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "request",
        (
            "invalid_request",
            "invalid_argument",
            "bad_request",
            "convert_request_failed",
            "validation_error",
            "invalid_type",
        ),
    ),
    (
        "server",
        (
            "server_error",
            "internal_error",
            "internal_server_error",
            "overloaded_error",
            "api_error",
            "bad_response_status_code",
            "upstream_error",
            "service_unavailable",
            "do_request_failed",
            "engine_overloaded_error",
        ),
    ),
)

# The same by words of the message, lower case.
WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "retired",
        (
            "has been decommissioned",
            "has been deprecated",
            "been retired",
            "no longer supported",
            "no longer available",
        ),
    ),
    (
        "model",
        (
            "no available channel",
            "无可用渠道",
            "try pulling it first",
            "invalid model name",
            "unknown model",
            "does not exist or you do not have access",
            "no configured provider serves",
            "model not found",
            "not a valid model",
            "no such model",
            "no endpoints found",
            "model_not_found",
        ),
    ),
    (
        "quota",
        (
            "insufficient balance",
            "insufficient credit",
            "exceeded your current quota",
            "credit balance",
            "额度已用尽",
            "quota exhausted",
            "quota is exhausted",
            "quota is not enough",
            "余额不足",
            "out of credit",
            "billing",
        ),
    ),
    (
        "region",
        (
            "location is not supported",
            "country, region, or territory",
            "not available in your region",
            "not available in your country",
        ),
    ),
    ("organization", ("openai-organization header", "openai-project header", "mismatched organization")),
    (
        "header",
        (
            "didn't provide an api key",
            "did not provide an api key",
            "no auth credentials",
            "未提供令牌",
            "missing or invalid authorization header",
            "auth header format",
            "no api key",
            "missing api key",
            "missing authorization",
            "authorization header is missing",
            "authorization header missing",
            "newline or carriage return detected in headers",
            "api key is required",
            "authentication required",
        ),
    ),
    (
        "auth",
        (
            "incorrect api key",
            "invalid api key",
            "invalid token",
            "api key not valid",
            "无效的令牌",
            "invalid or revoked api key",
            "authentication fails",
            "invalid subscription key",
            "invalid x-api-key",
            "invalid credentials",
            "token has expired",
            "该令牌",
            "invalid username or password",
            "invalid api-key",
            "api key expired",
            "api key is invalid",
            "authentication error",
            "unauthorized",
            "invalid bearer",
            "invalid authentication",
            "no connected db",
        ),
    ),
    (
        "permission",
        (
            "no access to model",
            "does not have access",
            "not allowed to access",
            "permission denied",
            "missing scopes",
            "insufficient permissions",
            "ip not allowed",
            "not in the allowed",
            "无权访问",
        ),
    ),
    ("context", ("maximum context length", "context length", "context window", "prompt is too long")),
    (
        "parameter",
        (
            "unsupported value",
            "unsupported parameter",
            "is not supported with this model",
            "unrecognized request argument",
            "extra inputs are not permitted",
        ),
    ),
    ("filtered", ("content management policy", "content filter")),
    ("rate", ("rate limit", "too many requests", "请求过于频繁", "slow down", "rate_limit")),
    (
        "path",
        (
            "invalid url (",
            "unexpected endpoint or method",
            "unknown request url",
            "no route",
            "cannot post",
            "page not found",
        ),
    ),
    (
        "server",
        (
            "upstream负载已饱和",
            "负载已饱和",
            "overloaded",
            "internal server error",
            "connection error",
            "server is busy",
            "temporarily unavailable",
            "bad gateway",
            "try again later",
        ),
    ),
)

_ABSENT = ("not found", "does not exist", "doesn't exist", "no such", "unknown", "not available", "unavailable")
_BY_STATUS = {
    401: "auth",
    402: "quota",
    403: "permission",
    405: "path",
    407: "proxy",
    408: "timeout",
    410: "retired",
    413: "request",
    422: "request",
    429: "rate",
    504: "timeout",
    524: "timeout",
}


def classify(error: ProviderError, status: int) -> str:
    """One of the class names above, or `path`, `proxy`, `timeout`, `server`, `request`, `unknown`."""
    words = {error.code.lower(), error.type.lower()}
    for name, codes in CODES:
        if any(code in words for code in codes):
            return name
    message = error.message.lower()[:4000]
    for name, phrases in WORDS:
        if any(phrase in message for phrase in phrases):
            return name
    for name, codes in GENERIC:
        if any(code in words for code in codes):
            return name
    if status == 404:
        return "model" if "model" in message and any(words in message for words in _ABSENT) else "path"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return "server"
    return "request" if 400 <= status < 500 else "unknown"
