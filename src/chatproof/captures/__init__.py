"""Captured evidence: files that other tools wrote, read into exchanges. Bytes in, values out; the format is sniffed.

Nothing here opens a file or sends a byte. Sizes and depth are bounded, and reading is linear.
"""

import json
import re
from typing import Any

from chatproof.captures import (
    answers_within,
    app_errors,
    around,
    as_printed,
    axios,
    bare_bodies,
    bare_curl,
    curl,
    har,
    json_files,
    json_records,
    other_formats,
    own_words,
    paste,
    pasted_errors,
    php_prints,
    recorded,
    run_document,
    server_logs,
    transcript,
    wget,
    wire,
)
from chatproof.captures.curl_command import LONGEST as LONGEST_COMMANDS
from chatproof.captures.curl_command import secrets_before
from chatproof.captures.entry import Capture, Captured, Unreadable, as_secrets, secrets_of, tokens_in
from chatproof.captures.told import LONGEST_TEXT
from chatproof.captures.trouble import NO_FORM
from chatproof.contract.probe import LISTING
from chatproof.evidence.reply import sniff
from chatproof.secrets.of_requests import as_keys
from chatproof.wire.exchange import BODY, END, HEADERS, STATUS, Response
from chatproof.wire.strictjson import crowded

__all__ = ["MOST", "Capture", "Captured", "Unreadable", "read"]

MOST = 32 * 1024 * 1024
"""Bytes of one file."""
_MOST_RESPONSE = 20 * 1024 * 1024  # more than the largest that is judged, chunk sizes and all
_TYPED = 1024 * 1024  # bytes of a file in which command lines are looked for
# A time, a name, or a number before words in brackets, as logs begin with; an array of JSON has a value there.
_SSE_LINE = re.compile(rb"(?m)^(?:data|event):|\A: ")  # a field; a comment alone is one that keeps a connection open
_BRACKETED = re.compile(
    rb"\[(?![ \t\r\n]*(?:[\[{\"'\]-]|\d+[ \t\r\n]*[,\].]|true\b|false\b|null\b|None\b|True\b|False\b))[^\]\n]{1,200}\]|"
    rb"\[[ \t]*\d{1,12}\][ \t:]{1,8}[A-Za-z]"
)
_TUPLE = re.compile(rb"\{[ \n]{0,8}(?::\"?\w{1,40}|ok|error)[ \n]{0,8},")  # of Elixir or Erlang
_VALUES = 1_000_000  # in one JSON file: each costs up to some hundred bytes of memory
FORMATS = "run JSON, HAR 1.2, curl -i or -iv output, a raw HTTP response, a JSON, SSE or HTML body, an SDK's error text"
ADVICE = "ask the endpoint itself: chatproof smoke TARGET; what can be judged: docs/reference/captures.md"
"""What to do where a text tells too little."""


def read(data: bytes) -> Capture:
    """What a file holds. Raises Unreadable, which names what was tried, when it is none of the formats."""
    if len(data) > MOST:
        raise Unreadable(f"it is larger than {MOST >> 20} MiB; reduce it to the calls that you want to check")
    pasted = paste.clean(data)
    try:
        capture = _read(pasted.data)
    except Unreadable as unreadable:
        pasted, capture = _around_the_blocks(data, pasted, unreadable)
    else:
        pasted, capture = _with_the_status_beside(data, pasted, capture)
    return _with_what_was_typed(data, capture._replace(notes=(*pasted.notes, *capture.notes)))


def _with_what_was_typed(data: bytes, capture: Capture) -> Capture:
    """With the secrets of command lines and programs that stand beside a reply, whoever reads it, and were cut off
    perhaps."""
    from chatproof.captures.beside import keys_beside

    is_one_document = data.lstrip()[:1] in (b"{", b"[") and b"\nHTTP/" not in data
    typed = [*keys_beside(data, capture.entries, is_one_document=is_one_document)]
    if not is_one_document and any(name in data for name in (b"curl", b"wget", b"http ", b"xh")):
        for at in range(0, min(len(data), _TYPED), LONGEST_COMMANDS):
            typed += secrets_before(data[at : at + LONGEST_COMMANDS])
    secrets, keys = (*capture.secrets, *as_secrets(typed)), (*capture.keys, *as_keys(typed))
    return capture._replace(secrets=secrets, keys=keys)


