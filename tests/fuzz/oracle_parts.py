"""What the oracles are made of: the error they raise, the key in all its forms, bodies and ways to cut them."""

import base64
import gzip
import random
import re
import time
from collections.abc import Callable
from typing import Any

from chatproof.secrets.redaction import encodings
from chatproof.wire.message import Limits
from chatproof.wire.sse import SseLimits
from chatproof.wire.strictjson import JsonLimits
from tests.rogue.leaks import exact_forms, forms
from tests.support import KEY, wire

_BOUNDS = {
    "head": 300, "headers": 6, "informational": 2, "body": 400, "chunks": 8, "chunk_line": 48, "framing": 48, "trailers": 40,
}  # fmt: skip
SMALL = Limits()._replace(**{name: value for name, value in _BOUNDS.items() if name in Limits._fields})
SMALL_SSE = SseLimits(line=40, event=60, events=4)
SMALL_JSON = JsonLimits(depth=4, nodes=12, number=8)


class Wrong(AssertionError):
    """An oracle's contradiction. `kind` is stable: it tells two defects apart."""

    def __init__(self, oracle: str, kind: str, detail: str = "") -> None:
        super().__init__(f"{oracle}: {kind}: {detail}"[:1500])
        self.oracle, self.kind, self.detail = oracle, kind, detail


def plants() -> dict[str, bytes]:
    known: dict[str, str] = {}
    for name, text in (*forms(KEY), *exact_forms(KEY), *encodings(KEY)):
        known.setdefault(re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), text)
    known["swapped-case"] = KEY.swapcase()
    known["dotted"] = ".".join(KEY)
    known["spaced"] = " ".join(KEY)
    known["u0000"] = "\\u0000".join(KEY)
    known["u200b"] = "\\u200b".join(KEY)
    known["backspaces"] = "\\b".join(KEY)
    known["form-feeds"] = "\\f".join(KEY)
    known["tags"] = "\U000e0001".join(KEY)
    known["solidus"] = "\\/".join(KEY)
    known["newlines"] = "\\n".join(KEY)
    known["zero-width"] = "\u200b".join(KEY)
    known["tail"] = KEY[12:]
    known["start"] = KEY[:20]
    found = {name: text.encode("utf-8") for name, text in known.items()}
    found["utf-16"] = KEY.encode("utf-16-le")  # raw NUL bytes
    found["gzip"] = gzip.compress(KEY.encode(), mtime=0)
    found["gzip-base64"] = base64.b64encode(found["gzip"])
    return found


FORMS = plants()
_TOKEN = re.compile(rb"@KEY(?::([a-z0-9-]+))?@")


def expand(data: bytes) -> bytes:
    """`@KEY@` and `@KEY:form@` → the canary key in that form."""
    return _TOKEN.sub(lambda m: FORMS.get((m[1] or b"plain").decode(), m[0]), data)


def replies(data: bytes) -> list[bytes]:
    """The raw HTTP replies that an input stands for."""
    data = expand(data)
    if data.startswith(b"HTTP/"):
        return [data]
    if re.match(rb"[0-9]{3}[ \n]", data):
        return [wire(data)]
    return [data, wire(b"200 application/json\n\n" + data)]


def body(data: bytes) -> bytes:
    """The part of an input that its JSON or SSE would stand in."""
    data = expand(data)
    if data.startswith(b"HTTP/") or re.match(rb"[0-9]{3}[ \n]", data):
        found = re.split(rb"\r?\n\r?\n", data, maxsplit=1)
        return found[1] if len(found) > 1 else b""
    return data


def splits(data: bytes, chance: random.Random) -> list[bytes]:
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice((1, 2, 3, 5, 9))))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def guard(oracle: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Wrong:
        raise
    except Exception as error:
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename.rpartition('/')[2]}:{last.name}"
        raise Wrong(oracle, f"raises {type(error).__name__} in {where}", str(error)[:300]) from error


def timed(oracle: str, size: int, call: Callable[[], Any], ms_per_kb: float) -> Any:
    """The call's result; its CPU time must be linear. Slow once may be the machine's fault: the best of four counts."""
    bound = 0.25 + ms_per_kb / 1000 * size / 1024
    for left in (3, 2, 1, 0):
        begun = time.process_time()
        found = guard(oracle, call)
        spent = time.process_time() - begun
        if spent <= bound:
            break
        if not left:
            raise Wrong(oracle, "time", f"{spent:.2f} s for {size} bytes")
    return found
