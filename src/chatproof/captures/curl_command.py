"""A curl command line, as it stands before its reply in a terminal: the request, and the secrets that it was given."""

import io
import json
import re
import shlex
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from chatproof.captures.entry import Headers, secrets_of
from chatproof.key_form import KEY, form
from chatproof.secrets.of_requests import basic_secrets, secrets_in_body, secrets_in_url

LONGEST = 256 * 1024
_LONGEST_OF_MANY, _MOST_UNREAD = 32 * 1024, 3  # of several commands before one reply; quotations without an end
_USUAL = 1024  # characters of a command: of one that takes less than half of it, no end was cut off
_LONGEST_OF_HTTPIE, _MOST_OF_HTTPIE = 4096, 100
_COMMAND = re.compile(r"(?:^|[\s$#%>;&|(])curl(?:\.exe)?\s+(?=\S)")
_ANY_COMMAND = re.compile(r"(?:^|[\s$#%>;&|(])(?:curl|wget)(?:\.exe)?\s+(?=\S)")
_CONTINUED = re.compile(r"[\\`^]\r?\n")
_SHORT_WITH_VALUE = frozenset("AbcCdDeEFHhKmoPQrtTuUwxXyYz")
_HEADERS = ("-H", "--header", "--proxy-header")
_BODIES = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json")
_PAIRS = ("-u", "--user", "-U", "--proxy-user")
_URLS = ("-x", "--proxy", "--preproxy", "-e", "--referer", "--socks5", "--socks5-hostname", "--socks4", "--socks4a")
_OF_WGET = ("--http-password", "--password", "--proxy-password", "--ftp-password")
_WHOLE = ("--oauth2-bearer", "--pass", "--proxy-pass", "--tlspassword", "--proxy-tlspassword", *_OF_WGET)
_FIELDS = ("--url-query", "-F", "--form", "--form-string")
_WITH_VALUE = frozenset(
    {
        *("cacert", "cert", "key", "connect-timeout", "max-time", "output", "write-out", "resolve", "proxy-cert"),
        *("retry", "user-agent", "cookie", "config", "cookie-jar", "limit-rate", "request", "url", "cert-type"),
        *("aws-sigv4", "ciphers", "connect-to", "doh-url", "interface", "login-options", "max-redirs", "proto"),
        *("retry-delay", "retry-max-time", "tlsuser", "unix-socket", "upload-file", "dump-header", "stderr", "trace"),
        *(name.lstrip("-") for name in (*_HEADERS, *_BODIES, *_PAIRS, *_URLS, *_WHOLE, *_FIELDS)),
    }
)
"""Long options that take a value."""
_ASSIGNED = re.compile(r"(?:^|[\s;&$(:])([A-Za-z_]\w{0,80})[ \t]?=[ \t]?[\"']?([^\s\"';&|]{16,512})")
_USED = re.compile(  # "Authorization: Bearer $K", -a %K%, api-key: $env:K, {{K}}
    r"(?i)(?:authorization|bearer|key|token|secret|password|--?auth|--?a)\b[^\n]{0,60}?(?:\$\{?(?:env:)?|%|\{\{)([a-z_]\w{0,80})"
)
_HTTPIE = re.compile(r"(?:^|[\s$#%>;&|(])(?:https?|xhs?)[ \t]")
_AUTH = re.compile(r"[ \t](?:-a|--auth)[ \t=]{0,4}[\"']?([^\s\"']{8,512})")


class Command(NamedTuple):
    """What a command line says of the request. `secrets`: what it was given to show that it may."""

    method: str
    url: str
    headers: Headers
    body: bytes | None  # None: not on the command line
    secrets: tuple[str, ...] = ()


def command(text: bytes) -> Command | None:
    """The last curl command line in a text; None where there is none that can be read."""
    plain = text[-LONGEST:].decode("utf-8", "replace")
    places = [found.end() for found in _COMMAND.finditer(plain)]
    words = _words(plain[places[-1] :])[0] if places else []
    return _of_words(words) if words else None


def secrets_before(text: bytes) -> Iterator[str]:
    """The secrets of all command lines of curl and wget in a text, whether or not one names a URL, and what variables
    hold that a shell was given before them: a key by its form or by its use, whatever the variable is called; and what
    HTTPie was given."""
    plain = text[-LONGEST:].decode("utf-8", "replace")
    read, unread = 0, 0
    for found in _ANY_COMMAND.finditer(plain):
        if found.end() < read or unread > _MOST_UNREAD:
            continue  # within one that was read
        words, length = _of_many(plain, found.end())
        yield from secrets_in_words(words)
        read = found.end() + (length if words else 0)
        unread += not words
    used = {found[1].lower() for found in _USED.finditer(plain)}
    for found in _ASSIGNED.finditer(plain):
        if form(found[2]) == KEY or found[1].lower() in used:
            yield found[2]
    for place in islice(_HTTPIE.finditer(plain), _MOST_OF_HTTPIE):
        line = _CONTINUED.sub("  ", plain[place.end() - 1 : place.end() + _LONGEST_OF_HTTPIE]).partition("\n")[0]
        for found in _AUTH.finditer(line):
            yield from (found[1], found[1].partition(":")[2])