def _around_the_blocks(data: bytes, pasted: paste.Pasted, unreadable: Unreadable) -> tuple[paste.Pasted, Capture]:
    """What a text says beside its Markdown blocks, which may hold somebody's code. Raises what was raised before."""
    plain = paste.clean(data, fences=False)
    if plain.data == pasted.data:
        raise unreadable
    try:
        return plain, _read(plain.data)
    except Unreadable:
        raise unreadable from None


def _with_the_status_beside(data: bytes, pasted: paste.Pasted, capture: Capture) -> tuple[paste.Pasted, Capture]:
    """A body from a Markdown block whose status stands in the text beside the block, as forms of reports have it."""
    if len(capture.entries) != 1 or STATUS not in capture.entries[0].missing:
        return pasted, capture
    plain = paste.clean(data, fences=False)
    if plain.data == pasted.data or not app_errors.tells_status(plain.data[:LONGEST_TEXT].decode("utf-8", "replace")):
        return pasted, capture
    try:
        whole = _read(plain.data)
    except Unreadable:
        return pasted, capture
    return (plain, whole) if not {STATUS, BODY} & whole.entries[0].missing else (pasted, capture)


def _read(data: bytes) -> Capture:
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not start:
        raise Unreadable("it is empty")
    if wire.is_response(start):
        return _response(start)
    if curl.looks_like(start):
        return curl.read(start)
    if (bare := bare_bodies.read(start)) is not None:
        return bare
    if start[:1] in b"{[" and not _BRACKETED.match(start):
        return _json(data, start)
    if start.startswith((b"data:", b"event:")) and (plain := as_printed.straight(start)) != start:
        return (found := _read(plain))._replace(notes=(as_printed.STRAIGHT, *found.notes))
    if start.startswith((b"<?xml", b"<testsuite")) and (known := other_formats.name(start)):
        raise Unreadable(known)
    printed = php_prints.as_json(start)
    if printed is not None:
        return (found := _read(printed))._replace(notes=(php_prints.NOTE, *found.notes))
    kind = sniff(start)
    if kind == "html" or (kind == "sse" and _SSE_LINE.search(start)):
        return _body(data, {"html": "an HTML body", "sse": "an SSE body"}[kind])
    if transcript.has_reply(start):
        return transcript.read(start)
    if wget.looks_like(start):
        return wget.read(start)
    was = as_printed.restored(start) if start[:1] in b'"%' else None
    if was is not None:
        return (found := _json(was.data, was.data))._replace(notes=(was.note, *found.notes))
    text = start[:LONGEST_TEXT].decode("utf-8", "replace")
    documents = answers_within.documents(text)
    within = answers_within.find(text, documents)
    if (
        within
        and not pasted_errors.tells(within.around)
        and not other_formats.name(within.around.encode("utf-8", "replace"))
    ):
        return _of_answer(within)
    known = "" if bare_curl.looks_like(text) else other_formats.name(start)
    if not known and pasted_errors.looks_like(text):
        try:
            return pasted_errors.read(start)
        except Unreadable:
            if within is None or not NO_FORM.search(within.around):
                raise  # the client had no reply to read: the answer is of another call
            if unfit := own_words.unfit(text, shown=True):
                raise Unreadable(f"it is error text of a client: {unfit}") from None
            return _of_answer(within)  # a client could not read it, and shows it
    if known and (rest := other_formats.without_a_request(start)):
        try:
            return _read(rest)
        except Unreadable:
            raise Unreadable(known) from None
    if known:
        raise Unreadable(known)
    if (bare := bare_bodies.in_a_few_lines(text)) is not None:
        return bare
    if answers_within.has_events(documents):
        raise Unreadable(answers_within.SOME)
    raise Unreadable(
        f"it has none of these formats: {FORMATS}"
    )  # and is not quoted: a file given by mistake may be a key


def _of_answer(within: answers_within.Found) -> Capture:
    """An answer that stands in other text, as JSON or as the events of a stream."""
    found = _body(within.body, "an SSE body") if within.streamed else _json(within.body, within.body)
    return found._replace(notes=(within.note, *found.notes))


