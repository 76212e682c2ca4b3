"""Error text of Python's clients: openai, anthropic, LangChain above them, httpx, requests, aiohttp."""

import re
from collections.abc import Iterator

from chatproof.captures import bare_bodies, literal, own_words, trouble
from chatproof.captures.told import Told, as_body, body_after, value_at

NAME = "error text of a Python client"
# Classes of openai and anthropic, and the status that each stands for; 0: 500 or more, which one it does not say.
CLASSES = {
    "BadRequestError": 400,
    "InvalidRequestError": 400,
    "ContextWindowExceededError": 400,
    "ContentPolicyViolationError": 400,
    "AuthenticationError": 401,
    "PermissionDeniedError": 403,
    "PermissionError": 403,
    "NotFoundError": 404,
    "ConflictError": 409,
    "UnprocessableEntityError": 422,
    "RateLimitError": 429,
    "InternalServerError": 0,
    "APIStatusError": 0,
    "APIError": 0,
    "APIResponseValidationError": 0,
    "ServiceUnavailableError": 503,
    "BadGatewayError": 502,
    "Timeout": 0,
    "ResponseError": 0,  # ollama
}
_CODE = re.compile(r"\bError code: (\d{3})\b(?: - )?")
_RAISED = re.compile(
    r"(?m)(?:^|(?<=[\s:(>|`'\"]))(?:openai|anthropic|litellm|groq|together|ollama)(?:\.[a-z_]+)*"
    r"\.([A-Z]\w+): ?(?:\w+: )?([^\n]{0,4000})"
)
_HTTP = (
    re.compile(r"(?:Client|Server) error '(\d{3}) [^']{0,60}' for url\s{1,40}'([^']{1,500})'"),  # httpx
    re.compile(r"\b(\d{3}) (?:Client|Server) Error: .{0,200}? for url: (\S{1,500})"),  # requests
    re.compile(r"(?:ClientResponseError|Error): (\d{3}), message=.{0,300}?, url=(?:URL\()?'([^']{1,500})'"),  # aiohttp
)
_QUOTED = re.compile(  # openai-python 0
    r"Invalid response object from API: (?P<json>[^\n]{1,4000}?) \(HTTP response code was (?P<after>\d{3})\)|"
    r"HTTP code (?P<before>\d{3}) from API \((?P<page>[^\0]{1,4000}?)\)(?=\s*$|\n)"
)
_IN_A_ROW = re.compile(
    r"\bopenai\.error\.\w+: [^\n{]{0,2000}(?=\{)"
)  # openai-python 0: words, body, status, body, headers
_THEN_STATUS = re.compile(r" (\d{3}) (?=\{)")
_STOPPED = re.compile(
    r"(?m)(?:^|(?<=[\s:(>|`'\"]))((?:httpx|httpcore|requests|urllib3|aiohttp|ssl|socket|openai|anthropic|litellm|h11|http)"
    r"(?:\.\w+)*\.\w*(?:Error|Exception|Timeout|Disconnected|Closed|IncompleteRead)\w*|ConnectionRefusedError|"
    r"ConnectionResetError|TimeoutError|ConnectionError): ?([^\n]{0,2000})"
)
_RETRIED = re.compile(r"\bstate=finished raised (\w+)")  # tenacity, where nothing prints what it gave up on
# a gateway's body quotes its own client
_IN_JSON = re.compile(r"\"(?:message|error|detail)\"\s{0,4}:\s{0,4}\"[^\"]{0,10}$")
_CUT_OFF = re.compile(r"^\{[^\n]{0,200}?[\"']message[\"']: ?[\"']([^\n]{12,2000})")
_ORIGINAL = re.compile(r"Original Response: ?(?=\S)")  # LiteLLM
ANSWERED = re.compile(
    r"(?m)^[^\n]{0,200}?\b(?:openai|anthropic|groq|together)(?:\.[a-z_]+)*\.(?:InternalServer|APIStatus)Error: "
)
"""openai-python raises it for a status of 500 or more, and with the body as its words where that is no JSON."""
_CONNECTION = ("APIConnectionError", "APITimeoutError")
_PAGE_STATUS = re.compile(rb"\b(5\d\d)\b")


def looks_like(text: str) -> bool:
    return bool(
        "Traceback (most recent call last)" in text
        or _CODE.search(text)
        or _RAISED.search(text)
        or any(form.search(text) for form in (*_HTTP, _QUOTED))
        or _STOPPED.search(text)
        or _RETRIED.search(text)
    )


