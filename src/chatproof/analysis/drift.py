"""Has the endpoint changed its shape since the runs that were good? Pure: documents in, differences out.

Compared is with the last good runs of the same target together, not with one of them: optional fields come and go,
and a difference that came up before is none. What a model says, times, ids and counts are never looked at.
"""

from collections.abc import Sequence
from typing import Any

from chatproof.analysis.run_diff import exchanges
from chatproof.evidence.json_shape import ADDED, LOST, RETYPED, Change, changes
from chatproof.surfaces import of_run

_OPTIONAL = frozenset(
    (
        "system_fingerprint", "service_tier", "logprobs", "refusal", "annotations", "audio", "function_call",
        "tool_calls", "reasoning", "reasoning_content", "reasoning_details", "prompt_tokens_details",
        "completion_tokens_details", "cached_tokens", "reasoning_tokens", "audio_tokens",
        "accepted_prediction_tokens", "rejected_prediction_tokens", "param", "code", "usage",
    )
)  # fmt: skip
"""Members that the reference lets a reply have or leave out, or be null: that one comes is no news. That one which
every good run had is lost, is."""

_ROUTE = (
    "via", "server", "x-powered-by", "x-served-by", "x-cache", "cf-", "x-amz", "x-azure-", "x-ms-", "x-envoy-",
    "x-kong-", "x-litellm-", "x-vercel-", "x-fastly-", "fly-", "x-portkey-", "x-oneapi-", "x-new-api-", "openrouter-",
    "x-gateway", "apim-", "x-goog-", "x-proxy",
)  # fmt: skip
"""Headers, or beginnings of their names, that tell which software or route answered."""
_VALUED = ("server", "via")


def found(document: dict[str, Any], baseline: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """{kind, probe, path, change, before, after} for each difference of the run from the good runs; empty for none.

    kind is status, body, shape, usage or header; change is changed, lost, added or retyped. A probe without a complete
    reply, or with one of another class of status, says nothing here: findings and diagnoses do.
    """
    rows: list[dict[str, Any]] = []
    before, listing = [exchanges(run) for run in baseline], of_run(document).listing
    for probe, exchange in exchanges(document).items():
        now = _complete(exchange)
        past = [reply for run in before if probe in run and (reply := _complete(run[probe])) is not None]
        past = [reply for reply in past if now and reply["status"] // 100 == now["status"] // 100]
        if now and past:
            rows += [
                {"kind": kind, "probe": probe, "path": path, "change": change, "before": was, "after": is_now}
                for kind, path, change, was, is_now in _of_reply(probe == listing, now, past)
            ]
    return rows


_Point = tuple[str, str, str, Any, Any]


def _complete(exchange: dict[str, Any]) -> dict[str, Any] | None:
    response: dict[str, Any] | None = exchange["response"]
    return response if exchange["fault"] is None and response and response["status"] is not None else None


def _of_reply(is_listing: bool, now: dict[str, Any], past: list[dict[str, Any]]) -> list[_Point]:
    points: list[_Point] = []
    statuses = sorted({reply["status"] for reply in past})
    if now["status"] not in statuses:
        points.append(("status", "status", "changed", statuses, now["status"]))
    kinds = sorted({reply["body"]["kind"] for reply in past})
    if now["body"]["kind"] not in kinds:
        points.append(("body", "body.kind", "changed", kinds, now["body"]["kind"]))
    else:
        points += _of_shape(is_listing, now["body"]["shape"], [reply["body"]["shape"] for reply in past])
    return [*points, *_of_headers(now, past)]


def _of_shape(is_listing: bool, now: list[list[str]], past: list[list[list[str]]]) -> list[_Point]:
    past = [shape for shape in past if shape]
    if not now or not past or any(row[0] == "…" for shape in (now, *past) for row in shape):
        return []  # no JSON, or more paths than are kept
    union: dict[str, set[str]] = {}
    for shape in past:
        for path, types in shape:
            union.setdefault(path, set()).update(types.split("|"))
    always = set.intersection(*({row[0] for row in shape} for shape in past))
    before = [[path, "|".join(sorted(types))] for path, types in sorted(union.items())]
    kept = [change for change in changes(before, now) if _is_news(is_listing, change, always)]
    return [
        ("usage" if c.path.startswith("$.usage") else "shape", c.path, c.kind, c.before or None, c.after or None)
        for c in kept
    ]


def _is_news(is_listing: bool, change: Change, always: set[str]) -> bool:
    optional = change.path.rpartition(".")[2] in _OPTIONAL
    if change.kind == LOST:
        return change.path in always
    if change.kind == ADDED:
        # The entries of a listing differ from model to model.
        return not optional and not is_listing
    assert change.kind == RETYPED
    was, now = set(change.before.split("|")), set(change.after.split("|"))
    numbers = {"integer", "number"}
    if was & numbers:
        now = now - numbers  # 0 and 0.5
    return bool(now - was - ({"null"} if optional else set()))


def _of_headers(now: dict[str, Any], past: list[dict[str, Any]]) -> list[_Point]:
    points: list[_Point] = []
    seen = {name for reply in past for name in reply["header_names"]}
    points += [
        ("header", name, "added", None, _value(now, name) or "")
        for name in now["header_names"]
        if name not in seen and name.startswith(_ROUTE)
    ]
    for name in _VALUED:
        values = sorted({value for reply in past if (value := _value(reply, name)) is not None})
        value = _value(now, name)
        if value is not None and values and value not in values:
            points.append(("header", name, "changed", values, value))
    return points


def _value(reply: dict[str, Any], wanted: str) -> str | None:
    return next((value for name, value in reply["headers"] if name.lower() == wanted), None)
