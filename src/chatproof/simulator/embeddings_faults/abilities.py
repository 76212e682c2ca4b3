"""Faults of what only validate asks for: floats, a text alone, shorter vectors, tokens, many texts, meaning."""

import json
import struct
from base64 import b64encode
from collections.abc import Callable

from chatproof.simulator.common_faults import Value, put
from chatproof.simulator.embeddings import packed, unpacked
from chatproof.simulator.embeddings_faults.parts import (
    as_base64,
    count,
    each,
    in_floats,
    must,
    numbers,
    plain,
    sent,
    should,
)
from chatproof.simulator.fault import Alter, Turn, edited, error
from chatproof.simulator.wire import Reply

_CONTENT, _ENCODING, _PARAMETER = "contract.content", "contract.encoding", "contract.parameter"
_floats = sent(in_floats)
_alone = sent(lambda body: isinstance(body["input"], str) and bool(body["input"]))
_pair = sent(lambda body: count(body) == 2 and not in_floats(body) and "dimensions" not in body and _texts(body))
_many = sent(lambda body: count(body) > 3)
_three = sent(lambda body: count(body) == 3)
_shorter = sent(lambda body: "dimensions" in body)
_tokens = sent(lambda body: count(body) > 0 and not _texts(body))


def _texts(body: Value) -> bool:
    return isinstance(body["input"][0], str)


def _encoded_again(item: Value) -> None:
    item["embedding"] = b64encode(item["embedding"].encode()).decode()


def _big_endian(item: Value) -> None:
    held = unpacked(item["embedding"])
    item["embedding"] = b64encode(struct.pack(f">{len(held)}f", *held)).decode()


def _double(item: Value) -> None:
    held = unpacked(item["embedding"])
    item["embedding"] = b64encode(struct.pack(f"<{len(held)}d", *held)).decode()


def _swapped(value: Value) -> None:
    first, second = value["data"][-2:]
    first["embedding"], second["embedding"] = second["embedding"], first["embedding"]


def _numbered_by_sixteen(value: Value) -> None:
    for item in value["data"]:
        item["index"] %= 16


def _whole(turn: Turn) -> Reply:
    """As if dimensions had not been asked for."""
    from chatproof.simulator.embeddings import respond

    return respond(turn.asked._replace(body=turn.asked.body.replace(b'"dimensions"', b'"dims"')))


def _moved(held: list[float]) -> list[float]:
    """As another model has it."""
    return [one if place % 2 else -one for place, one in enumerate(held)]


def _misread(change: Callable[[Value], object]) -> Alter:
    """As if the request had been another one."""

    def alter(turn: Turn) -> Reply:
        from chatproof.simulator.embeddings import respond

        asked = json.loads(turn.asked.body)
        change(asked)
        return respond(turn.asked._replace(body=json.dumps(asked).encode()))

    return alter


def _digits(asked: Value) -> None:
    asked["input"] = [" ".join(f"#{token}" for token in text) for text in asked["input"]]


def _cut(asked: Value) -> None:
    asked["input"] = [text[:512] for text in asked["input"]]


def _in_lines(asked: Value) -> None:
    asked["input"] = [line for text in asked["input"] for line in text.split("\n")]


def _whole_numbers(held: list[float]) -> list[float]:
    return [float(round(one * 127 / max(map(abs, held)))) for one in held]


def _only_cut(turn: Turn) -> Reply:
    """The first numbers of the whole vectors, and nothing done with them."""
    wanted = json.loads(turn.asked.body)["dimensions"]
    body = json.loads(_whole(turn).body)
    for item in body["data"]:
        held = item["embedding"]
        item["embedding"] = packed(unpacked(held)[:wanted]) if isinstance(held, str) else held[:wanted]
    return turn.reply._replace(body=json.dumps(body).encode())


def _asked_in_ascii(turn: Turn) -> Reply:
    """As if each letter outside ASCII were a question mark."""
    from chatproof.simulator.embeddings import respond

    asked = json.loads(turn.asked.body)
    asked["input"] = [text.encode("ascii", "replace").decode() for text in asked["input"]]
    return respond(turn.asked._replace(body=json.dumps(asked).encode()))