def _of_many(text: str, at: int) -> tuple[list[str], int]:
    """As `_words`, of one command of several: nearly all are short, and a long look at each would cost what all of them
    and the text behind them cost."""
    found = _words(text[at : at + _USUAL])
    return found if 0 < found[1] < _USUAL // 2 else _words(text[at : at + _LONGEST_OF_MANY])


def _words(rest: str) -> tuple[list[str], int]:
    """(the words of the command, as a shell reads them; how many characters they took). A quotation may go over several
    lines."""
    stream = io.StringIO(_CONTINUED.sub("  ", rest))
    lexer = shlex.shlex(stream, posix=True, punctuation_chars=";|&<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.whitespace = " \t\r"
    words: list[str] = []
    try:
        for word in lexer:
            if word[:1] in ";|&" or word.startswith("\n"):
                break
            first, line_end, _ = word.partition("\n")
            document = _document(word)
            words.append(document or first)
            if (line_end and len(document) < len(word.rstrip())) or word.endswith("\n"):
                break  # the command's last line
    except ValueError:  # a quotation without its end
        return [], 0
    return words, stream.tell()


def _document(word: str) -> str:
    """The JSON document at the start of a word: it may go over several lines, and the command ends behind it."""
    if word.lstrip()[:1] not in ("{", "["):
        return ""
    try:
        return word[: json.JSONDecoder().raw_decode(word)[1]]
    except (ValueError, RecursionError):
        return word


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """(option, its value or nothing) in order; ("", word) for a word that is no option's. Short ones may stand
    together, and the value of the last behind it: -sSH 'a: b', -uuser:password."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, joined = word.partition("=")
            takes = name.lstrip("-") in _WITH_VALUE
            yield name, joined if equals else (next(rest, "") if takes else "")
        elif word.startswith("-") and len(word) > 1:
            for at, letter in enumerate(word[1:], 2):
                if letter in _SHORT_WITH_VALUE:
                    yield f"-{letter}", word[at:] or next(rest, "")
                    break
                yield f"-{letter}", ""
        else:
            yield "", word


def _of_words(words: list[str]) -> Command | None:
    method, url, headers, body, has_body = "", "", [], None, False
    for name, value in _options(words):
        if name in ("-X", "--request"):
            method = value.upper()
        elif name in ("-H", "--header"):
            header, colon, content = value.partition(":")
            headers += [(header.strip(), content.strip())] if colon else []
        elif name == "--url":
            url = value
        elif name in _BODIES:
            has_body = True
            body = None if value.startswith(("@", "`@")) else value.encode("utf-8", "surrogatepass")
        elif name in ("-I", "--head"):
            method = "HEAD"
        elif not name and "://" in value:
            url = url or value
    if "://" not in url:
        return None
    secrets = tuple(secrets_in_words(words))
    return Command(method or ("POST" if has_body else "GET"), url, tuple(headers), body, secrets)


def secrets_in_words(words: list[str]) -> Iterator[str]:
    """Passwords, tokens, cookies and keys among a command's options, and in its URL."""
    for name, value in _options(words):
        if name in _HEADERS:
            header, _, content = value.lstrip("$").partition(":")
            yield from secrets_of([(header.strip(), content.strip())], sent=True)
        elif name in _PAIRS:
            yield from _of_pair(value)
        elif name in _WHOLE:
            yield value
        elif name in ("-b", "--cookie"):
            yield from secrets_of([("Cookie", value)], sent=True)
        elif name in ("-E", "--cert", "--proxy-cert"):
            yield value.rpartition(":")[2] if ":" in value else ""
        elif name in _URLS or name == "--url" or not name:
            yield from secrets_in_url(value if "://" in value or "@" not in value else f"//://{value}")
        elif name in _FIELDS:
            yield from secrets_in_url(f"?{value}")
        elif name in _BODIES:
            yield from secrets_in_url(f"?{value}" if value[:1] not in "{[" else "")
            yield from secrets_in_body(value.encode("utf-8", "surrogatepass"))


def _of_pair(value: str) -> Iterator[str]:
    from binascii import b2a_base64

    pair = value.encode("utf-8", "surrogatepass")
    yield from basic_secrets(b2a_base64(pair, newline=False).decode())
    yield b2a_base64(pair, newline=False).decode()  # as it is sent
