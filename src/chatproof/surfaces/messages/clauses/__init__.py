"""The contract's clauses. A new file here or in `validate/` is found; nothing else lists it."""

import os

from chatproof.surfaces.clause_files import loader

_ORDER = (
    "happy",
    "details",
    "headers",
    "auth",
    "models",
    "secrets",
    "stream",
    "stream_blocks",
    "stream_texts",
    "stream_end",
)
_ORDER_OF_VALIDATE = ("errors", "tools", "tools_parallel", "tools_stream")

load = loader(__name__, os.path.dirname(__file__), _ORDER, _ORDER_OF_VALIDATE)
