"""A conformant Embeddings API as a pure function: a text's vector is made of the words in it.

Texts with words in common are near to each other, and the same text is the same vector each time.

To refuse a parameter: a row in `_FLAWS`. Faults of this API are in `embeddings_faults`.
"""

import json
import math
import struct
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from chatproof.simulator import chat
from chatproof.simulator.answers import Body, Flaw, missing, mistyped
from chatproof.simulator.chat import CHAT_MODELS, OTHER_MODELS, error, json_reply, refusal, unknown_model
from chatproof.simulator.wire import GOOD, JSON, Asked, Reply

PATH = "/v1/embeddings"
MODEL = OTHER_MODELS[0]
LENGTH = 384
MOST_INPUTS = 2048
_NOT_JSON = "We could not parse the JSON body of your request. The API expects a JSON payload."
_VOCABULARY = {  # of cl100k_base, as far as probes and examples use it
    791: "the",
    8415: "cat",
    7731: "sat",
    389: "on",
    279: "the",
    5634: "mat",
    13: "",
    25637: "invoice",
    374: "is",
    4245: "due",
    304: "in",
    5587: "march",
}
_LITTLE_WORDS = frozenset(("a", "an", "the", "is", "was", "in", "on", "of", "to", "and"))


def respond(asked: Asked) -> Reply:
    """The conformant answer to any request: path, then method, then key, then body."""
    if asked.path != PATH:
        return chat.respond(asked)
    if asked.method != "POST":
        said = f"Not allowed to {asked.method} on {asked.path}."
        return error(405, said, code="method_not_supported", headers=(("Allow", "POST"),))
    if asked.credential != GOOD:
        return refusal(asked.credential)
    if asked.media and not asked.media.lower().startswith(JSON):
        return error(415, f"Unsupported media type: expected {JSON}.", code="unsupported_media_type")
    body = _parse(asked.body)
    flaw = _flaw(body) if isinstance(body, dict) else Flaw(_NOT_JSON, None, None)
    if flaw:
        return error(400, flaw.message, param=flaw.param, code=flaw.code)
    model = body["model"]
    if model in CHAT_MODELS:
        said = f"The model `{model}` does not support embeddings."
        return error(400, said, param="model", code="model_not_supported")
    return json_reply(_answer(body)) if model == MODEL else unknown_model(model)


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


# -- what is refused ------------------------------------------------------------------------------------------------


def _flaw_of_model(body: Body) -> Flaw | None:
    if "model" not in body:
        return missing("model")
    model = body["model"]
    return None if isinstance(model, str) and model else mistyped("model", "a string", model)


def _flaw_of_input(body: Body) -> Flaw | None:
    if body.get("input") is None:
        return missing("input")
    given = body["input"]
    if not isinstance(given, str | list):
        return mistyped("input", "one of a string or an array", given)
    if not given:
        return Flaw("Invalid 'input': it must not be empty.", "input", "invalid_value")
    if isinstance(given, str) or _is_tokens(given):
        return None
    if len(given) > MOST_INPUTS:
        return Flaw(f"Invalid 'input': at most {MOST_INPUTS} inputs are taken.", "input", "array_above_max_length")
    for number, one in enumerate(given):
        if not (isinstance(one, str) or (isinstance(one, list) and _is_tokens(one))):
            return mistyped(f"input[{number}]", "one of a string or an array of tokens", one)
        if not one:
            return Flaw(f"Invalid 'input[{number}]': it must not be empty.", f"input[{number}]", "invalid_value")
    return None


def _is_tokens(value: list[Any]) -> bool:
    return all(isinstance(one, int) and not isinstance(one, bool) for one in value)


def _flaw_of_encoding(body: Body) -> Flaw | None:
    said = body.get("encoding_format")
    if said in (None, "float", "base64"):
        return None
    return Flaw("Invalid value for 'encoding_format': expected float or base64.", "encoding_format", "invalid_value")


def _flaw_of_dimensions(body: Body) -> Flaw | None:
    wanted = body.get("dimensions")
    if wanted is None:
        return None
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        return mistyped("dimensions", "an integer", wanted)
    if 1 <= wanted <= LENGTH:
        return None
    said = f"Invalid 'dimensions': expected a value from 1 to {LENGTH}, but got {wanted} instead."
    return Flaw(said, "dimensions", "integer_out_of_range")


_FLAWS: tuple[Callable[[Body], Flaw | None], ...] = (
    _flaw_of_model,
    _flaw_of_input,
    _flaw_of_encoding,
    _flaw_of_dimensions,
)


def _flaw(body: Body) -> Flaw | None:
    return next((flaw for look in _FLAWS if (flaw := look(body))), None)


# -- the answer -----------------------------------------------------------------------------------------------------


def _answer(body: Body) -> Body:
    given = body["input"]
    texts = [given] if isinstance(given, str) or _is_tokens(given) else given
    wanted = body.get("dimensions") or LENGTH
    made = [vector(_words(text), wanted) for text in texts]
    form = packed if body.get("encoding_format") == "base64" else list
    used = sum(len(_words(text)) for text in texts)
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": place, "embedding": form(one)} for place, one in enumerate(made)],
        "model": body["model"],
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def packed(numbers: list[float]) -> str:
    """Base64 of little-endian float32."""
    return b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def unpacked(text: str) -> list[float]:
    """The numbers of what `packed` made."""
    from base64 import b64decode

    data = b64decode(text)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def _words(text: Any) -> list[str]:
    if isinstance(text, list):
        return [word for token in text if (word := _VOCABULARY.get(token, str(token)))] or ["."]
    return [word.strip(".,:;!?'\"") for word in text.lower().split()] or [text]


def vector(words: list[str], length: int = LENGTH) -> list[float]:
    """A vector of length 1, as float32 holds it: the sum of one direction for each word that says something."""
    import hashlib

    telling = [word for word in words if word not in _LITTLE_WORDS] or words
    sums = [0] * LENGTH
    for word in telling:
        bits = int.from_bytes(hashlib.sha512(word.encode("utf-8", "surrogatepass")).digest(), "big")
        for place in range(LENGTH):
            sums[place] += 1 if bits >> place & 1 else -1
    kept = [float(one) for one in sums[:length]]
    scale = math.sqrt(sum(one * one for one in kept)) or 1.0
    numbers = [one / scale for one in kept]
    return list(struct.unpack(f"<{length}f", struct.pack(f"<{length}f", *numbers)))
