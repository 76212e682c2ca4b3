"""Tokens that are hidden, counted otherwise or billed without a text are found; honest counts are not accused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from chatproof.analysis.comparison.document import build
from chatproof.analysis.comparison.tokens import cost, counts, differences
from chatproof.reporters import Style, render
from tests.migration.flipping import Door, Spoil, compared, untouched

Run = dict[str, Any]
Change = Callable[[int, dict[str, int]], None]


def _run(good: Run, change: Change | None = None, model: str = "") -> Run:
    """The run with prompts of several lengths and completions that fit their texts, then changed."""
    run = copy.deepcopy(good)
    run["target"]["model"] = model or run["target"]["model"]
    number = 0
    for exchange in run["exchanges"]:
        usage = (exchange["response"] or {}).get("usage")
        if usage:
            number += 1
            usage |= {"prompt": 8 + 7 * number, "completion": 2}
            if change:
                change(number, usage)
    assert number >= 10
    return run


def _add(name: str, more: int) -> Change:
    def change(number: int, usage: dict[str, int]) -> None:
        usage[name] += more

    return change


def _times(factor: float, more: int = 0) -> Change:
    def change(number: int, usage: dict[str, int]) -> None:
        usage["prompt"] = round(usage["prompt"] * factor) + more

    return change


def _nothing_to_say(number: int, usage: dict[str, int]) -> None:
    """Counts without a pattern, as a server reports that leaves out what it had cached."""
    usage["prompt"] += (number * 37) % 23 - 11


def test_equal_counts_are_no_difference(good_whole: Run) -> None:
    assert differences(_run(good_whole), _run(good_whole)) == []


@pytest.mark.parametrize(
    ("change", "words", "effect"),
    [
        (_add("prompt", 57), "57 more prompt tokens on each of", "change"),
        (_add("prompt", 3), "3 more prompt tokens on each of", "note"),
        (_add("prompt", -5), "5 fewer prompt tokens on each of", "note"),
        (_times(1.5), "1.5 times as many prompt tokens", "change"),
        (_times(1.5, 40), "40 more prompt tokens on each of", "change"),
    ],
)
def test_more_prompt_tokens(good_whole: Run, change: Change, words: str, effect: str) -> None:
    (one,) = differences(_run(good_whole), _run(good_whole, change))
    assert (one.kind, one.effect) == ("tokens", effect)
    assert words in one.b


def test_another_model_has_another_tokenizer(good_whole: Run) -> None:
    (one,) = differences(_run(good_whole, model="one"), _run(good_whole, _times(1.3, 20), model="two"))
    assert (one.effect, one.change) == ("note", "")


def test_without_a_pattern_nothing_is_said(good_whole: Run) -> None:
    assert differences(_run(good_whole), _run(good_whole, _nothing_to_say)) == []


def test_completions_beyond_any_text(good_whole: Run) -> None:
    (one,) = differences(_run(good_whole), _run(good_whole, _add("completion", 400)))
    assert one.subject == "more completion tokens than bytes of text" and "402 completion tokens for" in one.b
    assert "no reasoning is reported" in one.b


def test_reported_reasoning_is_no_over_billing(good_whole: Run) -> None:
    def thought(number: int, usage: dict[str, int]) -> None:
        usage |= {"completion": 402, "reasoning": 400}

    assert differences(_run(good_whole), _run(good_whole, thought)) == []


def test_cost_of_a_thousand(good_whole: Run) -> None:
    rows = counts(_run(good_whole), _run(good_whole, _add("prompt", 100)))
    prices = {"prompt": 2.0, "completion": 8.0}
    made = cost(rows, {"a": prices, "b": prices})
    assert made is not None
    assert made["b"] - made["a"] == pytest.approx(1000 * 100 * 2 / 1e6)
    assert cost(rows, {"a": prices}) == {**made, "b": None}
    assert cost(rows, {}) is None


def test_cached_tokens_have_their_own_price(good_whole: Run) -> None:
    def cached(number: int, usage: dict[str, int]) -> None:
        usage["cached"] = usage["prompt"]

    rows = counts(_run(good_whole), _run(good_whole, cached))
    prices = {"prompt": 10.0, "completion": 0.0, "cached": 1.0}
    made = cost(rows, {"a": prices, "b": prices})
    assert made is not None and made["a"] == pytest.approx(10 * made["b"])


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_reports_have_the_table_and_the_cost(good_whole: Run, format: str) -> None:
    prices = {"prompt": 2.0, "completion": 8.0}
    runs = [_run(good_whole), _run(good_whole, _add("prompt", 57))]
    made = build(runs, frozenset(), "2026-11-28T00:00:00.000Z", prices={0: prices, 1: prices})
    text = render(format, made, Style(False, 200, 1), "comparison")
    assert "1000 requests like these" in text and "57 more prompt tokens" in text
    first = made["candidates"][0]["tokens"][0]
    assert first["prompt_b"] == first["prompt_a"] + 57
    assert str(first["prompt_b"]) in text


def test_a_hidden_prompt_is_found_over_the_wire() -> None:
    def hidden(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if isinstance(reply.get("usage"), dict):
            reply["usage"]["prompt_tokens"] += 57
            reply["usage"]["total_tokens"] += 57
        return status, reply

    with Door(untouched) as good, Door(hidden) as billing:
        made = compared(good.target(), billing.target())
    assert made["decision"] == "GO WITH CHANGES"
    (row,) = [row for row in made["differences"] if row["effect"] != "note"]
    assert row["kind"] == "tokens" and row["b"].startswith("57 more prompt tokens on each of")
    assert made["asked_again"]["requests"] == 0


def _reading(cached: int | None) -> Spoil:
    """A server that reports long prompts, and so much of them as read from its cache from the second time on."""
    seen: set[str] = set()

    def spoil(asked: dict[str, Any], status: int, reply: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        text = str(asked.get("messages"))
        if isinstance(reply.get("usage"), dict) and len(text) > 4000:
            details = {} if cached is None else {"cached_tokens": cached if text in seen else 0}
            reply["usage"] |= {"prompt_tokens": 2300, "total_tokens": 2301, "prompt_tokens_details": details}
            seen.add(text)
        return status, reply

    return spoil


def test_a_cache_that_is_not_passed_on_is_told() -> None:
    with Door(_reading(2048)) as good, Door(_reading(0)) as lacking:
        made = compared(good.target(), lacking.target(), extras=("cache",))
    assert made["decision"] == "GO"
    (row,) = made["differences"]
    assert (row["effect"], row["subject"], row["probes"]) == ("note", "cached tokens", ["cache.second", "cache"])
    assert (row["a"], row["b"]) == ("2048 of 2300 prompt tokens are read from a cache", "none are, on 3 requests")
    table = {row["probe"]: (row["cached_a"], row["cached_b"]) for row in made["candidates"][0]["tokens"]}
    assert table["cache"] == (2048, 0)
    notes = " ".join(made["notes"])
    assert "A: the cache: of 2300 prompt tokens, sent 3 times, it supplied: 0, 2048, 2048" in notes
    assert "B: the cache: of 2300 prompt tokens, sent 3 times, it supplied: 0, 0, 0 (several hosts" in notes


def test_two_caches_are_no_difference() -> None:
    with Door(_reading(2048)) as good, Door(_reading(1024)) as other:
        assert compared(good.target(), other.target(), extras=("cache",))["differences"] == []


def test_a_cache_that_is_not_reported_is_said() -> None:
    with Door(_reading(2048)) as good, Door(_reading(None)) as silent:
        made = compared(good.target(), silent.target(), extras=("cache",))
    (row,) = [row for row in made["differences"] if row["kind"] == "tokens"]
    assert row["b"].startswith("cached_tokens is not reported")
    assert "it supplied: not reported, not reported" in " ".join(made["notes"])
