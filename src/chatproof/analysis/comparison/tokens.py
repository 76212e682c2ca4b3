"""What both sides report of tokens for the same requests: hidden prompts, other counts, and what that costs. Pure.

Both runs report it, so that nothing further is sent. Tokenizers and chat templates differ between models, so that a
count alone says nothing; a number that is more on *each* request does, and so does a count that no text can have.
"""

from statistics import median
from typing import Any, NamedTuple

from chatproof.analysis.comparison.difference import CHANGE, NOTE, Difference, Document, pairs

FEWEST = 3  # requests that both sides count: fewer show no pattern
_AGREE = 0.8  # the share of requests that a pattern must hold for
_NEAR = 2  # tokens that a pattern may miss a count by
_SPREAD = 10  # tokens between the shortest and the longest prompt, before a factor can be told from a constant
HIDDEN = 16
"""Tokens more on each request of the same model that are no chat template's any more."""
SLACK = 32
"""Completion tokens that no text shows and that are nobody's fault: marks of the end, of roles and channels."""
LONG = 1024
"""Prompt tokens from which on providers keep a prompt's beginning."""
PER = 1000
PRICES = ("prompt", "completion", "cached")


class Counts(NamedTuple):
    """What both sides report for one probe."""

    probe: str
    a: dict[str, int]
    b: dict[str, int]


def counts(a: Document, b: Document) -> list[Counts]:
    """The probes for which both sides report a count."""
    rows = [Counts(pair.probe, usage_of(pair.a), usage_of(pair.b)) for pair in pairs(a, b)]
    return [row for row in rows if row.a and row.b]


def usage_of(exchange: Document) -> dict[str, int]:
    """The counts of an exchange's reply; empty for none, and for a refusal."""
    response = exchange["response"]
    usage: dict[str, int] = (response or {}).get("usage") or {}
    return usage if response and (response["status"] or 0) < 400 else {}


def table(rows: list[Counts]) -> list[dict[str, Any]]:
    """Make the rows of the table of tokens: null where a side does not report a count."""
    names = ("prompt", "completion", "cached", "reasoning")
    return [
        {
            "probe": row.probe,
            **{f"{name}_{side}": of.get(name) for name in names for side, of in (("a", row.a), ("b", row.b))},
        }
        for row in rows
    ]


def differences(a: Document, b: Document) -> list[Difference]:
    """What the counts show: more (or fewer) prompt tokens by a pattern; completions that no text can have."""
    rows = counts(a, b)
    same = _name(a) == _name(b) != ""
    return [*_of_prompts(rows, same_model=same), *_of_completions(rows), *_of_cache(rows)]


def _name(run: Document) -> str:
    return str(run["target"]["model"]).rpartition("/")[2].lower()


def _of_prompts(rows: list[Counts], *, same_model: bool) -> list[Difference]:
    both = [(row.probe, row.a["prompt"], row.b["prompt"]) for row in rows if "prompt" in row.a and "prompt" in row.b]
    numbers = [(a, b) for _, a, b in both]
    if len(numbers) < FEWEST:
        return []
    factor, more = _pattern(numbers)
    if factor is None or (factor == 1 and more == 0):
        return []
    said = _words(factor, more, len(numbers))
    costs = sum(b for _, b in numbers) > sum(a for a, _ in numbers)
    hidden = same_model and costs and (more >= HIDDEN or factor >= 1.2)
    change = ""
    if hidden:
        change = "Ask B what it adds to each request, or how it counts: it shortens the context, and you pay for it."
    probes = tuple(probe for probe, a, b in both if a != b)
    shown = f"{min(a for a, _ in numbers)} to {max(a for a, _ in numbers)} prompt tokens on {len(numbers)} requests"
    effect = CHANGE if hidden else NOTE
    return [Difference("tokens", probes, "$.usage.prompt_tokens", shown, said, effect, change, (), "prompt tokens")]


