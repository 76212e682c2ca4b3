"""Where a provider's error is found in a JSON body, and which class it is put into."""

from typing import Any

import pytest

from chatproof.evidence.provider_error import (
    ProviderError,
    alike,
    by_words,
    carried_error,
    classify,
    find_error,
)
from chatproof.evidence.provider_forms import header_wanted
from chatproof.wire.strictjson import Json

LONGEST = 16384


def error(message: str = "", code: str = "", type: str = "", param: str = "", where: str = "$") -> ProviderError:
    return ProviderError(where, message, code, type, param)


# --- found -----------------------------------------------------------------------------------------------------------

UNDER_ANY_STATUS: list[tuple[Any, ProviderError]] = [
    # An object under `error`.
    (
        {"error": {"message": "Incorrect API key", "type": "invalid_request_error", "param": "key", "code": "bad_key"}},
        error("Incorrect API key", "bad_key", "invalid_request_error", "key", "$.error"),
    ),
    ({"error": {"message": "No auth credentials found", "code": 401}}, error("No auth credentials found", "401", where="$.error")),
    ({"error": {"message": "m", "code": "", "type": None, "param": "None"}}, error("m", where="$.error")),
    ({"error": {"message": "m", "code": True, "type": {"name": "x"}, "param": ["a"]}}, error("m", where="$.error")),
    ({"error": {"message": "m", "code": "", "status": "UNAUTHENTICATED"}}, error("m", "UNAUTHENTICATED", where="$.error")),
    ({"error": {"message": "m", "code": 0, "errorCode": "E1"}}, error("m", "E1", where="$.error")),
    ({"Error": {"Message": "m", "Code": "Throttled"}}, error("m", "Throttled", where="$.error")),
    ({"error": {"message": "", "detail": "the words"}}, error("the words", where="$.error")),
    ({"error": {"message": ["no", "text"], "title": "the words"}}, error("the words", where="$.error")),
    ({"error": {}, "errors": [{"message": "m"}]}, error("m", where="$.errors[0]")),
    ({"fault": {"faultstring": "Invalid ApiKey"}}, error("Invalid ApiKey", where="$.fault")),
    # An object within: the inner one speaks where the outer has no words.
    ({"error": {"error": {"message": "inner", "code": "c"}}}, error("inner", "c", where="$.error.error")),
    ({"error": {"message": "outer", "error": {"message": "inner"}}}, error("outer", where="$.error")),
    # A string under `error`, its code and type beside it.
    ({"error": "Unauthorized"}, error("Unauthorized", where="$.error")),
    ({"error": "Incorrect API key", "code": "invalid argument"}, error("Incorrect API key", "invalid argument", where="$.error")),
    ({"error": "Model is overloaded", "error_type": "overloaded"}, error("Model is overloaded", type="overloaded", where="$.error")),
    ({"error": "m", "type": "t"}, error("m", type="t", where="$.error")),
    ({"error": "m", "type": "t", "error_type": "more exact"}, error("m", type="more exact", where="$.error")),
    # `error` only says that there is one.
    ({"error": True, "message": "Invalid token", "code": 401}, error("Invalid token", "401", where="$.error")),
    # An array.
    ([{"error": {"message": "API key not valid", "status": "INVALID_ARGUMENT"}}, {"error": "second"}],
     error("API key not valid", "INVALID_ARGUMENT", where="$[0].error")),
    ({"errors": [{"message": "first", "code": 10000}, {"message": "second"}]}, error("first", "10000", where="$.errors[0]")),
    ({"errors": ["first", "second"]}, error("first", where="$.errors[0]")),
    # FastAPI's `detail`: a string, or a list that says where the request is wrong.
    ({"detail": "Unauthorized"}, error("Unauthorized", where="$.detail")),
    (
        {"detail": [
            {"loc": ["body", "messages", 0, "role"], "msg": "Field required", "type": "missing"},
            {"loc": ["body", "model"], "msg": "Field required", "type": "missing"},
            {"loc": ["body", "model"], "msg": "Input should be a string", "type": "string_type"},
            {"loc": "body", "msg": "no path"},
            "no object",
        ]},
        error("Field required", type="missing", param="body.messages.0.role, body.model", where="$.detail[0]"),
    ),
    ({"errors": [{"message": "m", "param": "model", "loc": ["body"]}]}, error("m", param="model", where="$.errors[0]")),
    ({"detail": {"error": {"message": "m"}}}, error("m", where="$.detail.error")),
    ({"message": {"detail": "m"}}, error("m", where="$.message")),
    # Without words of its own: those of the validator within it. llama-stack, Mistral, ASP.NET, axum's validators.
    (
        {"error": {"detail": {"errors": [{"loc": ["body", "messages"], "msg": "Field required", "type": "missing"}]}}},
        error("Field required", type="missing", param="body.messages", where="$.error.detail.errors[0]"),
    ),
    (
        {"detail": {"errors": [{"loc": ["body", "model"], "msg": "Field required"}]}},
        error("Field required", param="body.model", where="$.detail.errors[0]"),
    ),
    (
        {"object": "error", "type": "invalid_request_error", "code": 422,
         "message": {"detail": [{"loc": ["body", "temperature"], "msg": "less than 2", "type": "less_than"}]}},
        error("less than 2", "422", "invalid_request_error", "body.temperature", "$.message.detail[0]"),
    ),
    (
        {"title": "One or more validation errors occurred.", "status": 400, "errors": {"messages": ["is required."]}},
        error("is required.", param="messages", where="$.errors"),
    ),
    ({"errors": {"messages": [], "model": []}}, error(param="messages, model", where="$.errors")),
    ({"statusCode": 400, "error": "Bad Request", "message": "body must have property 'messages'"},
     error("Bad Request: body must have property 'messages'", "400", where="$.error")),
    ({"statusCode": 400, "error": "Bad Request", "message": ["model must be a string", "x"]},
     error("Bad Request: model must be a string; x", "400", where="$.error")),
    ({"error": "model is required", "message": "model is required"}, error("model is required", where="$.error")),
    # With words of its own, and the place deeper: ajv, zod, Google, RFC 9457.
    (
        {"error": {"message": "Bad Request", "details": [{"instancePath": "/messages/0/role", "message": "must be string"}]}},
        error("Bad Request", param="messages.0.role", where="$.error"),
    ),
    (
        {"error": {"message": "Invalid", "issues": [{"path": ["messages", 0], "message": "Required"}]}},
        error("Invalid", param="messages.0", where="$.error"),
    ),
    (
        {"error": {"code": 400, "message": "Bad", "status": "INVALID_ARGUMENT",
                   "details": [{"@type": "BadRequest", "fieldViolations": [{"field": "contents", "description": "x"}]}]}},
        error("Bad", "400", param="contents", where="$.error"),
    ),
    ({"error": {"message": "m", "errors": [{"pointer": "#/messages"}]}}, error("m", param="messages", where="$.error")),
    ({"error": "m", "path": "/v1/chat/completions"}, error("m", where="$.error")),  # Spring: the URL's
    # Flat.
    ({"object": "error", "message": "m", "type": "NotFoundError", "param": None, "code": 404}, error("m", "404", "NotFoundError")),
    ({"type": "error", "reason": "m"}, error("m", type="error")),
    ({"object": "error", "description": "m"}, error("m")),
    ({"code": 400, "reason": "m"}, error("m", "400")),
    ({"code": 599, "reason": "m"}, error("m", "599")),
    ({"message": "Unauthorized", "request_id": "r"}, error("Unauthorized", where="$.message")),
    ({"Message": "Unauthorized"}, error("Unauthorized", where="$.message")),
    ({"success": False, "message": "m"}, error("m")),
    ({"code": 40001, "msg": "token invalid"}, error("token invalid", "40001", where="$.msg")),
    ({"title": "Forbidden", "status": 403}, error("Forbidden", "403", where="$.title")),
    ({"title": "short", "detail": "long"}, error("long", where="$.detail")),
    ({"message": "", "detail": "m"}, error("m", where="$.detail")),
    ({"message": {}, "detail": "m"}, error("m", where="$.detail")),
    ({"message": 5, "detail": "m"}, error("m", where="$.detail")),
]  # fmt: skip


