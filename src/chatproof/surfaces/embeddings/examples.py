"""Replies of the Embeddings API in short: what the examples of its clauses are made of."""

import json
import struct
from base64 import b64encode
from typing import Any

from chatproof.contract.clause import Example
from chatproof.surfaces.chat.clauses.happy import JSON

FIRST, SECOND = (1.0, 0.25, -0.5, 0.0), (0.0, -0.75, 0.5, 1.0)
"""Vectors of numbers that float32 holds exactly."""


def packed(numbers: tuple[float, ...], form: str = "<") -> str:
    """Base64 of float32, little-endian unless another form is given."""
    return b64encode(struct.pack(f"{form}{len(numbers)}f", *numbers)).decode()


def item(index: int, embedding: object) -> dict[str, Any]:
    """One item of `data`."""
    return {"object": "embedding", "index": index, "embedding": embedding}


def whole(*embeddings: object, **fields: object) -> dict[str, Any]:
    """The reply that holds these embeddings, with other fields where some are given."""
    data = [item(index, embedding) for index, embedding in enumerate(embeddings)]
    usage = {"prompt_tokens": 14, "total_tokens": 14}
    return {"object": "list", "data": data, "model": "m", "usage": usage, **fields}


def body(value: object) -> Example:
    """A JSON value under HTTP 200."""
    return Example(200, JSON, json.dumps(value).encode())


def of(*embeddings: object, **fields: object) -> Example:
    """The reply that holds these embeddings, as an example."""
    return body(whole(*embeddings, **fields))


A, B = packed(FIRST), packed(SECOND)
GOOD = of(A, B)
IN_FLOATS = of(list(FIRST), list(SECOND))
UNIT = packed((1.0, 0.0, 0.0, 0.0))
"""A vector of length 1."""
