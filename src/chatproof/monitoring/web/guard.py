"""Who may ask: an ASGI layer before every route.

A browser is a way in for others: a page of a stranger can send requests to this address, and a name of theirs can lead
to it (DNS rebinding). So each request's Host must be one of ours, and whatever makes us send something refuses what a
page of another origin asks for. With a token, all but /healthz and /readyz need it; a browser logs in once, for a
cookie that no other site's page can make it send and no script can read.
"""

import hmac
import ipaddress
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "chatproof_session"
_OPEN = ("/healthz", "/readyz")
_LOGIN = ("/login", "/static/style.css")
_SESSION_SECONDS = 12 * 3600.0
_SESSIONS = 1000
_ADDRESSES = 1000  # that are remembered: no more than can log in within a minute
_LOGINS, _LOGINS_OF_ALL = 10, 200  # attempts a minute
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
REPORT_CSP = "frame-ancestors 'none'"
"""Beside the policy that a report's own page carries."""
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Rules(NamedTuple):
    """What the guard goes by."""

    hosts: frozenset[str]
    """Names by which this server may be asked, lower case, without a port."""
    token: str = ""
    secure: bool = False
    """Browsers reach us by TLS, ours or a proxy's: the cookie says Secure."""
    trusted_proxies: Collection[Network] = ()
    """Whose X-Forwarded-For counts."""

    def __repr__(self) -> str:
        return f"Rules(hosts={sorted(self.hosts)}, token={'set' if self.token else 'none'})"


class Rate:
    """So many events within so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._times: deque[float] = deque()

    def allows(self) -> bool:
        """Count one more, if there is room for it."""
        now = time.monotonic()
        while self._times and now - self._times[0] > self._seconds:
            self._times.popleft()
        if len(self._times) >= self._most:
            return False
        self._times.append(now)
        return True


class Rates:
    """So many events of one address within so many seconds, and so many of all together."""

    def __init__(self, most: int, of_all: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._all = Rate(of_all, seconds)
        self._each: dict[str, Rate] = {}

    def allows(self, address: str) -> bool:
        """Count one more, if there is room for it. What is refused for its address takes nothing from the others."""
        rate = self._each.pop(address, None) or Rate(self._most, self._seconds)
        self._each[address] = rate  # the newest stands last
        while len(self._each) > _ADDRESSES:
            del self._each[next(iter(self._each))]
        return rate.allows() and self._all.allows()


class Guard:
    """Wraps the application."""

    def __init__(self, app: App, rules: Rules) -> None:
        self._app, self.rules = app, rules
        self._sessions: dict[str, float] = {}
        self._secret = secrets.token_bytes(32)
        self.logins = Rates(_LOGINS, _LOGINS_OF_ALL, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        path, method = scope["path"], scope["method"]
        refusal = self._refusal(headers, path, method)

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                more = [*_HEADERS, (b"content-security-policy", CSP.encode())]
                message["headers"] = [*message["headers"], *((n, v) for n, v in more if n not in said)]
            await send(message)

        if refusal is None:
            scope["guard"] = self
            scope["asked_by"] = client_of(scope, self.rules.trusted_proxies)
            await self._app(scope, receive, with_headers)
            return
        status, text, location = refusal
        extra = [(b"location", location.encode())] if location else []
        if status == 401:
            extra.append((b"www-authenticate", b"Bearer"))
        body = f"{text}\n".encode()
        start = {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                *extra,
            ],
        }
        await with_headers(start)
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})

    def _refusal(self, headers: dict[str, str], path: str, method: str) -> tuple[int, str, str] | None:
        if host_of(headers.get("host", "")) not in self.rules.hosts:
            return 421, "this server does not answer to that host name: see --host", ""
        if path in _OPEN:
            return None
        sends = method not in ("GET", "HEAD") or path == "/probe"
        if sends and is_foreign(headers):
            return 403, "a page of another origin is not allowed to send this", ""
        if not self.rules.token or path in _LOGIN or self.has_token(headers) or self.session(headers):
            return None
        if method == "GET" and "text/html" in headers.get("accept", ""):
            return 303, "log in", f"/login?next={quote(path, safe='/')}"
        return 401, "a token is required: Authorization: Bearer …", ""

    def has_token(self, headers: MutableMapping[str, str] | dict[str, str]) -> bool:
        """The request carries the token itself."""
        kind, _, said = headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self.is_token(said.strip())

    def is_token(self, said: str) -> bool:
        """Compare in constant time."""
        return bool(self.rules.token) and hmac.compare_digest(
            sha256(said.encode("utf-8", "replace")).digest(), sha256(self.rules.token.encode()).digest()
        )

    def session(self, headers: MutableMapping[str, str] | dict[str, str]) -> str:
        """The session of the request's cookie; empty for none that lasts."""
        for part in headers.get("cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == COOKIE and self._sessions.get(value, 0.0) > time.monotonic():
                return value
        return ""

    def open_session(self) -> str:
        """The Set-Cookie of a new session."""
        now = time.monotonic()
        self._sessions = {id: until for id, until in self._sessions.items() if until > now}
        while len(self._sessions) >= _SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        id = secrets.token_urlsafe(32)
        self._sessions[id] = now + _SESSION_SECONDS
        secure = "; Secure" if self.rules.secure else ""
        return f"{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={int(_SESSION_SECONDS)}{secure}"

    def form_token(self, session: str) -> str:
        """What a form of this session carries, so that no other page can send it."""
        return hmac.new(self._secret, session.encode(), sha256).hexdigest()

    def is_form_token(self, session: str, said: str) -> bool:
        """The form came from a page of this session."""
        return bool(session) and hmac.compare_digest(self.form_token(session).encode(), said.encode("utf-8", "replace"))


def host_of(header: str) -> str:
    """The name in a Host header, without its port; empty for what is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def networks_of(said: Iterable[str]) -> tuple[Network, ...]:
    """The networks that are named; an address is one of its own."""
    return tuple(ipaddress.ip_network(each, strict=False) for each in said)


def client_of(scope: Scope, trusted: Collection[Network]) -> str:
    """The address that a request is from.

    X-Forwarded-For counts only as far as trusted proxies wrote it: each appends whom it was asked by, so that it is
    read from its end, and the first that is no trusted proxy is the client. What stands before that anybody may write.
    """
    client = scope.get("client")
    asked_by = _address(client[0]) if client else None
    if asked_by is None:
        return ""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for entry in reversed(",".join(lines).split(",")):
        if not any(asked_by in network for network in trusted):
            break
        before = _address(entry)
        if before is None:
            break
        asked_by = before
    return str(asked_by)


def _address(said: str) -> "ipaddress.IPv4Address | ipaddress.IPv6Address | None":
    """An address, also of 10.0.0.1:1234 and [::1]:1234; None for what is none."""
    text = said.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_foreign(headers: dict[str, str]) -> bool:
    """A browser says that a page of another origin made this request."""
    site = headers.get("sec-fetch-site", "")
    if site and site not in ("same-origin", "none"):
        return True
    origin = headers.get("origin", "")
    if not origin:
        return False
    try:
        netloc = urlsplit(origin).netloc.lower()
    except ValueError:
        return True
    return netloc != headers.get("host", "").lower()
