"""Base URLs: parsed once, by us, strictly; what was parsed is what is connected to.

Library parsers disagree about tabs, backslashes, userinfo and ports, and a key follows whatever they decide.
"""

from chatproof.printable import escape
from chatproof.values import NamedTuple
from chatproof.wire.exchange import Url

CHAT_PATH = "/chat/completions"
MODELS_PATH = "/models"
OTHER_PATHS = ("/responses", "/messages", "/embeddings", "/completions")
"""Paths of other APIs that the same providers serve; no base URL ends in one of them."""
_PORT = {"http": 80, "https": 443}
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_NOT_IN_A_URL = frozenset(' \\"<>^`{|}')
_PATH = _LABEL | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ/.~!$&'()*+,;=:@%")

_TWO_MEANINGS = frozenset("\u00df\u1e9e\u03c2")
"""Sharp s, small and large, and the sigma at a word's end: IDNA 2003, which Python has, makes ss and the other sigma of
them, IDNA 2008 a name of its own. These are two hosts, of two owners."""


class UrlProblem(NamedTuple):
    """Why a base URL cannot be used; `advice` says what to write instead."""

    detail: str
    advice: str


def parse_base_url(text: str, *, allow_http: bool = False) -> Url | UrlProblem:
    """A Url whose path has no trailing slash, or why not. Never echoes credentials that stand in the URL."""
    if not text.isprintable() or not _NOT_IN_A_URL.isdisjoint(text):
        bad = next(i for i, c in enumerate(text) if not c.isprintable() or c in _NOT_IN_A_URL)
        return UrlProblem(f"character U+{ord(text[bad]):04X} at offset {bad}", "remove it")
    scheme, separator, rest = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _PORT:
        shown = escape(scheme[:20]) if separator else "none"
        return UrlProblem(f"scheme is {shown}", "write it as https://host/v1")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        return UrlProblem("it contains user information before an @", "remove it; the key is sent in a header")
    if "?" in rest or "#" in rest:
        return UrlProblem("it has a query or fragment", "give the base URL alone, such as https://host/v1")
    host, port = _split_port(authority, _PORT[scheme])
    if port is None:
        return UrlProblem("the port is not a number from 1 to 65535", "correct it or leave it out")
    checked = _check_host(host)
    if isinstance(checked, UrlProblem):
        return checked
    path = (slash + path).rstrip("/")
    if not _PATH.issuperset(path):
        return UrlProblem("the path has a character that must be percent-encoded", "encode it")
    ending = next((known for known in (CHAT_PATH, *OTHER_PATHS) if path.endswith(known)), "")
    if ending:
        base = f"{scheme}://{authority}{path.removesuffix(ending)}"
        said = f"it already ends in {ending}" if ending == CHAT_PATH else f"it ends in {ending}, the path of one API"
        return UrlProblem(said, f"give the base URL: {base}")
    url = Url(scheme, checked, port, path)
    if scheme == "http" and not allow_http and not is_loopback(checked):
        return UrlProblem("http to a remote host sends the key unencrypted", "use https or --allow-http")
    return url


def _split_port(authority: str, default: int) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, _, tail = authority.partition("]")
        host += "]"
        if tail and not tail.startswith(":"):
            return host, None
        port = tail[1:]
        if not tail:
            return host, default
    else:
        host, colon, port = authority.rpartition(":")
        if not colon:
            return authority, default
    if not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 < int(port) < 65536:
        return host, None
    return host, int(port)


def _check_host(host: str) -> str | UrlProblem:
    if host.startswith("["):
        import _socket  # see transport.resolver

        try:
            _socket.inet_pton(_socket.AF_INET6, host[1:-1])
        except OSError:
            return UrlProblem("the IPv6 address in brackets is not valid", "correct it; zone ids are not supported")
        return host[1:-1].lower()
    if ":" in host:
        return UrlProblem("an IPv6 address must be in brackets", "write [::1]")
    name = host.rstrip(".").lower()
    if not name.isascii():
        if any(_mixes_scripts(label) for label in name.split(".")):
            return UrlProblem(
                f"the host {escape(name)} mixes letters of several scripts",
                "check for look-alike letters, or write the xn-- form",
            )
        if _TWO_MEANINGS.intersection(name):
            return UrlProblem(
                f"the host {escape(name)} has a letter that older and newer naming rules read differently",
                "write the xn-- form, or ss if that is the host's name",
            )
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            return UrlProblem("the host is not a valid international name", "write the xn-- form")
    if not name or len(name) > 253 or not all(map(_is_label, name.split("."))):
        return UrlProblem("the host is not a valid name or address", "correct it")
    return name


def _is_label(label: str) -> bool:
    return 0 < len(label) < 64 and _LABEL.issuperset(label) and label[0] != "-" != label[-1]


def _mixes_scripts(label: str) -> bool:
    """A label with letters of more than one script, as in a Cyrillic а among Latin letters."""
    import unicodedata

    return len({unicodedata.name(c, "?").split()[0] for c in label if c.isalpha()}) > 1


def is_loopback(host: str) -> bool:
    """The host can only be this machine. Decided on what the resolver would do with the text, not on its look. A name
    only promises it (RFC 6761): its addresses are looked at when they are known, see `transport.blocking`."""
    if is_localhost(host) or host == "::1":
        return True
    import _socket

    try:
        return _socket.inet_aton(host)[0] == 127
    except OSError:
        return host.startswith("::ffff:127.")


def is_localhost(host: str) -> bool:
    """A name of this machine."""
    return host == "localhost" or host.endswith(".localhost")


def bare(location: str) -> str:
    """A Location without user information, query and fragment: what of it may be kept."""
    scheme, separator, rest = location.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0].partition("://")
    if not separator:
        return scheme
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def version_segments(url: Url) -> int:
    """How many `/v1`-like segments the path has; one is usual, none or two are worth a remark."""
    return sum(1 for part in url.path.split("/") if part[:1] == "v" and part[1:2].isdigit())


def notes(url: Url) -> list[str]:
    """What looks odd about a base URL and may be meant."""
    found = []
    count = version_segments(url)
    if count == 0:
        found.append(f"the base URL has no version segment; SDK-style base URLs end in one, as in {url}/v1")
    elif count > 1:
        found.append("the base URL has more than one version segment, such as /v1/v1")
    if "//" in url.path or url.path.endswith(("/chat", "/completions", "/models")):
        found.append(
            f"the base URL's path looks unusual; /chat/completions is appended to it: {url.path}/chat/completions"
        )
    if url.scheme == "http" and not is_loopback(url.host):
        found.append("the key is sent unencrypted (http to a remote host, allowed by --allow-http)")
    return found
