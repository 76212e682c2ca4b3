"""`curl -i` output as it stands in a terminal: one or several replies, each perhaps behind the command that got it."""

import json
import re
import shlex
from typing import NamedTuple

from chatproof.captures import wire
from chatproof.captures.entry import (
    MOST_CALLS,
    Capture,
    Captured,
    Headers,
    Unreadable,
    as_keys,
    as_secrets,
    named_in,
    secrets_in_body,
    secrets_in_url,
    secrets_of,
    tokens_in,
)
from chatproof.wire.exchange import BODY, END, KEY

_STATUS = re.compile(rb"^HTTP/(?:1\.[01]|2(?:\.0)?|3(?:\.0)?) [0-9]{3}(?: [^\r\n]*)?\r?$", re.MULTILINE)
_COMMAND = re.compile(r"(?:^|[\s$#%>;&|(])curl\s+(?=\S)")
_FAILED = re.compile(rb"curl: \(22\) ")
_LONGEST_COMMAND = 256 * 1024
_WITH_VALUE = frozenset(
    (
        *"AbcCDEFKmoQrTtuUwxYyz",
        *("cacert", "cert", "key", "connect-timeout", "max-time", "output", "write-out", "user", "proxy", "resolve"),
        *("retry", "user-agent", "cookie", "config", "form", "cookie-jar", "referer", "limit-rate", "proxy-header"),
    )
)
"""Options of curl that take a value and say nothing here of the request."""


class Command(NamedTuple):
    """A curl command line: what it says of the request."""

    method: str
    url: str
    headers: Headers
    body: bytes | None  # None: not on the command line


def has_reply(data: bytes) -> bool:
    """A status line stands at the start of some line."""
    return bool(_STATUS.search(data))


def read(data: bytes) -> Capture:
    """The replies of a text, in order, each with the request where its command line stands before it."""
    entries: list[Captured] = []
    secrets: list[str] = [*tokens_in(data)]
    asked_with: list[str] = []
    notes: list[str] = []
    before, rest = b"", data
    while found := _STATUS.search(rest):
        before, rest = rest[: found.start()], rest[found.start() :]
        message = wire.read(rest)
        rest = message.rest
        asked = command(before)
        entry = Captured(len(entries) + 1, message.response, message.fault, message.missing)
        if _FAILED.search(before) and message.response and not message.response.body and message.response.status >= 400:
            entry = entry._replace(fault=None, missing=entry.missing | {BODY, END})
            notes.append("curl was told to keep the body of a failing reply back (--fail)")
        if asked is not None:
            # A key is often left out of what is pasted: its absence there says nothing of what was sent.
            keyless = not any(name.lower() in ("authorization", "api-key", "x-api-key") for name, _ in asked.headers)
            missing = entry.missing | ({KEY} if keyless else set())
            entry = entry._replace(
                method=asked.method, url=asked.url, headers=asked.headers, body=asked.body, missing=missing
            )
            asked_with += [*secrets_of(asked.headers, sent=True), *secrets_in_url(asked.url)]
            asked_with += secrets_in_body(asked.body or b"")
        asked_with += named_in(before[-_LONGEST_COMMAND:])  # the request as it was sent, the shell's variables
        headers = message.response.headers if message.response else ()
        secrets += secrets_of(((n.decode("latin-1"), v.decode("latin-1")) for n, v in headers), sent=False)
        entries.append(entry)
        notes += message.notes
        if len(entries) > MOST_CALLS:
            raise Unreadable(f"it holds more than {MOST_CALLS} replies; cut it down to those that are meant")
    if len(entries) > 1:
        notes.append(f"the file holds {len(entries)} replies, one after the other")
    format = "an HTTP response" if len(entries) == 1 else "HTTP responses"
    kept = as_secrets([*secrets, *asked_with])
    return Capture(format, tuple(entries), kept, tuple(dict.fromkeys(notes)), as_keys(asked_with))


def command(text: bytes) -> Command | None:
    """The last curl command line in a text; None where there is none that can be read."""
    plain = text[-_LONGEST_COMMAND:].decode("utf-8", "replace")
    places = [found.end() for found in _COMMAND.finditer(plain)]
    if not places:
        return None
    line = re.sub(r"[\\`^]\r?\n", " ", plain[places[-1] :])
    words = _words(line)
    return _of_words(words) if words else None


def _words(line: str) -> list[str]:
    """The words of the command, as a shell reads them; a quotation may go over several lines."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&<>")
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
        return []
    return words


def _document(word: str) -> str:
    """The JSON document at the start of a word: it may go over several lines, and the command ends behind it."""
    if word.lstrip()[:1] not in ("{", "["):
        return ""
    try:
        return word[: json.JSONDecoder().raw_decode(word)[1]]
    except (ValueError, RecursionError):
        return word


def _of_words(words: list[str]) -> Command | None:
    method, url, headers, body, has_body = "", "", [], None, False
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        name, equals, joined = word.partition("=") if word.startswith("--") else (word, "", "")
        value = joined if equals else (words[index] if index < len(words) else "")
        if name in ("-X", "--request", "-H", "--header", "--url", "-d", "--data", "--data-raw", "--data-binary",
                    "--data-ascii", "--json", "--data-urlencode"):  # fmt: skip
            index += not equals
            if name in ("-X", "--request"):
                method = value.upper()
            elif name in ("-H", "--header"):
                header, colon, content = value.partition(":")
                headers += [(header.strip(), content.strip())] if colon else []
            elif name == "--url":
                url = value
            else:
                has_body = True
                body = None if value.startswith("@") else value.encode("utf-8", "surrogatepass")
        elif name in ("-I", "--head"):
            method = "HEAD"
        elif name.startswith("-") and name.lstrip("-") in _WITH_VALUE:
            index += not equals
        elif not word.startswith("-") and "://" in word:
            url = url or word
        elif word.startswith("-X") and len(word) > 2:
            method = word[2:].upper()
    if "://" not in url:
        return None
    return Command(method or ("POST" if has_body else "GET"), url, tuple(headers), body)