def _response(data: bytes) -> Capture:
    """Bytes off the wire, or what `curl -i` wrote; where another reply follows, each of them."""
    message = wire.read(data[:_MOST_RESPONSE])
    if transcript.has_reply(message.rest):
        return transcript.read(data)
    stopped = curl.stopped(data)
    if stopped is not None and message.fault is None:  # curl's sentence tells how it ended
        message = message._replace(fault=stopped, missing=message.missing - {END})
    response = message.response
    headers = response.headers if response else ()
    secrets = [
        *secrets_of(((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers), sent=False),
        *tokens_in(data),
    ]
    entry = Captured(1, response, message.fault, message.missing)
    return Capture("an HTTP response", (entry,), as_secrets(secrets), message.notes)


def _json(data: bytes, start: bytes) -> Capture:
    if crowded(start, _VALUES):
        raise Unreadable(f"it has more than {_VALUES} values; reduce it to the calls that you want to check")
    value = _parsed(start)
    shown = around.document_alone(start) if value is None else b""
    if shown:
        found = _json(shown, shown)
        status = around.status_behind(start[len(shown) :])
        entries = tuple(entry.with_status(status) for entry in found.entries) if status else found.entries
        return found._replace(entries=entries, notes=(around.WORDS_BEHIND, *found.notes))
    above = around.document_before_words(start) if value is None else b""
    if above and (parsed := _parsed(above)) is not None:
        json_files.refuse_what_is_no_reply(parsed)
        if json_files.is_reply(parsed):
            found = _json(above, above)
            return found._replace(notes=(around.WORDS_BELOW, *found.notes))
    was = as_printed.restored(start) if value is None else None
    if was is not None:
        return (found := _json(was.data, was.data))._replace(notes=(was.note, *found.notes))
    if value is None:
        text = start[:LONGEST_TEXT].decode("utf-8", "replace")
        if start[:1] == b"[" and pasted_errors.looks_like(text):  # logs begin with a time in brackets
            return pasted_errors.read(start)
        if start[:2] in (b"{'", b"[{") and app_errors.looks_like(text):  # a dict of Python, as it is printed
            return pasted_errors.read(start)
        if _is_printed(start, text) and pasted_errors.looks_like(text):
            return pasted_errors.read(start)
    if har.is_har(value):
        return har.read(value)
    if run_document.is_run(value):
        return run_document.read(value)
    if value is None and any(mark in start[:4096] for mark in (b'"chatproof.running.run/', b'"creator"')):
        raise Unreadable("it begins like a HAR or a run document, but is not valid JSON: its end may be missing")
    if isinstance(value, dict) and str(value.get("schema", "")).startswith("chatproof."):
        raise Unreadable(f"its schema is not {run_document.SCHEMA}, the only one that can be read")
    row = json_records.in_a_row(start[:LONGEST_TEXT].decode("utf-8", "replace")) if value is None else []
    logged = pasted_errors.of_documents(row, start)
    if logged is not None:
        return logged
    records = json_records.lines(start) if value is None and start[:1] == b"{" else []
    if axios.is_error(value):
        return axios.read(value)
    if (kept := recorded.read(row or value)) is not None:
        return kept
    requests = [record for record in records or row or [value] if server_logs.is_record(record)]
    if requests:
        return pasted_errors.of_requests(requests)
    if json_records.is_record(value):
        return pasted_errors.of_record(json_records.text_of(value))
    if any(map(json_records.is_record, records)):
        return pasted_errors.of_record(json_records.texts_of(records))
    if events := answers_within.streamed(row if len(row) > 1 else []):
        return _body(events, "an SSE body")._replace(notes=(answers_within.STREAMED,))
    if len(row) > 1 and answers_within.are_events(row):
        raise Unreadable(answers_within.SOME)
    if not records and (replies := pasted_errors.of_replies(row, start)) is not None:
        return replies
    if app_errors.is_error(value):
        return pasted_errors.of_object(value)
    json_files.refuse_what_is_no_reply(value)
    capture = _body(data, "a JSON body")
    if json_files.is_listing(value):
        return capture._replace(
            format="a list of models", entries=tuple(e._replace(role=LISTING) for e in capture.entries)
        )
    return capture


def _is_printed(start: bytes, text: str) -> bool:
    """No JSON that went wrong, but what a program shows of its own: a tuple, or a whole object in another notation."""
    return bool(_TUPLE.match(start)) or (start[:1] == b"{" and as_printed.is_object(text))


def _parsed(data: bytes) -> Any:
    """The value of a JSON file, None for what is none: strictness is for replies, not for what carries them."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _body(data: bytes, format: str) -> Capture:
    """A body and nothing else: neither status nor headers, nor whether this is the whole of it."""
    response = Response("", 0, b"", (), data, len(data), "identity")
    entry = Captured(1, response, None, frozenset({STATUS, HEADERS, END}))
    return Capture(format, (entry,), as_secrets(tokens_in(data)))
