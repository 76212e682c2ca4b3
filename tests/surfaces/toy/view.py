"""What a reply of the toy says."""

from chatproof.evidence.reply import Reply
from chatproof.wire.strictjson import Json


def _pieces(reply: Reply) -> list[dict[str, Json]]:
    return [value for value, _ in reply.parsed_events if isinstance(value, dict)]


def said(reply: Reply) -> str:
    """The words that were shouted, of a stream all pieces together."""
    sources = _pieces(reply) if reply.kind == "sse" else [reply.object]
    return "".join(text for source in sources if isinstance(text := source.get("shouted"), str))


def is_success(reply: Reply) -> bool:
    return bool(said(reply))


def has_answer(reply: Reply) -> bool:
    return "shouted" in reply.object


def has_error_field(reply: Reply) -> bool:
    return bool(reply.object.get("oops"))


def tokens(reply: Reply) -> int:
    spent = reply.object.get("breath")
    return spent if isinstance(spent, int) and not isinstance(spent, bool) and spent > 0 else 0


def usage(reply: Reply) -> dict[str, int]:
    return {"prompt": 1, "completion": tokens(reply), "answer_bytes": len(said(reply))} if tokens(reply) else {}


def upstream(reply: Reply) -> tuple[str, str]:
    return "", ""


def is_fit(id: str, entry: Json = None) -> bool:
    return not id.startswith("mute")


def model(reply: Reply) -> str:
    named = reply.object.get("voice")
    return named if isinstance(named, str) else ""
