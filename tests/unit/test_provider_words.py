"""What providers, gateways and servers say, and the class it is of: one text for each of their ways to say it.

Each text is told by one entry of the tables alone: without that entry it is another class, or none.
"""

from __future__ import annotations

import pytest

from chatproof.evidence.provider_error import ProviderError, by_words, classify

SAID = {
    "model": (
        "Cannot find an appropriate cached snapshot folder for the specified revision on the local disk.",
        "Unable to access non-serverless model meta/x. Please create a dedicated endpoint.",
        "401 Client Error. Repository Not Found for url: https://huggingface.co/a/b.",
        "No model loaded. Please load one in the developer page.",
        "No model is loaded.",
        "Model is not loaded yet",
        "Function 'abc': Not found for account 'xyz'",
    ),
    "quota": (
        "The deployment exceeded budget: 12 of 10 USD",
        "Crossed budget of the provider",
        "Budget has been exceeded! Current cost: 10, max budget: 5",
        "This key is over budget",
        "Your project has reached its spending limit",
        "Team spend limit reached",
        "Insufficient funds",
        "Insufficient quota for this key",
        "Not enough credits.",
        "Your account has no credits left",
        "Your balance is not enough",
        "账户已欠费,请充值",
        "The request failed because your account has an overdue balance.",
        "not enough balance",
        "You do not have enough credit: Your current balance is 30, but that costs 50.",
        "you have used up your daily free allocation of 10,000 neurons, please upgrade to a paid plan",
    ),
    "permission": (
        "Permission denied",
        "A permission is required to use this deployment",
        "Permission required: inference.write",
        "The caller lacks permission",
        "You lack permission",
        "This key does not have permission",
        "This requires the permission aiplatform.endpoints.predict",
        "The token has insufficient scope",
    ),
    "context": (
        "Prompt too long: 9000 tokens",
        "Input is too long for what was requested.",
        "The input token count (40000) exceeds what is allowed.",
        "inputs tokens must be <= 1024",
        "Too many input tokens",
        "It exceeds the maximum number of tokens allowed (32768).",
        "Please reduce the length of the messages.",
        "Token limit exceeded",
        "Invalid request: Your request exceeded model token limit: 8192",
        "too many tokens: total number of tokens (prompt and prediction) cannot exceed 4081 - received 5000.",
    ),
    "retired": ("The model `gpt-4-32k` has been deprecated, learn more here: https://example.com/deprecations",),
    "filtered": (
        "Input data may contain inappropriate content.",
        "The request failed because the input text may contain sensitive information.",
        "系统检测到输入或生成内容可能包含不安全或敏感内容",
        "input new_sensitive",
        "output new_sensitive",
        "The request was rejected because it was considered high risk",
        "Your request was rejected as a result of our safety system.",
    ),
    "auth": (
        "Access token invalid or no longer valid",
        "login fail: Please carry the API secret key in the 'Authorization' field of the request header",
        "HMAC signature cannot be verified: fail to retrieve credential",
    ),
    "header": (
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed).",
        "Header中未收到Authorization参数，无法进行身份验证。",
    ),
    "rate": (
        "Open api qps request limit reached",
        "You've hit your usage limit. Upgrade to Pro or try again in 2 hours.",
        "The usage limit has been reached",
        "Your request exceeds the service quota for your account.",
    ),
    "form": (
        "Unknown name \"max_token\" at 'generation_config': Cannot find field.",
        "1 validation error for ChatRequest",
        "We could not parse the JSON body of your request.",
        "7 is not of type 'string'",
        "invalid params, model is empty",
    ),
    "upstream": (
        "read ECONNRESET",
        "getaddrinfo ENOTFOUND api.internal",
        "connect ETIMEDOUT 192.0.2.1:443",
        "read: connection reset by peer",
        "TypeError: fetch failed",
        "socket hang up",
        "dial tcp 192.0.2.1:8000: i/o timeout",
        "lookup backend: no such host",
        "[Errno -2] Name or service not known",
        "do request failed: EOF",
        "upstream protocol error",
        "The upstream service did not answer",
        "upstream connect: closed",
        "upstream request timeout",
        "upstream timed out (110: Operation timed out)",
        "upstream prematurely closed connection",
        "no live upstreams",
        "connect() failed (113: No route to host) while connecting to upstream",
        "recv() failed while reading response header from upstream",
        "Unable to reach the origin service",
        "attempt to connect to 192.0.2.1:8000 (app) failed",
        "failed to make connection to backend: app",
        "Server app/one is DOWN, reason: Layer4 timeout",
        "The upstream is unavailable",
        "No deployment left, cooldown_list=['a']",
        "no available server",
        "All providers failed",
        "All backends are down",
        "The backend is unavailable",
        "Could not connect to the engine",
        "Failed to connect to the engine",
        "Error communicating with OpenAI",
        "当前分组负载已饱和,请稍后再试",
        "Application failed to respond",
        "llm.backend could not be resolved (3: Host not found)",
        "Fastly error: unknown domain: api.example.com. Please check that this domain has been added to a service.",
    ),
}
CODED = {
    "quota": (
        "AccountOverdueError", "SetLimitExceeded", "insufficient_credits", "budget_exceeded", "Arrearage", "insufficient_funds", "credits_exhausted", "out_of_credits",
    ),
    "filtered": (
        "data_inspection_failed", "SensitiveContentDetected", "InputTextSensitiveContentDetected",
        "OutputTextSensitiveContentDetected", "censorship_blocked", "moderation_blocked",
    ),
    "server": ("ServerOverloaded", "engine_overloaded", "ServiceUnavailable", "InternalServerError"),
    "rate": ("usage_limit_reached", "TooManyRequests"),
    "upstream": (
        "BadGateway", "upstream_unreachable", "upstream_connection_error", "provider_unavailable", "auth_unavailable",
        "call_upstream_bad_response", "bad_response_body", "Bad Gateway", "bad_gateway",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in SAID.items() for text in texts])
def test_a_text_is_of_its_class(name: str, text: str) -> None:
    assert by_words(ProviderError("$", text, "", "", "")) == name


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, codes in CODED.items() for code in codes])
def test_a_code_is_of_its_class(name: str, code: str) -> None:
    assert by_words(ProviderError("$", "It failed.", code, "", "")) == name
    assert by_words(ProviderError("$", "It failed.", "", code, "")) == name


def test_a_model_that_is_retired_is_so_whatever_the_code_says() -> None:
    said = "The model `gpt-4-32k` has been deprecated"
    assert by_words(ProviderError("$", said, "model_not_found", "", "")) == "retired"
    other = "This parameter of the model is no longer supported"
    assert by_words(ProviderError("$", other, "unsupported_parameter", "", "")) == "parameter"


def test_an_organization_that_is_not_verified_is_so_whatever_the_code_says() -> None:
    said = "Your organization must be verified to stream this model."
    assert by_words(ProviderError("$", said, "unsupported_value", "invalid_request_error", "stream")) == "permission"


def test_a_relay_that_names_no_cause_speaks_of_who_is_behind_it() -> None:
    relayed = ProviderError("$", "Provider returned error", "502", "", "")
    assert classify(relayed, 502) == "upstream"
    assert classify(relayed._replace(code="429"), 429) == "rate"
    assert classify(relayed._replace(message="It failed"), 502) == "server"