@pytest.mark.parametrize(("body", "found"), UNDER_ANY_STATUS)
def test_a_body_that_says_error_is_one_under_any_status(body: Any, found: ProviderError) -> None:
    assert find_error(body) == found
    assert find_error(body, failing=True) == found


FAILING: list[tuple[Any, ProviderError]] = [
    ("quota is used up", error("quota is used up")),
    (["quota is used up"], error("quota is used up", where="$[0]")),
    ({"error_msg": "m"}, error("m", where="$.error_msg")),
    ({"errmsg": "m"}, error("m", where="$.errmsg")),
    ({"errorMessage": "m"}, error("m", where="$.errormessage")),
    ({"error_message": "m"}, error("m", where="$.error_message")),
    ({"description": "m"}, error("m", where="$.description")),
    ({"reason": "m"}, error("m", where="$.reason")),
    ({"exception": "m"}, error("m", where="$.exception")),
    ({"error_code": "E7", "reason": "m"}, error("m", "E7", where="$.reason")),
    ({"statusCode": 404, "reason": "m"}, error("m", "404", where="$.reason")),
    ({"code": 399, "reason": "m"}, error("m", "399", where="$.reason")),
    ({"code": 600, "reason": "m"}, error("m", "600", where="$.reason")),
    ({"data": {"message": "m"}}, error("m", where="$.data.message")),
    ({"status": {"error": {"message": "m"}}}, error("m", where="$.status.error")),
    ({"response": {"reason": "m"}}, error("m", where="$.response.reason")),
    ({"success": False, "code": "E7"}, error(code="E7")),
    ({"ok": False}, error()),
]


