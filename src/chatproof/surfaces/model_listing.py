"""Model identifiers: reading a listing, and what is near to an id that is not in it."""

from chatproof.wire.strictjson import Json

AUTO = "auto"
"""What stands for a model that is still to be taken from the listing. No id is sent by this name."""

# Words in ids of models that do other things than chat; ids are all that most listings give.
_OTHER = (
    "embedding",
    "embed-",
    "whisper",
    "tts",
    "dall-e",
    "image",
    "moderation",
    "rerank",
    "transcribe",
    "audio",
    "realtime",
    "sora",
    "video",
    "veo",
    "kling",
    "midjourney",
    "mj_",
    "suno",
    "flux",
    "stable-diffusion",
    "sdxl",
    "babbage",
    "davinci",
    "bge-",
    "ocr",
    "seedream",
    "seedance",
    "runway",
    "computer-use",
    "codex",
)


_COMPARED, _LONGEST = 3000, 100  # ids looked at, characters of one; the largest aggregator lists about a thousand


def listed_ids(body: Json) -> list[str] | None:
    """Ids in order, or None when the body is no listing. `data: null` is Ollama's way to say none."""
    data = body.get("data", ()) if isinstance(body, dict) else body if isinstance(body, list) else ()
    if data is None and isinstance(body, dict):
        return []
    if not isinstance(data, list):
        return None
    ids = [item.get("id") for item in data if isinstance(item, dict)]
    found = [id for id in ids if isinstance(id, str)]
    return found if found or not data else None


def looks_chat_capable(id: str, entry: Json = None) -> bool:
    """A guess from the id, or from the listing's own words where it has some."""
    if isinstance(entry, dict) and isinstance(entry.get("mode"), str):
        return bool(entry["mode"] == "chat")
    lowered = id.lower()
    return not any(word in lowered for word in _OTHER)


def nearest(wanted: str, ids: list[str], count: int = 3) -> list[str]:
    """The ids most like `wanted`, best first. Among so many that a list made to be slow costs no seconds."""
    import difflib

    lowered = {id.lower(): id for id in reversed(ids[:_COMPARED]) if len(id) <= _LONGEST}
    close = difflib.get_close_matches(wanted.lower(), list(lowered), n=count, cutoff=0.3)
    return [lowered[id] for id in close]
