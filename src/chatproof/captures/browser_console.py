"""What a browser's console and network panel show of a request, as people copy it: net:: names, CORS, headers.

The console names what the browser did itself (CORS, blocking) and what the network did (`net::ERR_…`); a panel's copy
has `Request URL:` and `Status Code:`, with the value on the same line or below it.
"""

import re
from collections.abc import Iterator

from chatproof.captures import trouble
from chatproof.captures.told import Told, api_url
from chatproof.wire.exchange import Fault

NAME = "what a browser shows"
_LOOKED_AT = 64 * 1024
_LINE = re.compile(r"\b(POST|GET) (https?://\S{1,500}) (net::ERR_\w+|NS_ERROR_\w+)(?: (\d{3})\b)?")
_RESOURCE = re.compile(  # Chrome: the address before it; Safari: the last part of it behind
    r"(?m)^(?P<url>\S{0,500}?)(?::\d+)?[ \t]*(?:\[Error\] )?Failed to load resource: the server responded "
    r"with a status of (?P<status>\d{3})\b[^\n(]{0,20}(?:\([^)\n]{0,60}\))?(?: \((?P<part>\w+), line)?"
)
_LISTED = re.compile(r"(?m)^XHR(GET|POST)\n(https?://\S{1,500})\n\[HTTP/[\d.]+ (\d{3})\b[^\]\n]{0,60}\]")  # Firefox
_NAMED = re.compile(r"\b(net::ERR_\w+)")  # an application that is built on a browser
_SAYS = re.compile(
    r"blocked by CORS policy|Cross-Origin Request Blocked|due to access control checks|Mixed Content:|"
    r"violates the following Content Security Policy"
)
_CORS = (
    "the browser hid the reply, or did not send the request: CORS (no Access-Control-Allow-Origin, or the preflight "
    "was refused)"
)
_MIXED = "the browser did not send the request: the page came over https, and the API's URL says http (mixed content)"
_POLICY = "the browser did not send the request: the page's Content-Security-Policy does not allow this host"
_PANEL = re.compile(r"(?m)^[ \t]*Request URL:?[ \t]*\n?[ \t]*(https?://\S+)")
_METHOD = re.compile(r"(?m)^[ \t]*Request Method:?[ \t]*\n?[ \t]*([A-Z]{3,7})\b")
_STATUS = re.compile(r"(?m)^[ \t]*Status(?: Code)?:?[ \t]*\n?[ \t]*(\d{3})\b")
_HEADER = re.compile(r"^([A-Za-z][A-Za-z0-9-]{1,60}): ?(\S[^\n]{0,2000})$")
_GENERAL = ("request url", "request method", "status code", "remote address", "referrer policy")
_UNTOLD = re.compile(
    r"TypeError: (?:Failed to fetch|NetworkError|Load failed)|\bFailed to fetch\b|NetworkError when attempting to fetch"
)


def looks_like(text: str) -> bool:
    text = text[:_LOOKED_AT]
    panel = (_PANEL.search(text) and _STATUS.search(text)) or next(_resources(text), None)
    return bool(
        panel
        or _LISTED.search(text)
        or _LINE.search(text)
        or _NAMED.search(text)
        or _SAYS.search(text)
        or _UNTOLD.search(text)
    )


def pieces(text: str) -> Iterator[Told]:
    """The request that the panel shows; else what the console says of one."""
    text = text[:_LOOKED_AT]
    panel, status = _PANEL.search(text), _STATUS.search(text)
    if panel and status:
        method = _METHOD.search(text)
        url = panel[1] if api_url(panel[1])[0] else ""  # else an application's own: its reply is told all the same
        yield Told(int(status[1]), None, tuple(_headers(text)), method[1] if method and url else "", url)
        return
    listed = next((found for found in _LISTED.finditer(text) if found[3] >= "400"), None)
    if listed:
        url = listed[2] if api_url(listed[2])[0] else ""
        yield Told(int(listed[3]), method=listed[1] if url else "", url=url)
        return
    said, line = _SAYS.search(text), _LINE.search(text)
    resource = next(_resources(text), None)
    if resource is not None and not said and not line:
        yield resource
        return
    url, asked_with = api_url(text)
    if said:
        yield Told(method=asked_with, url=url, fault=Fault("net.client", "client", _why(said[0])))
    elif line:
        yield Told(int(line[4] or 0), method=asked_with, url=url, fault=trouble.of_a_browser(line[3]))
    elif named := _NAMED.search(text):
        yield Told(method=asked_with, url=url, fault=trouble.of_a_browser(named[1]))


def _resources(text: str) -> Iterator[Told]:
    """What the console says of a request to an API: of a page's icons and scripts it says the same."""
    for found in _RESOURCE.finditer(text):
        url = found["url"] if "://" in found["url"] else f"https://{found['url']}"
        if found["part"] == "completions":
            yield Told(int(found["status"]))
        elif "/" in found["url"] and api_url(url)[0]:
            yield Told(int(found["status"]), url=url if "://" in found["url"] else "")


def _why(said: str) -> str:
    return _MIXED if said.startswith("Mixed") else _POLICY if "Policy" in said and "CORS" not in said else _CORS


def _headers(text: str) -> Iterator[tuple[str, str]]:
    """The reply's headers of a panel: they stand before the request's, which begin with a pseudo header or a title."""
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith(":") or bare.lower().startswith("request headers") or re.match(r"(?:POST|GET) /", bare):
            return
        header = _HEADER.match(bare)
        if header and header[1].lower() not in _GENERAL and not header[2].startswith("//"):  # a URL on its own line
            yield header[1], header[2]