@pytest.mark.parametrize(("body", "found"), FAILING)
def test_under_a_failing_status_less_is_enough(body: Any, found: ProviderError) -> None:
    assert find_error(body) is None
    assert find_error(body, failing=True) == found


@pytest.mark.parametrize(
    "body",
    [
        None,
        7,
        "",
        " \n",
        [],
        [7],
        {},
        {"id": "r", "success": True, "ok": None},
        {"data": ["message"], "status": "idle", "response": {}},
        {"choices": [{"message": {"content": "pong"}}], "error": None, "message": "served from the cache", "code": 404},
    ],
)
def test_without_words_of_an_error_there_is_none(body: Any) -> None:
    assert find_error(body) is None
    assert find_error(body, failing=True) is None


def test_an_error_beside_choices_is_an_error() -> None:
    assert find_error({"choices": [], "error": {"message": "m"}}) == error("m", where="$.error")


def test_texts_are_cut_where_no_message_needs_more() -> None:
    long = "x" * (LONGEST + 1)
    bare = find_error(long, failing=True)
    within = find_error({"error": {"message": long, "code": long}})
    assert bare is not None and len(bare.message) == LONGEST
    assert within is not None and (len(within.message), len(within.code)) == (LONGEST, LONGEST)


def test_the_first_twenty_places_are_named() -> None:
    found = find_error({"detail": [{"loc": ["body", f"p{number}"], "msg": "m"} for number in range(1, 22)]})
    assert found is not None and found.param.endswith("body.p19, body.p20")


def test_a_place_is_looked_for_in_a_few_depths_only() -> None:
    deep: Any = {"field": "model"}
    for _ in range(2000):
        deep = {"details": [deep]}
    assert find_error({"error": {"message": "m", "details": deep}}) == error("m", where="$.error")


# --- classified ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["code", "type"])
@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("insufficient_quota", "quota"),
        ("model_not_found", "model"),
        ("DeploymentNotFound", "model"),
        ("RESOURCE_EXHAUSTED", "rate"),
        ("unknown_url", "path"),
        ("route_not_found", "path"),
        ("not_found_error_route", "path"),
        ("INVALID_ARGUMENT", "request"),
        ("server_error", "server"),
    ],
)
def test_a_code_decides_in_either_field_and_any_case(field: str, word: str, name: str) -> None:
    assert classify(error("It failed.", **{field: word}), 407) == name


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("This model's context length is 8192 tokens, your messages have 9000", "context"),
        ("The input exceeds the context window", "context"),
        ("Invalid URL (POST /v1/v1/chat/completions)", "path"),
        ("Unexpected endpoint or method. (POST /chat/completions)", "path"),
        ("Unknown request URL: POST /v1/chat/completion. Please check the URL for typos", "path"),
        ("no Route matched with those values", "path"),
        ("Cannot POST /chat/completions", "path"),
        ("404 page not found", "path"),
        ("当前分组上游负载已饱和,请稍后再试", "upstream"),
        ("model 'llama9' not found, try pulling it first", "model"),
        ("Model gpt-9 is not available for your plan", "model"),
        ("模型 gpt-9 不存在", "model"),
        ("The model gpt-9 doesn't exist", "model"),
        ("No such model: gpt-9", "model"),
        ("Unknown model: gpt-9", "model"),
        ("gpt-9 is not a valid model ID", "model"),
        ("This model is only supported in v1/responses and not in v1/chat/completions.", "model"),
        ("This is not a chat model and thus not supported in the v1/chat/completions endpoint", "model"),
        ("Model gpt-9 needs more credits: insufficient balance", "quota"),
    ],
)
def test_words_decide_before_the_status(message: str, name: str) -> None:
    assert classify(error(message), 407) == name
    assert by_words(error(message)) == name


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0, "unknown"),
        (399, "unknown"),
        (400, "request"),
        (401, "auth"),
        (402, "quota"),
        (403, "permission"),
        (404, "path"),
        (405, "path"),
        (406, "request"),
        (407, "proxy"),
        (408, "timeout"),
        (409, "request"),
        (410, "retired"),
        (413, "request"),
        (422, "request"),
        (429, "rate"),
        (499, "request"),
        (500, "server"),
        (503, "server"),
        (504, "timeout"),
        (505, "server"),
        (523, "server"),
        (524, "timeout"),
        (525, "server"),
    ],
)
def test_the_status_decides_where_nothing_else_does(status: int, name: str) -> None:
    assert classify(error("It failed."), status) == name


