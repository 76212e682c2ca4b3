"""`curl -i` output as it stands in a terminal: one or several replies, each perhaps behind the command that got it."""

import re

from chatproof.captures import curl, wire
from chatproof.captures.curl_command import LONGEST, command, secrets_before
from chatproof.captures.entry import (
    MOST_CALLS,
    Capture,
    Captured,
    Unreadable,
    as_secrets,
    named_in,
    secrets_of,
    tokens_in,
)
from chatproof.secrets.of_requests import as_keys
from chatproof.wire.exchange import BODY, END, KEY

_STATUS = re.compile(rb"^HTTP/(?:1\.[01]|2(?:\.0)?|3(?:\.0)?) [0-9]{3}(?: [^\r\n]*)?\r?$", re.MULTILINE)
_FAILED = re.compile(rb"curl: \(22\) ")


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
        stopped = curl.stopped(rest if message.rest else data) if not _STATUS.search(rest) else None
        if stopped is not None and message.fault is None:
            message = message._replace(fault=stopped, missing=message.missing - {END})
        asked = command(before)
        entry = Captured(len(entries) + 1, message.response, message.fault, message.missing)
        if _FAILED.search(before) and message.response and not message.response.body and message.response.status >= 400:
            entry = entry._replace(fault=None, missing=entry.missing | {BODY, END})
            notes.append("curl did not print the body of a failing reply, because of its option --fail")
        if asked is not None:
            # A key is often left out of what is pasted: its absence there says nothing of what was sent.
            keyless = not any(name.lower() in ("authorization", "api-key", "x-api-key") for name, _ in asked.headers)
            missing = entry.missing | ({KEY} if keyless else set())
            entry = entry._replace(
                method=asked.method, url=asked.url, headers=asked.headers, body=asked.body, missing=missing
            )
        asked_with += secrets_before(before)
        asked_with += named_in(before[-LONGEST:])  # the request as it was sent, the shell's variables
        headers = message.response.headers if message.response else ()
        secrets += secrets_of(((n.decode("latin-1"), v.decode("latin-1")) for n, v in headers), sent=False)
        entries.append(entry)
        notes += message.notes
        if len(entries) > MOST_CALLS:
            raise Unreadable(f"it contains more than {MOST_CALLS} replies; reduce it to those that you want to check")
    if len(entries) > 1:
        notes.append(f"the file contains {len(entries)} replies, one after the other")
    format = "an HTTP response" if len(entries) == 1 else "HTTP responses"
    kept = as_secrets([*secrets, *asked_with])
    return Capture(format, tuple(entries), kept, tuple(dict.fromkeys(notes)), as_keys(asked_with))
