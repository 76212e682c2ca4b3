"""Whole bodies that gateways and frameworks send under one status only: `404 page not found`, `no healthy upstream`.

Who reads them in a browser, or with `curl` without `-i`, pastes nothing else. The status is what such words come under:
it is told as that, and was not seen. A row stands for the whole of a body; within other text it says nothing.
"""

import json
import re

from chatproof.captures import app_errors
from chatproof.captures.entry import Capture, as_secrets, tokens_in
from chatproof.captures.told import Told, captured
from chatproof.wire.exchange import STATUS_LINE

NAME = "the words of a gateway or framework, without a status line"
_LONGEST = 2000  # characters of a body without a page around it
_LONGEST_PAGE = 256 * 1024
_FEW = 4  # lines
_UNMISTAKABLE = 15  # characters: "Not Found" and "Forbidden" are anybody's words
_OF_VERCEL = r"(?:An error occurred with (?:this application|your deployment)\s+)?"
_TEXTS: tuple[tuple[int, str], ...] = (
    (404, r"404 page not found"),  # Go's net/http, Traefik
    (
        404,
        r"default backend - 404|404: Page Not Found|404: Not Found|404 Not Found|Not Found",
    ),  # ingress-nginx, aiohttp
    (404, r"File Not Found"),  # llama.cpp, llamafile
    (404, r"Cannot (?:POST|GET) /\S{0,300}"),  # Express
    (404, r"Route (?:POST|GET):/\S{0,300} not found"),  # Fastify
    (404, r"The page could not be found\s+NOT_FOUND(?:\s+\S{0,80})?"),  # Vercel
    (500, rf"{_OF_VERCEL}FUNCTION_INVOCATION_FAILED(?:\s+\S{{0,80}})?"),
    (503, rf"{_OF_VERCEL}FUNCTION_THROTTLED(?:\s+\S{{0,80}})?"),
    (504, rf"{_OF_VERCEL}(?:FUNCTION_INVOCATION_TIMEOUT|MIDDLEWARE_INVOCATION_TIMEOUT)(?:\s+\S{{0,80}})?"),
    (404, r"The deployment could not be found on Vercel\.\s+DEPLOYMENT_NOT_FOUND(?:\s+\S{0,80})?"),
    (405, r"405: Method Not Allowed|Method Not Allowed"),
    (400, r"Client sent an HTTP request to an HTTPS server\."),  # Go
    (401, r"Jwt (?:is missing|verification fails|is expired|issuer is not configured)|401: Unauthorized|Unauthorized"),
    (403, r"RBAC: access denied|403: Forbidden|Forbidden|error code: 10(?:06|07|08|09|10|20)"),  # Envoy, Cloudflare
    (413, r"Payload Too Large|Request Entity Too Large|Content Too Large"),
    (429, r"error code: 1015|local_rate_limited|Too Many Requests"),  # Cloudflare, Envoy
    (500, r"500 Internal Server Error|Internal Server Error"),
    (502, r"Bad Gateway|502 Bad Gateway|error code: 502"),
    (503, r"no healthy upstream|Service Unavailable|503 Service Unavailable|no available server"),  # Envoy, Traefik
    (503, r"upstream connect error or disconnect/reset before headers\b.{0,400}"),  # Envoy
    (504, r"upstream request timeout|stream timeout|Gateway Timeout|Gateway Time-out|504 Gateway Time-?out"),
    (0, r"error code: (?P<own>5[023]\d)"),  # Cloudflare's own statuses
)
_OBJECTS: tuple[tuple[int, dict[str, str]], ...] = (
    (404, {"detail": "Not Found"}),  # FastAPI, Starlette, Django
    (405, {"detail": "Method Not Allowed"}),
    (401, {"detail": "Unauthorized"}),
    (401, {"detail": "Not authenticated"}),
    (403, {"detail": "Forbidden"}),
    (500, {"detail": "Internal Server Error"}),
    (404, {"message": "Not Found"}),  # AWS API Gateway
    (404, {"message": "Missing Authentication Token"}),  # API Gateway, of a path that it has not
    (403, {"message": "Forbidden"}),
    (401, {"message": "Unauthorized"}),
    (429, {"message": "Too Many Requests"}),
    (429, {"message": "Limit Exceeded"}),
    (503, {"message": "Service Unavailable"}),
    (504, {"message": "Endpoint request timed out"}),
)
_IN_PAGES: tuple[tuple[int, str], ...] = (
    (503, r"herokucdn\.com/error-pages/"),
    (404, r"\bERR_NGROK_3200\b"),  # the tunnel is not there
    (503, r"<h\d>Our services aren't available right now</h\d>"),  # Azure's Front Door
    (500, r"<title>Worker threw exception \| "),  # Cloudflare's Workers, 1101
    (429, r"<title>[^<\n]{0,200}\b(?:You are being )?[Rr]ate limited \| "),  # Cloudflare, 1015
    (502, r"\bERR_NGROK_8012\b"),  # the tunnel is, and nothing behind it
)
_ROWS = tuple((status, re.compile(text, re.DOTALL)) for status, text in _TEXTS)


def read(data: bytes) -> Capture | None:
    """The reply that such a body is; None for any other."""
    text = data[: _LONGEST + 1].decode("utf-8", "replace").strip()
    told = _page(data) if text[:1] == "<" else _object(text) if text[:1] == "{" else _words(text)
    if told is None:
        return None
    note = f"the status, {told.status}, is the one that such a body comes under; it was not seen"
    entry = captured(1, told._replace(body=data))
    entry = entry._replace(missing=entry.missing | {STATUS_LINE})
    return Capture(NAME, (entry,), as_secrets(tokens_in(data)), (note,))


def status_of(body: bytes) -> int:
    """The one status that a whole body comes under; 0 for any other body."""
    text = body[: _LONGEST + 1].decode("utf-8", "replace").strip()
    told = _object(text) if text[:1] == "{" else _words(text)
    return told.status if told else 0


def in_a_few_lines(text: str) -> Capture | None:
    """Such a body on a line of its own, below the words of an application; None where no line is unmistakable."""
    lines = [line.strip() for line in text[:_LONGEST].splitlines() if line.strip()]
    if not 1 < len(lines) <= _FEW or len(text) > _LONGEST:
        return None
    bodies = [line for line in lines if len(line) >= _UNMISTAKABLE and _words(line) is not None]
    return read(bodies[0].encode("utf-8", "surrogatepass")) if len(bodies) == 1 else None


def _words(text: str) -> Told | None:
    if len(text) > _LONGEST:
        return None
    for status, form in _ROWS:
        if match := form.fullmatch(text):
            return Told(status or int(match["own"]))
    return None


def _object(text: str) -> Told | None:
    try:
        value = json.loads(text) if len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None
    return next((Told(status) for status, body in _OBJECTS if value == body), None)


def _page(data: bytes) -> Told | None:
    """A page whose title or heading names its status, or that is known by what it refers to."""
    text = data[:_LONGEST_PAGE].decode("utf-8", "replace")
    named = app_errors.page(text)
    if named is not None:
        return named
    return next((Told(status) for status, form in _IN_PAGES if re.search(form, text)), None)
