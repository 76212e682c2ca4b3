"""What a reply of the Embeddings API says: its items, their vectors, its usage."""

from chatproof.evidence.json_values import count, items, members
from chatproof.evidence.reply import Reply
from chatproof.surfaces.embeddings import vectors
from chatproof.surfaces.embeddings.vectors import Vector
from chatproof.wire.strictjson import Json

_MOST = 2**53
_WORDS = ("embed", "bge-", "gte-", "e5-", "minilm", "mpnet", "uae-", "arctic-e")


def data(reply: Reply) -> list[dict[str, Json]]:
    """The items that are objects, in the order in which they stand."""
    return [one for one in items(reply.object.get("data")) if isinstance(one, dict)]


def read(reply: Reply) -> list[Vector]:
    """The vector of each item, in the order in which they stand."""
    return [vectors.read(item.get("embedding")) for item in data(reply)]


# -- what the rest of the package asks --------------------------------------------------------------------------------


def is_success(reply: Reply) -> bool:
    """The endpoint did the work: there are items with an embedding."""
    return any("embedding" in item for item in data(reply))


def has_answer(reply: Reply) -> bool:
    """The reply has the member `data`, whatever is in it."""
    return "data" in reply.object


def has_error_field(reply: Reply) -> bool:
    """The reply has an error at its top level that is not null."""
    return bool(reply.object.get("error"))


def tokens(reply: Reply) -> int:
    """Read the total that the usage reports; 0 when it reports none."""
    total = count(members(reply.object.get("usage")).get("total_tokens"))
    return total if total is not None and total < _MOST else 0


def usage(reply: Reply) -> dict[str, int]:
    """Read the count of the prompt's tokens. There is no text in an answer, so that answer_bytes is 0."""
    prompt = count(members(reply.object.get("usage")).get("prompt_tokens"))
    return {"prompt": prompt, "answer_bytes": 0} if prompt is not None and prompt < _MOST else {}


def upstream(reply: Reply) -> tuple[str, str]:
    """Nothing in a reply names the server that made it."""
    return "", ""


def is_fit(id: str, entry: Json = None) -> bool:
    """Guess from a model's id, or from the listing's own words where it has some, whether it makes embeddings."""
    if isinstance(entry, dict) and isinstance(entry.get("mode"), str):
        return bool(entry["mode"] == "embedding")
    lowered = id.lower()
    return any(word in lowered for word in _WORDS) and "rerank" not in lowered


def model(reply: Reply) -> str:
    """Read the model that the reply names; empty when it names none."""
    named = reply.object.get("model")
    return named if isinstance(named, str) else ""