ROWS = (
    should(
        "model-named-otherwise",
        "The answer names another model.",
        "contract.schema",
        plain,
        put("another-kind", "model"),
        "model.answers",
    ),
    should(
        "counts-nothing",
        "The usage counts no tokens.",
        "contract.usage",
        plain,
        put({"prompt_tokens": 0, "total_tokens": 0}, "usage"),
        "usage.counted",
    ),
    should(
        "letters-lost",
        "Letters outside ASCII are lost before the model.",
        _CONTENT,
        _many,
        _asked_in_ascii,
        "batch.distinct",
    ),
    must(
        "always-base64",
        "Base64 arrives although the request asks for floats.",
        _ENCODING,
        _floats,
        each(as_base64),
        "float.encoding",
    ),
    must(
        "float-refused",
        "encoding_format float is refused.",
        "request.unsupported_parameter",
        _floats,
        error(400, "Unsupported value for encoding_format: float.", "unsupported_value", param="encoding_format"),
        "float.answered",
    ),
    must(
        "float-empty",
        "data is empty when the request asks for floats.",
        "contract.choices_empty",
        _floats,
        put([], "data"),
        "float.answered",
    ),
    must(
        "float-one-short",
        "One item is missing in the floats.",
        _CONTENT,
        _floats,
        edited(lambda v: v["data"].pop()),
        "float.answered",
    ),
    must(
        "float-nan",
        "The floats contain NaN.",
        "body.unsafe_json",
        _floats,
        put([float("nan")], "data", 0, "embedding"),
        "float.body_json",
    ),
    must("float-zero", "The floats are zeros.", _CONTENT, _floats, numbers(lambda n: [0.0] * len(n)), "float.numbers"),
    must(
        "float-shorter", "One of the arrays is shorter.", _CONTENT, _floats, numbers(lambda n: n[:-1]), "float.numbers"
    ),
    should(
        "float-usage-string",
        "The usage of the floats counts in strings.",
        "contract.usage",
        _floats,
        put("14", "usage", "prompt_tokens"),
        "float.usage",
    ),
    must(
        "base64-float64",
        "The base64 is of float64.",
        _ENCODING,
        sent(lambda body: body.get("encoding_format") == "base64"),
        each(_double),
        "float.format",
    ),
    must(
        "base64-big-endian",
        "The base64 is of numbers in big-endian order.",
        _ENCODING,
        sent(lambda body: body.get("encoding_format") == "base64"),
        each(_big_endian),
        "float.format",
    ),
    should(
        "base64-twice",
        "The base64 of a vector is encoded as base64 again.",
        _ENCODING,
        sent(lambda body: body.get("encoding_format") == "base64"),
        each(_encoded_again),
        "float.agrees",
    ),
    should(
        "float-other",
        "The floats are a different vector from the base64.",
        _ENCODING,
        _floats,
        numbers(_moved),
        "float.agrees",
    ),
    must(
        "string-refused",
        "An input that is one string is refused.",
        "request.rejected",
        _alone,
        error(422, "input: value is not a valid list", "value_error", param="input"),
        "single.answered",
    ),
    must(
        "swapped",
        "The vectors of a batch are swapped; the index is not.",
        _CONTENT,
        sent(lambda body: count(body) == 2),
        edited(_swapped),
        "single.order",
    ),
    should(
        "another-model",
        "The second request is answered by another model.",
        _CONTENT,
        _alone,
        numbers(_moved),
        "single.same",
    ),
    should("dimensions-ignored", "dimensions is ignored.", _PARAMETER, _shorter, _whole, "dimensions.honoured"),
    should(
        "dimensions-only-cut",
        "Vectors are cut off at dimensions, and their length is no longer 1.",
        _CONTENT,
        _shorter,
        _only_cut,
        "dimensions.unit",
    ),
    should(
        "float-int8",
        "The floats of one vector are rounded to int8.",
        _ENCODING,
        _floats,
        numbers(_whole_numbers),
        "float.fractions",
        "float.agrees",
    ),
    should(
        "tokens-as-digits",
        "Arrays of tokens are read as texts of digits.",
        _CONTENT,
        _tokens,
        _misread(_digits),
        "tokens.read",
    ),
    should(
        "batch-counts-one",
        "The usage of many texts counts those of one.",
        "contract.usage",
        _many,
        put({"prompt_tokens": 7, "total_tokens": 7}, "usage"),
        "batch.counted",
    ),
    should(
        "texts-cut",
        "Texts are cut off after 512 characters.",
        _CONTENT,
        _many,
        _misread(_cut),
        "batch.distinct",
    ),
    must(
        "texts-in-lines",
        "Each line of a text gets a vector.",
        _CONTENT,
        _many,
        _misread(_in_lines),
        "batch.whole",
    ),
    should(
        "tokens-refused",
        "Arrays of tokens are refused.",
        _PARAMETER,
        _tokens,
        error(400, "input must be a string or an array of strings", "invalid_type", param="input"),
        "tokens.accepted",
    ),
    should(
        "tokens-joined",
        "Arrays of tokens are answered with one vector.",
        _PARAMETER,
        _tokens,
        edited(lambda v: v["data"].pop()),
        "tokens.accepted",
    ),
    must(
        "batch-short",
        "Many texts get too few vectors.",
        _CONTENT,
        _many,
        edited(lambda v: v["data"].pop()),
        "batch.whole",
    ),
    must(
        "batch-of-different",
        "A text that comes twice gets one vector.",
        _CONTENT,
        _many,
        edited(lambda v: v["data"].pop()),
        "batch.whole",
    ),
    should(
        "batch-refused",
        "Many texts in one request are refused.",
        _PARAMETER,
        _many,
        error(400, "batch size is invalid, it should not be larger than 10.", param="input"),
        "batch.accepted",
    ),
    must(
        "batch-reversed",
        "Many texts get vectors in reverse order.",
        _CONTENT,
        _many,
        edited(lambda v: v["data"].reverse()),
        "batch.whole",
    ),
    must(
        "batch-zero",
        "One of many vectors is zeros.",
        _CONTENT,
        _many,
        numbers(lambda n: [0.0] * len(n), 20),
        "batch.whole",
    ),
    should(
        "batch-restarts",
        "The items of many texts are numbered anew after each sixteen, as they were made.",
        "contract.schema",
        _many,
        edited(_numbered_by_sixteen),
        "batch.items",
    ),
    should(
        "batch-repeats",
        "Of many texts, one gets the vector of the first.",
        _CONTENT,
        _many,
        edited(lambda v: v["data"][-2].update(embedding=v["data"][0]["embedding"])),
        "batch.distinct",
    ),
    should(
        "placeholder",
        "Texts with the same meaning are as far apart as others.",
        _CONTENT,
        _three,
        edited(_swapped),
        "meaning.nearer",
    ),
)
