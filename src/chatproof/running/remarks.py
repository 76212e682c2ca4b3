"""What a complete run notes of replies that break nothing."""

from chatproof.contract.clause import Context
from chatproof.judging.judge import Judgement
from chatproof.printable import quote


def remarks(judgement: Judgement) -> list[str]:
    """What is worth a note and breaks nothing: an alias may be answered by a dated snapshot, so no clause asks more."""
    context = judgement.context
    named = context.surface.view.model(context.control) if context.control else ""
    said = []
    if named and named != context.model:
        said = [f"the reply names the model {quote(named)}, not the requested {quote(context.model)}"]
    return [*said, *_of_cache(context)]


def _of_cache(context: Context) -> list[str]:
    """What usage says of the cache where one long prompt was sent several times; a note, for each host has its own."""
    asked = [reply for id, reply in context.replies.items() if (row := context.surface.row(id)) and row.unjudged]
    counts = [context.surface.view.usage(reply) for reply in asked if reply.complete]
    if len(counts) < 2 or not all("prompt" in of for of in counts):
        return []
    read = ", ".join(str(of["cached"]) if "cached" in of else "not reported" for of in counts)
    said = f"the cache: of {counts[0]['prompt']} prompt tokens, sent {len(counts)} times, it supplied: {read}"
    if any(of.get("cached") for of in counts[1:]):
        return [said]
    return [f"{said} (several hosts may share this model, each with its own cache)"]
