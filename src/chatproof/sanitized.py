"""The seed's sanitized record of a smoke run: these keys, this order, all values strings. Built into the run document
before it is redacted."""

from collections.abc import Callable
from typing import Any

from chatproof.clause import BROKEN, MUST
from chatproof.judging import UNDECIDED_VERDICT, Finding, Judgement
from chatproof.probes import PROBES
from chatproof.reply import Reply, if_held, text_of

UNOBSERVED = "unobserved"


def sanitized(document: dict[str, Any], judgement: Judgement) -> dict[str, str]:
    """The seed's record: these keys, this order, all values strings; what was not observed says so."""
    replies = judgement.context.replies
    happy, refused = replies.get("happy"), replies.get("auth.invalid_key")
    target, structure = document["target"], _seen(happy, _has_structure)
    return {
        "run_id": document["run_id"],
        "timestamp_utc": document["started_at"],
        "environment": target["environment"],
        "endpoint_base": target["base_url"],
        "model_id_used": target["model"] or UNOBSERVED,
        "request_summary": PROBES["happy"].summary,
        "http_status": _seen(happy, lambda r: r.status),
        "response_structure_valid": structure,
        "choices_present": _seen(happy, lambda r: "choices" in r.object),
        "content_non_empty": _seen(happy, _has_text),
        "error_field_present": _seen(happy, lambda r: bool(r.object.get("error"))),
        "auth_rejection_status": _seen(refused, lambda r: r.status),
        "auth_rejection_error_body_valid": _seen(refused, lambda r: bool(r.error)),
        "pass_fail": "PASS" if document["verdict"] == "GO" else "FAIL",
        "notes": _notes(document, judgement.findings, structure),
    }


def _has_structure(reply: Reply) -> bool:
    """The documented one: choices, and in each a message with role and content. What they say is another question."""
    messages = [choice.get("message") if isinstance(choice, dict) else None for choice in reply.choices]
    return bool(messages) and all(isinstance(m, dict) and {"role", "content"} <= m.keys() for m in messages)


def _has_text(reply: Reply) -> bool:
    return bool(text_of(reply.message.get("content")).strip())


def _seen(reply: Reply | None, look: Callable[[Reply], int | bool]) -> str:
    if reply is None or not reply.complete:
        return UNOBSERVED
    return if_held(lambda: str(look(reply)).lower(), UNOBSERVED)


def _notes(document: dict[str, Any], findings: tuple[Finding, ...], structure: str) -> str:
    parts = []
    if document["verdict"] == UNDECIDED_VERDICT:
        parts.append("UNDECIDED: a required observation could not be made")
    parts += [f"{d['code']}: {d['summary']}" for d in document["diagnoses"][:3]]
    if document["verdict"] == "GO":
        parts += [f"warning: {f.clause} is broken" for f in findings if f.outcome == BROKEN and f.level != MUST]
        parts += ["a choice has no message with role and content"] if structure == "false" else []
    return "; ".join([*parts, *document["notes"]]) or "none"
