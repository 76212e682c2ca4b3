"""Whose limit was reached is said where the reply's words say so, and nowhere else."""

import pytest

from tests.support import Played, wire

BODY = '429 application/json\n\n{"error":{"message":"%s","type":"%s","code":"%s"}}'


@pytest.mark.parametrize(
    ("message", "type", "code", "callers"),
    [
        (
            "Rate limit reached for gpt-x in organization org-1 on tokens per min.",
            "tokens",
            "rate_limit_exceeded",
            True,
        ),
        ("You are sending requests too quickly.", "", "", True),
        ("Too many requests with this API key.", "", "", True),
        ("Slow down.", "user_rate_limited", "", True),
        ("Slow down.", "", "account_limit", True),
        ("您的请求过于频繁", "", "", True),
        ("Rate limit reached", "rate_limit_error", "", False),
        ("Rate limit exceeded for model gpt-x on this deployment.", "", "429", False),
        ("The model is busy. Please retry your request later.", "", "", False),
        ("Too many requests. If you need more, you can contact us. Thank you for your patience.", "", "", False),
        ("This model is limited for all users; too many clients.", "", "", False),
        ("Too many requests: you have reached your limit, please retry your request.", "", "", True),
        ("Slow down, the keyboard is hot.", "", "", False),
        ("Rate limit. " + "x" * 3988 + " your key", "", "", False),
        ("Rate limit. " + "x" * 3979 + " your key", "", "", True),
    ],
)
def test_whose_limit_it_is(message: str, type: str, code: str, callers: bool) -> None:
    (told,) = Played({"happy": wire(BODY % (message, type, code))}).diagnoses
    assert (told.code, told.owner, told.confidence) == ("account.rate_limited", "unknown", "certain")
    assert (told.summary == "too many requests for this key or account") is callers
    assert ("does not say whose" in told.summary) is not callers
    assert ("who else uses this key" in told.next_step) and (("ask the provider" in told.next_step) is not callers)
