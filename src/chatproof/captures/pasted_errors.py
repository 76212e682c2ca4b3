"""Text that people paste of a failure: SDK errors, tracebacks, logs. The exchange in it is found and judged.

Each kind of text has its reader, a file of its own with `NAME`, `looks_like` and `pieces`.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Protocol

from chatproof.captures import (
    answers_within,
    app_errors,
    aws_sdks,
    bare_bodies,
    bare_curl,
    browser_console,
    curl_command,
    debug_logs,
    http_logs,
    json_files,
    json_records,
    other_clients,
    own_words,
    powershell,
    printed_errors,
    sdk_node,
    sdk_python,
    sdk_rust,
    server_logs,
    trouble,
)
from chatproof.captures.entry import Capture, Captured, Unreadable, as_secrets, named_in, secrets_of, tokens_in
from chatproof.captures.told import LONGEST_TEXT, MOST, Told, as_body, captured, merged, seen
from chatproof.captures.trouble import NO_FORM, NO_JSON
from chatproof.evidence.provider_error import by_words, find_error
from chatproof.secrets.of_requests import as_keys, secrets_in_body, secrets_in_url
from chatproof.wire.exchange import STATUS, STATUS_LINE

_HEAD = re.compile(r"HTTP/[\d.]+ (\d{3})\b")


class Reader(Protocol):
    """What the file of a reader has."""

    NAME: str

    def looks_like(self, text: str) -> bool: ...

    def pieces(self, text: str) -> Iterator[Told]: ...


READERS: tuple[Reader, ...] = (aws_sdks, sdk_rust, sdk_python, debug_logs, sdk_node, browser_console, powershell)
# What these find is the whole of it: the lines below a command are what it printed, and no other client's.
ALONE: tuple[Reader, ...] = (bare_curl, http_logs)
# These know no client by its name: they are asked where the others find neither a status nor a cause.
OTHERS: tuple[Reader, ...] = (server_logs, printed_errors, app_errors, other_clients)


def looks_like(text: str) -> bool:
    """Some reader knows this kind of text, or it is known why none can read it."""
    return tells(text) or bool(bare_curl.reason(text))


def tells(text: str) -> bool:
    """Say whether a text tells of an exchange, or why there was none."""
    known = any(reader.looks_like(text) for reader in (*ALONE, *READERS))
    plain = text if known else answers_within.without(text)
    known = known or any(reader.looks_like(plain) for reader in OTHERS)
    return known or bool(NO_JSON.search(text) or own_words.reason(text))


def read(data: bytes) -> Capture:
    """The exchanges that a text tells of. Raises Unreadable when it tells neither a status nor what stopped it."""
    text = data[:LONGEST_TEXT].decode("utf-8", "replace").replace("\r\n", "\n")
    known: list[Reader] = [reader for reader in ALONE if reader.looks_like(text)][:1]
    known = known or [reader for reader in READERS if reader.looks_like(text)]
    # A log goes before the error that ends it.
    known.sort(key=lambda reader: reader is not debug_logs)
    told = merged(piece for reader in known for piece in reader.pieces(text))
    plain = cache(lambda: answers_within.without(text))
    if not any(piece.status >= 400 or piece.fault or (piece.status and piece.body) for piece in told):
        others = _by_others(plain())
        stopped = others is not None and any(piece.status or piece.fault for piece in others[1])
        if others and sdk_python.ANSWERED.search(text) and not any(piece.status for piece in others[1]):
            stopped = False  # the class is of a reply: what its words say of a connection, a gateway says of its own
        failed = others is not None and any(piece.status >= 400 for piece in others[1])
        if others and (not told or (failed if any(piece.status for piece in told) else stopped)):
            known, told = others  # also where a log shows only calls that were answered before
    if told and not any(piece.status or piece.body for piece in told) and (said := _refusal(plain())):
        known, told = [app_errors], [said]
    names = " and ".join(reader.NAME for reader in known) or "error text of a client"
    if not told and (unfit := own_words.unfit(text)):
        raise Unreadable(f"it is {names}: {unfit}")
    if not told and NO_JSON.search(text):
        raise Unreadable(
            f"it is {names}: the client could not read a reply as JSON, and the reply itself is not "
            "in the text; capture it with: curl -sS -i …"
        )
    own = "" if told else server_logs.reason(text) or own_words.reason(text) or bare_curl.reason(text)
    if own:
        raise Unreadable(f"it is {names}: {own}")
    if not told:
        raise Unreadable(
            f"it is {names}, and shows neither a status nor why the request was stopped; capture the "
            "reply itself with: curl -sS -i …"
        )
    # Whatever a command line in the text was given is no reply's to tell.
    secrets, asked_with = [*tokens_in(data)], [*curl_command.secrets_before(data), *named_in(data[:LONGEST_TEXT])]
    for piece in told:
        asked_with += [*secrets_in_url(piece.url), *secrets_in_body(piece.posted or b"")]
        secrets += secrets_of(piece.headers, sent=False)
    entries = tuple(_with_its_status(captured(number, piece)) for number, piece in enumerate(told, 1))
    known_secrets, refused = as_secrets([*secrets, *asked_with]), bool(NO_FORM.search(text))
    return Capture(names, entries, known_secrets, (seen(told[-1]),), as_keys(asked_with), refused=refused)


def _with_its_status(entry: Captured) -> Captured:
    """The exchange with the status that such a body comes under, where it is one that comes under no other."""
    status = bare_bodies.status_of(entry.response.body) if entry.response and STATUS in entry.missing else 0
    found = entry.with_status(status) if status else entry
    return found._replace(missing=found.missing | {STATUS_LINE}) if status else entry


def _refusal(text: str) -> Told | None:
    """What a server said under a status, in a text in which a client tells of other calls that got no reply."""
    said = next(app_errors.pieces(text), None)
    if said is None or not said.status or said.body is None:
        return None
    try:
        error = find_error(json.loads(said.body), failing=True)
    except ValueError:
        return None
    return said if error is not None and by_words(error) not in ("unknown", "upstream") else None


def _by_others(text: str) -> tuple[list[Reader], list[Told]] | None:
    """What the readers tell that know no client by its name. Where no status is told, why nothing came goes first."""
    logged = merged(server_logs.pieces(text))
    if logged:
        return [server_logs], logged
    stopped = other_clients.stopped(text)
    if stopped is not None and not app_errors.tells_status(text):
        return [other_clients], [stopped]
    for reader in OTHERS:
        told = merged(reader.pieces(text))
        if told:
            return [reader], told
    return ([other_clients], [stopped]) if stopped is not None else None


def of_record(text: str) -> Capture:
    """What the texts of a record tell that a client or a logger wrote as JSON. Raises Unreadable as `read` does."""
    fault = None if looks_like(text) else trouble.by_words(text, "the client")
    if fault is None:
        return read(text.encode("utf-8", "surrogatepass"))
    return Capture(json_records.NAME, (captured(1, Told(fault=fault)),), as_secrets(tokens_in(text.encode())))


def of_requests(values: list[Any]) -> Capture:
    """A server's log with a JSON record for each request. Raises Unreadable where none of them failed."""
    told = merged(server_logs.of_records(values))
    if not told:
        raise Unreadable(f"it is {server_logs.NAME}: {server_logs.ANSWERED}")
    entries = tuple(captured(number, piece) for number, piece in enumerate(told, 1))
    secrets = as_secrets(secret for piece in told for secret in secrets_in_url(piece.url))
    return Capture(server_logs.NAME, entries, secrets, (seen(told[-1]),))


