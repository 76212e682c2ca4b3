"""The seed's sanitized record of a smoke run: these keys, this order, all values strings. Built into the run document
before it is redacted."""

from __future__ import annotations

from collections.abc import Callable

from chatproof.contract.clause import BROKEN, HOLDS, MUST, NOT_APPLICABLE, Clause, Context
from chatproof.contract.probe import KEY_REFUSAL, REJECTION
from chatproof.contract.surface import Surface
from chatproof.evidence.reply import Reply, or_default
from chatproof.judging.judge import GO, UNDECIDED_VERDICT, Judgement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UNOBSERVED = "unobserved"


def sanitized(document: dict[str, Any], judgement: Judgement) -> dict[str, str]:
    """The seed's record: these keys, this order, all values strings; what was not observed says so."""
    context = judgement.context
    surface = context.surface
    recorded, view = surface.recorded, surface.view
    refused = next((reply for id, reply in context.replies.items() if surface.known(id).feeds == REJECTION), None)
    happy = context.control
    target = document["target"]
    return {
        "run_id": document["run_id"],
        "timestamp_utc": document["started_at"],
        "environment": target["environment"],
        "endpoint_base": target["base_url"],
        "model_id_used": target["model"] or UNOBSERVED,
        "request_summary": (happy.exchange.request if happy else surface.known(surface.control)).summary,
        "http_status": _seen(happy, lambda r: r.status),
        "response_structure_valid": _held(happy, context, recorded.structure),
        "choices_present": _seen(happy, view.has_answer),
        "content_non_empty": _held(happy, context, recorded.content),
        "error_field_present": _seen(happy, view.has_error_field),
        "auth_rejection_status": _seen(refused, lambda r: r.status),
        "auth_rejection_error_body_valid": _held(refused, context, recorded.rejection),
        "pass_fail": "FAIL" if document["verdict"] != GO or unproved(judgement) else "PASS",
        "notes": _notes(document, judgement),
    }


def unproved(judgement: Judgement) -> list[str]:
    """The seed's assertions that were not judged in this run, or not seen to hold. Those of the error path do not apply
    to an endpoint that is open on purpose."""
    outcomes: dict[str, set[str]] = {}
    for finding in judgement.findings:
        outcomes.setdefault(finding.clause, set()).add(finding.outcome)
    surface, open_ = judgement.context.surface, judgement.context.no_auth
    return [
        clause
        for clause in surface.recorded.assertions
        if not outcomes.get(clause)
        or not outcomes[clause]
        <= ({HOLDS, NOT_APPLICABLE} if open_ and _is_of_the_error_path(clause, surface) else {HOLDS})
    ]


def _is_of_the_error_path(id: str, surface: Surface) -> bool:
    clause = surface.clause(id)
    row = surface.row(clause.probe) if clause else None
    return row is not None and row.role == KEY_REFUSAL


def _folded(clauses: list[str], assertions: tuple[str, ...]) -> str:
    """A whole family of the assertions as `happy.*`."""
    shown = []
    for clause in clauses:
        family = clause.rpartition(".")[0]
        whole = all(other in clauses for other in assertions if other.startswith(f"{family}."))
        shown.append(f"{family}.*" if whole else clause)
    return ", ".join(dict.fromkeys(shown))


def _held(reply: Reply | None, context: Context, clauses: tuple[str, ...]) -> str:
    """Whether all of these clauses hold on the reply, by their own judgement: what the record says of a field and what
    the verdict rests on cannot differ. Asked in this order, each only where those before it hold."""
    return _seen(reply, lambda r: all(_holds(context.surface.clause(id), r, context) for id in clauses))


def _holds(clause: Clause | None, reply: Reply, context: Context) -> bool:
    return clause is not None and clause.judge(reply, context).outcome == HOLDS


def _seen(reply: Reply | None, look: Callable[[Reply], int | bool]) -> str:
    if reply is None or not reply.complete:
        return UNOBSERVED
    return or_default(lambda: str(look(reply)).lower(), UNOBSERVED)


def _notes(document: dict[str, Any], judgement: Judgement) -> str:
    parts = []
    if document["verdict"] == UNDECIDED_VERDICT:
        parts.append("UNDECIDED: a required observation could not be made")
    parts += [f"{d['code']}: {d['summary']}" for d in document["diagnoses"][:3]]
    if document["verdict"] == GO:
        missing, assertions = unproved(judgement), judgement.context.surface.recorded.assertions
        parts += (
            [f"pass_fail is FAIL, because these were not judged or not seen to pass: {_folded(missing, assertions)}"]
            if missing
            else []
        )
        broken = (f for f in judgement.findings if f.outcome == BROKEN and f.level != MUST)
        parts += [f"warning: {f.clause} failed" for f in broken]
    way = document.get("origin")
    if way and (way["config"] or way["proxy"] or way["ca_file"]):
        from chatproof.target.origin import sentence

        parts.append(f"origin: {sentence(way)}")
    note = judgement.context.surface.recorded.note
    return "; ".join([*parts, *([note] if note else []), *document["notes"]]) or "none"