def test_the_type_of_a_400_says_so_where_the_status_is_not_known() -> None:
    assert classify(error("It failed.", "", "invalid_request_error"), 0) == "request"
    assert classify(error("It failed.", "", "invalid_request_error"), 401) == "auth"
    assert classify(error("It failed."), 0) == "unknown"
    assert by_words(error("It failed.")) == "unknown"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("400", "request"), ("429", "rate"), ("499", "request"), ("500", "server"), ("599", "server"),
        ("399", "unknown"), ("600", "unknown"), ("40", "unknown"), ("4290", "unknown"), ("x429", "unknown"),
        ("²²²", "unknown"), ("٤٢٩", "unknown"), ("0429" + "0" * 5000, "unknown"),
    ],
)  # fmt: skip
def test_a_code_that_is_a_status_stands_for_one_that_is_not_known(code: str, name: str) -> None:
    assert classify(error("It failed.", code), 0) == name
    assert classify(error("It failed.", code), 407) == "proxy"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("insufficient_quota", "quota"),
        ("unsupported_country_region_territory", "region"),
        ("mismatched_organization", "organization"),
        ("model_decommissioned", "retired"),
        ("invalid_api_key", "model"),
        ("permission_denied", "model"),
        ("", "model"),
    ],
)
def test_a_missing_model_yields_to_codes_that_say_why_it_is_missing(code: str, name: str) -> None:
    assert classify(error("The model gpt-9 does not exist for you", code), 404) == name


def test_an_empty_purse_outranks_the_rate_limit_it_is_reported_as() -> None:
    assert classify(error("You exceeded your limit", "rate_limit_exceeded", "insufficient_quota"), 429) == "quota"


@pytest.mark.parametrize("type", ["invalid_request", "api_error"])
def test_types_that_stand_on_every_error_yield_to_words(type: str) -> None:
    assert classify(error("Invalid token (request id: r1)", type=type), 401) == "auth"


def test_that_a_model_is_absent_may_be_said_by_the_code_alone() -> None:
    assert classify(error("Check the model", type="not_found_error"), 400) == "model"
    assert classify(error("Check the path", type="not_found_error"), 400) == "request"


def test_words_far_down_a_message_decide_nothing() -> None:
    words = "invalid token"
    room = "." * (4000 - len(words))
    assert classify(error(room + words), 400) == "auth"
    assert classify(error(f".{room}{words}"), 400) == "request"


# --- compared --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, None, True),
        (None, error("m"), False),
        (error("m"), None, False),
        (error("m"), error("m"), True),
        (error("m"), error("n"), False),
        # A code says it all.
        (error("m", "c"), error("n", "c"), True),
        (error("m", "c"), error("m", "d"), False),
        (error("m", "c"), error("m"), False),
        (error("m", type="t"), error("m", type="u"), False),
        (error("m", type="t"), error("n", type="t"), False),
        (error("m", param="p"), error("m", param="q"), False),
        # Where it was found does not count, nor do ids.
        (error("m"), error("m", where="$.error"), True),
        (error("Invalid token (request id: 2026abc)"), error("Invalid token (request id: 2027xyz)"), True),
        (error("Invalid token (request id: 2026abc)"), error("Expired token (request id: 2026abc)"), False),
        (error("x" * 2000), error("x" * 2000 + "y"), True),
        (error("x" * 2000), error("x" * 1999 + "y"), False),
    ],
)
def test_refusals_are_alike_by_code_or_else_by_words(
    one: ProviderError | None, other: ProviderError | None, same: bool
) -> None:
    assert alike(one, other) is same


@pytest.mark.parametrize(("at", "found"), [(0, True), (7, True), (8, False)])
def test_an_error_is_looked_for_in_the_first_eight_choices(at: int, found: bool) -> None:
    choices: list[Json] = [{"index": n, "error": {"message": "died"} if n == at else None} for n in range(12)]
    where, error = carried_error({"choices": choices})
    assert (where, bool(error)) == ((f"$.choices[{at}].error", True) if found else ("", False))
    assert bool(find_error({"choices": choices})) is found


def test_a_header_that_an_error_names_is_told_in_ascii_only() -> None:
    """It becomes part of a command that is told: letters of another script would look like those of a name."""
    assert header_wanted(ProviderError("$", "missing header X-Team-Id", "", "", "")) == "X-Team-Id"
    assert header_wanted(ProviderError("$", "missing header x-t\u0435am", "", "", "")) == ""
