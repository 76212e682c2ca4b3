"""What a run document says to the monitor. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chatproof.monitoring.sides import Witness, tell
from chatproof.monitoring.values import FREE, GO, NO_CAUSE, NO_GO, UNDECIDED, Cause, Observation

_SURELY_BAD = ("auth", "account", "gateway", "server")
"""Families that a free check may call failing, where the diagnosis is certain: the model list of a good key is answered
with them. Any other answer to it says little: many endpoints have no list."""
_CERTAIN = "certain"
CERTIFICATE_DAYS = 14
_INTERRUPTED = "interrupted by "


def is_interrupted(document: Mapping[str, Any]) -> bool:
    """A signal ended the run early: it tells nothing."""
    return any(note.startswith(_INTERRUPTED) for note in document["notes"])


def seconds_of(stamp: str) -> float:
    """Unix time of a document's RFC 3339 time."""
    return datetime.fromisoformat(stamp).timestamp()


def observe(
    name: str,
    module: str,
    document: Mapping[str, Any],
    origin: str,
    *,
    witnesses: Iterable[Witness] = (),
    changes: tuple[str, ...] = (),
    began: float | None = None,
    at: float | None = None,
) -> Observation:
    """The observation that a finished run makes. `began` and `at` stand for the document's own times where a clock was
    injected."""
    began = seconds_of(document["started_at"]) if began is None else began
    at = seconds_of(document["finished_at"]) if at is None else at
    verdict = free_verdict(document) if module == FREE else document["verdict"]
    first = next(iter(document["diagnoses"]), None)
    reached = any(exchange["response"] or _bytes_came(exchange) for exchange in document["exchanges"])
    cause, warnings = NO_CAUSE, _warnings(document, at) if module != FREE else ()
    if verdict != GO or warnings:
        cause = cause_of(document, first, warnings)
    return Observation(
        name,
        at,
        document["run_id"],
        module,
        verdict,
        cause,
        warnings if verdict == GO else (),
        origin,
        reached,
        tell(verdict, cause.code, cause.owner, origin, began, reached=reached, witnesses=witnesses),
        changes,
        document["cost"]["requests"],
        document["cost"]["billable_requests"],
        document["cost"]["tokens_reported"] or 0,
    )


def free_verdict(document: Mapping[str, Any]) -> str:
    """What a free check comes to. GO only says that it found nothing wrong."""
    if document["verdict"] == NO_GO:
        return NO_GO
    first = next(iter(document["diagnoses"]), None)
    answered = any(exchange["response"] and not exchange["fault"] for exchange in document["exchanges"])
    if first and answered and first["confidence"] == _CERTAIN and first["code"].partition(".")[0] in _SURELY_BAD:
        return NO_GO
    return UNDECIDED if any(exchange["fault"] for exchange in document["exchanges"]) else GO


def cause_of(document: Mapping[str, Any], first: Mapping[str, Any] | None, warnings: tuple[str, ...]) -> Cause:
    """The principal diagnosis; without one, the clause that is broken."""
    if first is not None:
        said = (first["code"], first["summary"], first["owner"], first["confidence"], first["next_step"])
        return Cause(*said, document["run_id"])
    broken = next((f["clause"] for f in document["findings"] if f["outcome"] == "broken"), "")
    code = broken or (warnings[0] if warnings else "")
    if code.startswith("certificate"):
        step = "Ask whoever runs the host to renew it."
        return Cause("tls.expired", code, "provider", _CERTAIN, step, document["run_id"])
    summary = f"{code} failed" if broken else code
    step = f"See what this code means: chatproof explain {code}" if broken else "Look at the run."
    return Cause(code, summary, "unknown", "possible", step, document["run_id"])


def _warnings(document: Mapping[str, Any], at: float) -> tuple[str, ...]:
    found = [f["clause"] for f in document["findings"] if f["outcome"] == "broken" and f["level"] != "must"]
    ends = [
        e["peer"]["certificate"]["not_after"] for e in document["exchanges"] if (e["peer"] or {}).get("certificate")
    ]
    for end in ends[:1]:
        try:
            days = (seconds_of(end) - at) / 86400
        except (ValueError, OverflowError):  # a certificate may say any year
            continue
        if days < CERTIFICATE_DAYS:
            found.append(f"certificate ends on {end[:10]}")
    return tuple(dict.fromkeys(found))


def _bytes_came(exchange: Mapping[str, Any]) -> bool:
    """The fault itself shows that something at the origin answered: TLS, or HTTP that is none."""
    code = exchange["fault"]["code"] if exchange["fault"] else ""
    return str(code).partition(".")[0] in ("tls", "http")


def changes_between(good: Mapping[str, Any], bad: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs on our own side between the last good run and a bad one, as sentences."""
    from chatproof.analysis.run_diff import ENVIRONMENT, differences

    told = []
    for found in differences(dict(good), dict(bad)):
        if found.kind == ENVIRONMENT and not found.probe and found.path not in _NOT_OURS:
            what = _WORDS.get(found.path, found.path)
            told.append(f"{what}: {_short(found.a)} before, {_short(found.b)} now")
    return tuple(told[:10])


_NOT_OURS = ("environment.addresses", "kind", "narrowed")
"""What others may change, and what only says which check it was."""
_WORDS = {
    "target.key.fingerprint": "the key (its fingerprint)",
    "target.key.length": "the key (its length)",
    "target.key.source": "the source of the key",
    "target.base_url": "the base URL",
    "target.model": "the model",
    "tool.version": "the version of chatproof",
    "tool.contract": "the contract in force",
}


def _short(value: Any) -> str:
    text = "nothing" if value in (None, "", [], ()) else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