def _pattern(numbers: list[tuple[int, int]]) -> tuple[float | None, int]:
    """(factor, constant) by which B's counts follow from A's, on most requests; (None, 0) where nothing fits."""
    more = round(median(b - a for a, b in numbers))
    if _fits(numbers, 1, more):
        return 1, more
    if max(a for a, _ in numbers) - min(a for a, _ in numbers) < _SPREAD:
        return None, 0
    slopes = [(d - b) / (c - a) for i, (a, b) in enumerate(numbers) for c, d in numbers[i + 1 :] if c != a]
    factor = round(median(slopes), 2)
    more = round(median(b - factor * a for a, b in numbers))
    return (factor, more) if factor > 0 and _fits(numbers, factor, more) else (None, 0)


def _fits(numbers: list[tuple[int, int]], factor: float, more: int) -> bool:
    near = [abs(b - factor * a - more) <= (_NEAR if factor == 1 else max(_NEAR, 0.05 * b)) for a, b in numbers]
    return sum(near) >= _AGREE * len(numbers)


def _words(factor: float, more: int, requests: int) -> str:
    constant = f"{abs(more)} {'more' if more > 0 else 'fewer'} prompt tokens on each of {requests} requests"
    if factor == 1:
        return constant
    times = f"{factor:g} times as many prompt tokens for the same text"
    return f"{times}, and {constant}" if abs(more) > _NEAR else f"{times}, on {requests} requests"


def beyond_text(usage: dict[str, int]) -> bool:
    """More completion tokens than the answer has bytes: no tokenizer makes a token of less than a byte."""
    shown = usage.get("answer_bytes", 0) + usage.get("reasoning", 0) + SLACK
    return usage.get("completion", 0) > shown


def _of_completions(rows: list[Counts]) -> list[Difference]:
    over = [row for row in rows if beyond_text(row.b) and not beyond_text(row.a)]
    if not over:
        return []
    first = over[0]
    a, b = (f"{of.get('completion', 0)} completion tokens for {of['answer_bytes']} bytes" for of in (first.a, first.b))
    reported = ", reasoning included" if first.b.get("reasoning") else "; no reasoning is reported"
    probes = tuple(row.probe for row in over)
    at = "$.usage.completion_tokens"
    return [
        Difference("tokens", probes, at, a, f"{b}{reported}", NOTE, "", (), "more completion tokens than bytes of text")
    ]


def _of_cache(rows: list[Counts]) -> list[Difference]:
    """A long prompt that A reads from its cache, and B never does."""
    long = [row for row in rows if min(row.a.get("prompt", 0), row.b.get("prompt", 0)) >= LONG]
    kept = [row for row in long if row.a.get("cached")]
    if not kept or any(row.b.get("cached") for row in long):
        return []
    a = f"{kept[-1].a['cached']} of {kept[-1].a['prompt']} prompt tokens are read from a cache"
    b = "none are" if "cached" in kept[-1].b else "cached_tokens is not reported"
    probes = tuple(row.probe for row in kept)
    at = "$.usage.prompt_tokens_details.cached_tokens"
    return [Difference("tokens", probes, at, a, f"{b}, on {len(long)} requests", NOTE, "", (), "cached tokens")]


def cost(rows: list[Counts], prices: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """What PER requests like these cost on A and on B, by the prices per million tokens of the configuration, as
    {"requests", "a", "b", "over"}; None where no side has prices, or nothing was counted. A side without prices: null.
    """
    if not rows or not prices:
        return None
    sides = {side: _price([getattr(row, side) for row in rows], prices.get(side, {})) for side in ("a", "b")}
    return {"requests": PER, **sides, "over": len(rows)}


def _price(usages: list[dict[str, int]], prices: dict[str, Any]) -> float | None:
    if "prompt" not in prices or "completion" not in prices:
        return None
    total = 0.0
    for usage in usages:
        cached = min(usage.get("cached", 0), usage.get("prompt", 0)) if "cached" in prices else 0
        total += (usage.get("prompt", 0) - cached) * prices["prompt"] + cached * prices.get("cached", 0)
        total += usage.get("completion", 0) * prices["completion"]
    return round(total / 1_000_000 / len(usages) * PER, 6)
