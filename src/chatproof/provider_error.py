"""The error a provider's JSON body carries: found in any known shape, and put into one class.

Classified by the body's code first, its words second and the status last, because statuses lie: CometAPI answers an
unknown model with a JSON 503, Gemini and xAI a wrong key with 400, OpenAI an empty purse with 429.
"""

from typing import NamedTuple

from chatproof.strictjson import Json

LONGEST = 16 * 1024  # no message needs more, and each is looked through many times


class ProviderError(NamedTuple):
    """`where` is the JSON path of the error; texts are untrusted, and cut at LONGEST characters."""

    where: str
    message: str
    code: str
    type: str
    param: str


_MESSAGES = (
    "message",
    "msg",
    "detail",
    "title",
    "error_msg",
    "errmsg",
    "errormessage",
    "error_message",
    "description",
    "reason",
    "exception",
)
_CODES = ("code", "status", "errorcode", "error_code", "statuscode")


def find_error(body: Json, *, failing: bool = False) -> ProviderError | None:
    """The error in a JSON body, or None. Shapes: object, string, array, flat, `detail`, `errors`, `message`, …

    `failing` says that the status is 400 or more: then a bare string or a lone `reason` is an error as well. Names are
    matched without regard to case: AWS and ASP.NET write Message.
    """
    if isinstance(body, str):
        return ProviderError("$", body[:LONGEST], "", "", "") if failing and body.strip() else None
    if isinstance(body, list):
        inner = find_error(body[0], failing=failing) if body else None
        return inner._replace(where="$[0]" + inner.where[1:]) if inner else None
    if not isinstance(body, dict):
        return None
    folded = {name.lower(): value for name, value in reversed(body.items())}
    for name in ("error", "errors", "fault"):
        if folded.get(name):
            return _from_error(folded[name], folded, f"$.{name}")
    if "choices" in body:
        return None  # a completion may well have a `message` or `detail` of its own
    code = folded.get("code")
    says_so = (
        folded.get("object") == "error"
        or folded.get("type") == "error"
        or (isinstance(code, int) and 400 <= code < 600)
    )
    found = _fields(folded, "$")
    if says_so:
        return found
    for name in ("message", "detail", "msg", "title") if not failing else _MESSAGES:
        value = folded.get(name)
        if isinstance(value, dict | list) and value:
            return _from_error(value, folded, f"$.{name}")
        if isinstance(value, str) and value:
            return found._replace(where=f"$.{name}", message=value)
    for name in ("data", "status", "response"):
        inner = folded.get(name)
        if failing and isinstance(inner, dict) and (deeper := find_error(inner, failing=True)):
            return deeper._replace(where=f"$.{name}{deeper.where[1:]}")
    refused = failing and (folded.get("success") is False or folded.get("ok") is False)
    return found if refused else None


def _from_error(error: Json, body: dict[str, Json], where: str) -> ProviderError:
    if isinstance(error, list):
        if not error:
            return ProviderError(where, "", "", "", "")
        places = [_place(entry.get("loc")) for entry in error[:20] if isinstance(entry, dict)]
        first = _from_error(error[0], {}, f"{where}[0]")
        return first._replace(param=first.param or ", ".join(dict.fromkeys(filter(None, places))))
    if isinstance(error, dict):
        return _fields({name.lower(): value for name, value in reversed(error.items())}, where)
    # A bare string (vLLM, TGI, xAI, LM Studio) keeps its code, if any, beside it.
    return _fields({**body, "message": error, "type": body.get("error_type", body.get("type"))}, where)


def _fields(source: dict[str, Json], where: str) -> ProviderError:
    inner = source.get("error")
    message = next(
        (source[name] for name in (*_MESSAGES, "faultstring") if isinstance(source.get(name), str) and source[name]),
        None,
    )
    if isinstance(inner, dict) and not message:
        return _fields(inner, f"{where}.error")
    code = next((source[name] for name in _CODES if isinstance(source.get(name), str | int) and source[name]), None)
    return ProviderError(where, _text(message), _text(code), _text(source.get("type")), _text(source.get("param")))


def _place(loc: Json) -> str:
    """Where FastAPI says that the request is wrong: ["body", "messages", 0, "role"]."""
    return ".".join(str(part) for part in loc) if isinstance(loc, list) else ""


def _text(value: Json) -> str:
    """Codes come as strings, integers and null; new-api writes "" and LiteLLM the word None."""
    if isinstance(value, bool) or value is None or value == "None":
        return ""
    if isinstance(value, str | int | float):
        return str(value)[:LONGEST]
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
            "key limit exceeded",
            "usage limit exceeded",
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
            "该令牌额度",
            "该令牌已过期",
            "该令牌状态",
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
            "no route matched",
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

_BY_STATUS = {
    401: "auth",
    402: "quota",
    403: "permission",
    405: "path",
    407: "proxy",
    408: "timeout",
    404: "path",
    410: "retired",
    413: "request",
    422: "request",
    429: "rate",
    504: "timeout",
    524: "timeout",
}


_FIRST = ("quota", "region", "organization", "retired", "model")  # classes whose codes outrank the rule on models
_ABOUT = ("model", "模型")
_ABSENT = (
    "not found",
    "not_found",
    "not exist",
    "doesn't exist",
    "no such",
    "不存在",
    "unknown model",
    "invalid model",
    "model identifier is invalid",
    "not a valid model",
    "not a chat model",
    "only supported in v1/responses",
    "not available for",
)


def classify(error: ProviderError, status: int) -> str:
    """One of the class names above, or `path`, `proxy`, `timeout`, `server`, `request`, `unknown`."""
    words = {error.code.lower(), error.type.lower()}
    message = error.message.lower()[:4000]
    first = _by_code(words, CODES, _FIRST)
    if first:
        return first
    if any(word in message for word in _ABOUT) and any(word in f"{message} {words}" for word in _ABSENT):
        return "model"
    found = _by_code(words, CODES, ())
    if found:
        return found
    for name, phrases in WORDS:
        if any(phrase in message for phrase in phrases):
            return name
    found = _by_code(words, GENERIC, ())
    if found:
        return found
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return "server"
    return "request" if 400 <= status < 500 else "unknown"


def _by_code(words: set[str], table: tuple[tuple[str, tuple[str, ...]], ...], only: tuple[str, ...]) -> str:
    return next((name for name, codes in table if (not only or name in only) and any(c in words for c in codes)), "")


def alike(one: ProviderError | None, other: ProviderError | None) -> bool:
    """The same refusal twice: by its code if it has one, else by its words without those that hold digits (ids)."""
    if one is None or other is None:
        return one is other
    return one[2:] == other[2:] and (bool(one.code) or _plain(one.message) == _plain(other.message))


def _plain(message: str) -> list[str]:
    return [word for word in message[:2000].split() if not any(char.isdigit() for char in word)]