def of_documents(values: list[Any], data: bytes) -> Capture | None:
    """What a program logged of its replies as JSON documents in a row: the head as a text, the body behind it."""
    told: list[Told] = []
    for number, head in enumerate(values):
        status = _HEAD.match(head) if isinstance(head, str) else None
        if status is None:
            continue
        fields = (line.partition(":") for line in head.splitlines()[1:200])
        headers = tuple((name, said.strip()) for name, colon, said in fields if colon and name)
        failing = int(status[1]) >= 400
        behind = (value for value in values[number + 1 :] if isinstance(value, dict))
        body = next((v for v in behind if json_files.holds_answer(v) or find_error(v, failing=failing)), None)
        told.append(Told(int(status[1]), as_body(body), headers))
    if not told:
        return None
    return _in_a_row(told, data)


def of_replies(values: list[Any], data: bytes) -> Capture | None:
    """What a program logged as JSON documents in a row, none of which is a head: those that are a reply's body."""
    bodies = [v for v in values if isinstance(v, dict) and (json_files.holds_answer(v) or find_error(v))]
    return _in_a_row([Told(0, as_body(body)) for body in bodies], data) if len(values) > 1 and bodies else None


def _in_a_row(told: list[Told], data: bytes) -> Capture:
    """These exchanges of a log. Beside them may stand the request's head, with the key that a reply quotes."""
    beside = [*named_in(data[:LONGEST_TEXT])]
    secrets = as_secrets(
        [*tokens_in(data), *beside, *(s for piece in told for s in secrets_of(piece.headers, sent=False))]
    )
    entries = tuple(captured(number, piece) for number, piece in enumerate(told[-MOST:], 1))
    return Capture(json_records.IN_A_ROW, entries, secrets, (seen(told[-1]),), as_keys(beside))


def of_object(value: dict[str, Any]) -> Capture:
    """An SDK's error that a program wrote as JSON."""
    told = app_errors.of_object(value)
    return Capture(
        app_errors.NAME, (captured(1, told),), as_secrets(secrets_of(told.headers, sent=False)), (seen(told),)
    )