def pieces(text: str) -> Iterator[Told]:
    """What each error in the text tells, in order."""
    found = [*_codes(text), *_urls(text), *_quoted(text), *_in_a_row(text)]
    if not any(told.status for _, told in found):
        found += _classes(text)
    if not found:
        found += ((m.start(), Told(CLASSES.get(m[1], 0))) for m in _RETRIED.finditer(text))
    if not any(told.status or told.body for _, told in found):
        found += _stopped(text)
    yield from (told for _, told in sorted(found, key=lambda pair: pair[0]))


def _codes(text: str) -> Iterator[tuple[int, Told]]:
    for match in _CODE.finditer(text):
        yield match.start(), Told(int(match[1]), body_after(text, match.end()) or _as_words(text, match.end()))


def _as_words(text: str, at: int) -> bytes | None:
    """A body that is a sentence, or the words of one that was cut off; None where a client's own words stand there."""
    if text[at - 3 : at] != " - ":
        return None
    line = text[at : at + 4000].split("\n", 1)[0].strip()
    cut_off = _CUT_OFF.search(line)
    words = cut_off[1] if cut_off else "" if line[:1] in ("{", "[") else line
    return as_body({"error": {"message": words}}) if len(words) > 8 and not own_words.kind(words) else None


def _urls(text: str) -> Iterator[tuple[int, Told]]:
    for form in _HTTP:
        for match in form.finditer(text):
            yield match.start(), Told(int(match[1]), url=match[2])


def _quoted(text: str) -> Iterator[tuple[int, Told]]:
    for match in _QUOTED.finditer(text):
        body = match["json"] or match["page"] or ""
        yield match.start(), Told(int(match["after"] or match["before"]), as_body(body.strip("'\"")))


def _in_a_row(text: str) -> Iterator[tuple[int, Told]]:
    for match in _IN_A_ROW.finditer(text):
        try:
            body, end = literal.read(text, match.end())
            status = _THEN_STATUS.match(text, end)
            end = literal.read(text, status.end())[1] if status else end
        except literal.NoValue:
            continue
        if status is None:
            continue
        headers = value_at(text, end)
        named = tuple((str(n), str(v)) for n, v in headers.items()) if isinstance(headers, dict) else ()
        yield match.start(), Told(int(status[1]), as_body(body), named)


def _classes(text: str) -> Iterator[tuple[int, Told]]:
    """Errors without a status of their own: their class stands for one, their words are the body's."""
    for match in _RAISED.finditer(text):
        if match[1] in _CONNECTION or match[1] not in CLASSES or _IN_JSON.search(text[: match.start()][-40:]):
            continue
        status = CLASSES[match[1]]
        own = own_words.SET_ASIDE if own_words.is_set_aside(match[0]) else own_words.kind(match[2])
        if own:
            # LiteLLM's classes are its own guess there; the others' stand for the status that came.
            status = 0 if match[0].lstrip().startswith("litellm") else status
            words = "Request timed out" if own == own_words.TOO_LATE else match[2]
            fault = None if status else trouble.by_words(words, "the client")
            yield match.start(), Told(status, _original(match[2]), fault=fault)
            continue
        body = body_after(text, own_words.begin(text, match.start(2)))
        words = own_words.within(match[2])
        if body is None and words:
            is_text = not match[0].lstrip().startswith("litellm") and bare_bodies.status_of(words.encode())
            body = words.encode() if is_text else as_body({"error": {"message": words}})
        if not status and body:
            page = _PAGE_STATUS.search(body[:2000])
            status = int(page[1]) if page else 0
        yield match.start(), Told(status, body)


def _original(words: str) -> bytes | None:
    """The reply that a client could not read and quotes behind its own words; None where it quotes none."""
    found = _ORIGINAL.search(words)
    rest = words[found.end() :] if found else ""
    return (body_after(rest, 0) or as_body(rest.strip("'\" "))) if rest else None


def _stopped(text: str) -> Iterator[tuple[int, Told]]:
    lines = (f"{match[1]}: {match[2]}" for match in _STOPPED.finditer(text))
    fault = trouble.of_lines(lines, "the client")
    if fault is None and ("APITimeoutError" in text or "Request timed out" in text):
        fault = trouble.by_words("Request timed out", "the client")
    if fault is not None:
        yield 0, Told(fault=fault)
