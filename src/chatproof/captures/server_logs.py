"""Logs of servers and of what stands before them: a line for each request, with the status that its client got.

nginx and Apache (common, combined), uvicorn, Gin, Envoy, HAProxy, load balancers of clouds, and the same as JSON or as
name=value: Traefik, Caddy, Envoy, Heroku. nginx's error log says why it had nothing to pass on, not what was answered.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from chatproof.captures import json_records, literal
from chatproof.captures.entry import base_of, near_base_of
from chatproof.captures.told import Told, as_body
from chatproof.evidence.provider_error import ProviderError, by_words, find_error
from chatproof.wire.exchange import Fault

NAME = "a log of a server or gateway"
_LOOKED_AT = 1 << 20
_LINES, _DEEPEST, _LONGEST_LINE = 4000, 3, 8000
_REQUEST = r"(?P<method>POST|GET) +\"?(?P<path>(?:https?://[^\s/\"]{1,253})?/[^\s\"?]{0,500})(?:\?[^\s\"]{0,500})?"
_FORMS = (
    # "POST /v1/chat/completions HTTP/1.1" 502 …: common, combined, uvicorn, Envoy
    re.compile(rf"\"{_REQUEST} HTTP/[\d.]+\"?[\" ]{{1,2}}(?P<status>\d{{1,3}})\b(?P<more>[^\n]{{0,40}})"),
    # [GIN] 2025/02/10 - 11:20:45 | 500 | 51.7s | 192.0.2.1 | POST "/v1/chat/completions"
    re.compile(rf"\| *(?P<status>\d{{3}}) \|[^|\n]{{1,40}}\|[^|\n]{{1,60}}\| *{_REQUEST}(?P<more>)"),
    # HAProxy: 10/0/-1/-1/30 503 217 - - SC-- 1/1/1/1/3 0/0 "POST /v1/chat/completions HTTP/1.1"
    re.compile(
        rf" [-+\d]+(?:/[-+\d]+){{3,5}} (?P<status>-1|\d{{3}}) \+?\d+ \S+ \S+ (?P<more>[A-Za-z-]{{4}}) "
        rf"[^\"\n]{{0,300}}\"{_REQUEST}"
    ),
    # llama.cpp: request: POST /v1/chat/completions 192.0.2.3 400
    re.compile(rf"\brequest: {_REQUEST} [\w.:]{{2,60}} (?P<status>\d{{3}})\b(?P<more>)"),
    # llama-box: request 500: POST /v1/embeddings 192.0.2.4:6038
    re.compile(rf"\brequest (?P<status>\d{{3}}): {_REQUEST}(?P<more>)"),
    # zap's, of relays: 400 POST {"host": "h", "url": "/v1/chat/completions"}
    re.compile(
        r"\b(?P<status>\d{3}) (?P<method>POST|GET) \{[^\n]{0,400}?\"url\": ?\"(?P<path>[^\"\s?]{1,500})(?P<more>)"
    ),
    # load balancers of AWS: 0.000 60.001 -1 504 - 834 166 "POST https://llm.example:443/v1/chat/completions HTTP/1.1"
    re.compile(rf" -?[\d.]+ -?[\d.]+ -?[\d.]+ (?P<status>\d{{3}}) (?P<more>-|\d{{3}}) \d+ \d+ \"{_REQUEST}"),
)
_ERROR = re.compile(  # nginx and what is built on it
    r"\[(?:error|crit|alert)\] \d+#\d+: (?:\*\d+ )?(?:\[lua\] \S{1,80}:\d+: (?:[\w.:]{1,60}\(\): )?)?"
    rf"(?P<words>[^\n]{{4,600}}?), client: [^\n]{{0,300}}?"
    rf"request: \"{_REQUEST}"
)
_BEHIND = re.compile(  # Apache, cloudflared, Traefik, HAProxy: without a word on which request it was
    r"(?:\(\d+\)[^\n:]{4,60}: )?AH\d{5}: [^\n]{0,40}?(?:attempt to connect to|failed to make connection|error reading)"
    r"[^\n]{0,300}|Unable to reach the origin service\b[^\n\"]{0,400}|"
    r"\brequest failed error=error trying to connect: [^\n]{0,300}|"  # Linkerd
    r"'50\d [A-Z][\w -]{2,30}' caused by: [^\n\"]{0,300}|\bServer \S{1,120}/\S{1,120} is DOWN, reason: [^\n]{0,300}"
)
_UNMADE = re.compile(r"[\w.]{0,60}\bResponseValidationError: \d{1,4} validation errors?\b")  # FastAPI: status 500
_COLUMNS = re.compile(r"#Fields: ([^\n]{4,2000})")  # W3C's format: IIS, CloudFront
_LOSES_THE_METHOD = (301, 302, 303)
_NAMED = ("context", "model", "parameter", "form")  # what a server logs of a request that it refuses
_METHODS = {"csmethod", "method", "requestmethod", "httpmethod", "httprequestmethod", "reqmethod", "verb"}
_PATHS = {"path", "uri", "url", "requesturi", "requesturl", "requestpath", "xenvoyoriginpath", "originpath", "httppath"}
_PATHS |= {"httptarget", "urlpath", "target", "urlfull", "fullurl", "httpurl", "csuristem"}
_STATUSES = {"status", "statuscode", "responsecode", "responsestatus", "downstreamstatus", "httpstatuscode"}
_STATUSES |= {"scstatus", "httpresponsestatuscode", "httpstatus"}
_KINDS = {"method": _METHODS, "path": _PATHS, "status": _STATUSES, "flags": {"responseflags"}}
_LINES_OF, _LINE = {"request", "requestline"}, re.compile(rf"{_REQUEST} HTTP/")
_PAIR = re.compile(r"([A-Za-z_][\w.:-]{0,60})=(\"(?:[^\"\\]|\\.){0,4000}\"|[^\s\"]{1,2000})")
ANSWERED = "each of its requests to the API was answered, and the replies are not in it"
_LEFT = "the server's log says that its client closed the request before it was answered"
_OWN = ("responseBody", "responseHeaders", "config", "choices", "stack")  # of a client's error, of an answer


def looks_like(text: str) -> bool:
    return next(_requests(text[:_LOOKED_AT]), None) is not None


def pieces(text: str) -> Iterator[Told]:
    """Each request to an API that failed, in order."""
    yield from (told for told in _requests(text[:_LOOKED_AT]) if _failed(told) or told.body)


def reason(text: str) -> str:
    """Why a log that this knows tells of no failure; empty where it is none."""
    if next(pieces(text), None) is None and looks_like(text):
        return ANSWERED
    return ""


def is_record(value: Any) -> bool:
    """One JSON record of a request to an API."""
    return isinstance(value, dict) and _of_record(value) is not None


def of_records(values: list[Any]) -> list[Told]:
    """What the records tell of requests to an API, those that failed."""
    told = [found for value in values if isinstance(value, dict) and (found := _of_record(value)) is not None]
    return [piece for piece in told if _failed(piece)]


def _failed(told: Told) -> bool:
    """It failed, or its client was sent elsewhere and comes there with a GET, as most do."""
    return told.status >= 400 or told.fault is not None or (told.method == "POST" and told.status in _LOSES_THE_METHOD)


def _requests(text: str) -> Iterator[Told]:
    columns: list[str] = []
    said_before = b""
    for whole in text.splitlines()[:_LINES]:
        line = whole[:_LONGEST_LINE]
        if fields := _COLUMNS.match(line):
            columns = fields[1].split()
        if _UNMADE.match(line):
            yield Told(500)
            continue
        if behind := _BEHIND.search(line):
            yield Told(body=behind[0].encode("utf-8", "surrogatepass"))
            continue
        if (quoted := _quoted(line)) is not None:
            said_before = quoted
        elif "rror" in line:
            words = re.split(r"[Ee]rror: ", line)[-1].strip()  # vLLM's ends in ValueError: …
            known = by_words(ProviderError("$", words, "", "", "")) in _NAMED
            said_before = words.encode("utf-8", "surrogatepass") if known else said_before
        if "/" not in line or not ("POST" in line or "GET" in line):
            continue
        said = _ERROR.search(line)
        if said and _is_an_apis(said["path"]):
            yield Told(body=said["words"].encode("utf-8", "surrogatepass"), method=said["method"])
            continue
        cells = line.split("\t" if "\t" in line else None) if columns else []
        if cells and len(cells) == len(columns):
            record = _of_record(dict(zip(columns, cells, strict=True)))
            if record is not None:
                yield record
            continue
        found = next((match for form in _FORMS if (match := form.search(line))), None)
        if found and _is_an_apis(found["path"]):
            told = _told(int(found["status"]), found["more"] or "", found["method"], found["path"])
            refused = 400 <= told.status < 600 and said_before
            yield told._replace(body=as_body({"error": {"message": said_before.decode()}})) if refused else told
            said_before = b""
        elif not found and "=" in line:
            pairs = {name: _unquoted(value) for name, value in _PAIR.findall(line)}
            record = _of_record(pairs)
            if record is not None:
                yield record


def _quoted(line: str) -> bytes | None:
    """The words of an error that a line of a log quotes as the object that it came in."""
    at = line.find("{", line.find("rror"))
    if "rror" not in line or at < 0 or '"POST' in line:
        return None
    try:
        error = find_error(literal.read(line, at)[0], failing=True)
    except literal.NoValue:
        return None
    is_one = error is not None and error.where.startswith("$.error") and error.message
    return error.message.encode("utf-8", "surrogatepass") if error is not None and is_one else None


def _told(status: int, more: str, method: str, path: str) -> Told:
    """`more` has what the server says of how it ended: Envoy's flags, HAProxy's."""
    url = path if path.startswith("http") else ""
    flags = more.strip().partition(" ")[0].strip('"')
    if status == 499 or (status < 100 and ("DC" in flags.split(",") or flags[:1] == "C")):
        return Told(method=method, url=url, fault=Fault("net.client", "client", f"{_LEFT} ({flags or status})"))
    return Told(status if status >= 100 else 0, method=method, url=url)


def _of_record(value: dict[str, Any]) -> Told | None:
    if any(name in value for name in _OWN) or (find_error(value) is not None and not json_records.is_record(value)):
        return None
    found: dict[str, Any] = {}
    _gather(value, found, 0)
    method, path, status = found.get("method"), str(found.get("path", "")), str(found.get("status", ""))
    if method not in ("POST", "GET") or not status.isdigit() or len(status) > 3 or not _is_an_apis(path):
        return None
    return _told(int(status), str(found.get("flags", "")), str(method), path.partition("?")[0])


def _gather(value: dict[str, Any], found: dict[str, Any], depth: int) -> None:
    """The first method, path and status of a record; those that stand outermost go first."""
    for name, said in value.items():
        plain = re.sub(r"[^a-z]", "", name.lower())
        if plain in _LINES_OF and isinstance(said, str) and (line := _LINE.match(said)):
            found.setdefault("method", line["method"])
            found.setdefault("path", line["path"])
        for kind, names in _KINDS.items():
            if plain in names and isinstance(said, str | int) and str(said):
                found.setdefault(kind, said)
    for said in value.values():
        if isinstance(said, dict) and depth < _DEEPEST:
            _gather(said, found, depth + 1)


def _is_an_apis(path: str) -> bool:
    url = path if path.startswith("http") else f"https://h{path}"
    return base_of(url) is not None or near_base_of(url) is not None


def _unquoted(value: str) -> str:
    if value[:1] != '"':
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')
