"""What holds on every row, whatever the server does. Each check returns what is wrong, in words; nothing when all is well."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import yaml

from chatproof import reporters
from chatproof.contract.clause import SMOKE
from chatproof.surfaces.chat import clauses
from tests.pace import pace
from tests.rogue.leaks import Detector
from tests.rogue.play import Taken
from tests.rogue.row import GO, NO_GO, UNDECIDED

EXIT = {0: GO, 1: NO_GO, 3: UNDECIDED}
LARGEST = 256 * 1024  # bytes of an artefact: what a server sends does not grow the record
GRACE = 1.0  # seconds beyond the deadlines
MEMORY = 170 * 1024  # KiB above a good run: of four large replies, how many are in hand at once is chance
_TRACES = re.compile(
    r"Traceback|\.py\b.*line \d|<\w+ object at|0x[0-9a-f]{8}|httptools|\b[A-Z][A-Za-z]*(?:Error|Exception|Warning)\b|internal error"
)


def be_in_time(taken: Taken, spare: float = 0.0) -> Iterator[str]:
    """In time by the row's own deadlines. `spare` are seconds that a machine takes which has other work to do."""
    allowed = taken.row.phases * taken.row.timeout + GRACE + spare
    # What costs CPU is measured in CPU: on a busy machine everything else is late as well.
    took = min(taken.seconds, taken.cpu) if taken.row.heavy else taken.seconds
    if taken.row.heavy and took > allowed:
        allowed *= pace()  # and CPU itself is slower beside work that takes the same memory
    if took > allowed:
        yield f"took {taken.seconds:.2f} s, {taken.cpu:.2f} s of CPU, where {allowed:.1f} s are allowed"


def be_small(taken: Taken, baseline: Taken) -> Iterator[str]:
    more = taken.rss_kib - baseline.rss_kib
    if more > MEMORY:
        yield f"used {more / 1024:.0f} MiB more than a good run"


def be_one_verdict(taken: Taken) -> Iterator[str]:
    """Exit status, document, record and text agree, and nobody is told PASS who was not promised it."""
    verdict = taken.document["verdict"]
    if EXIT.get(taken.status) != verdict:
        yield f"exit status {taken.status} for {verdict}"
    if verdict == GO and taken.row.verdict != GO:
        yield "GO"
    record = yaml.safe_load(taken.files["report.yaml"])["smoke_test_run"]
    if record != taken.document["smoke_test_run"]:
        yield "the YAML record is not the document's"
    if (record["pass_fail"] == "PASS") != (verdict == GO) or record["pass_fail"] not in ("PASS", "FAIL"):
        yield f"pass_fail is {record['pass_fail']} for {verdict}"
    if not taken.files["report.text"].startswith(f"{verdict}  ".encode()):
        yield "the text does not begin with the verdict"


def speak_plainly(taken: Taken) -> Iterator[str]:
    """No traceback, no name of a type of ours, no stray file; standard error is silent unless something is wrong."""
    for name, data in (("standard output", taken.stdout), ("standard error", taken.stderr)):
        found = {match.group() for match in _TRACES.finditer(data.decode("utf-8", "replace"))} - _ours()
        if found:
            yield f"{name} says {sorted(found)}"
    if taken.stderr:
        yield f"standard error is not empty: {taken.stderr[:200]!r}"
    for name in taken.files:
        if not name.startswith("report."):
            yield f"a stray file {name}"


@cache
def _ours() -> set[str]:
    """Names of errors that clauses name, for they say what a client raises. One of ours comes as an `internal error`."""
    return {name for clause in clauses.load(SMOKE).values() for name in _TRACES.findall(clause.why)}


def be_printable(taken: Taken) -> Iterator[str]:
    """No control, bidi or zero-width character but the line feed, in any artefact; and none is large."""
    for name, data in taken.artefacts.items():
        try:
            # CSV ends its lines with CRLF (RFC 4180); a lone CR is found.
            text = data.decode().replace("\r\n", "\n") if name.endswith(".csv") else data.decode()
            bad = next((char for char in text if char != "\n" and not char.isprintable()), "")
        except UnicodeDecodeError:
            bad = "bytes that are not UTF-8"
        if bad:
            yield f"{name} holds {bad!r}"
        if len(data) > LARGEST:
            yield f"{name} has {len(data)} bytes"


def parse(taken: Taken) -> Iterator[str]:
    for name, data in taken.state.items():
        if name.endswith("sqlite3"):
            kept = sqlite3.connect(":memory:")
            kept.deserialize(data[:18] + b"\1\1" + data[20:])  # in memory there is no write-ahead log
            if kept.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                yield f"{name} is damaged"
            kept.close()
    for name, data in taken.files.items():
        try:
            _read(name.partition(".")[2], data.decode())
        except (ValueError, yaml.YAMLError, ElementTree.ParseError, csv.Error) as error:
            yield f"{name} does not parse: {type(error).__name__}"


def _read(format: str, text: str) -> None:
    """Formats that do not exist yet are read here on the day they do."""
    if format == "json":
        json.loads(text)
    elif format == "yaml":
        yaml.safe_load(text)
    elif format in ("junit", "xml"):
        ElementTree.fromstring(text)
    elif format == "html":
        if re.search(r"<script[^>]*>\s*(?:alert|<)|<img src=x|<svg onload", text):
            raise ValueError("live tags of the server's")
    elif format == "csv":
        for row in csv.reader(io.StringIO(text), strict=True):
            if any(cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in row):
                raise ValueError("a formula")


@cache
def _our_words() -> tuple[str, ...]:
    """What a report says of itself, whatever the server does: the page's one script, and the clauses' sentences."""
    script = (Path(reporters.__file__).parent / "html" / "script.js").read_text(encoding="utf-8")
    sentences = (part for clause in clauses.load(SMOKE).values() for part in (clause.says, clause.why))
    return (f"<script>{script}</script>", *sentences)


def keep_the_key(taken: Taken, detector: Detector) -> Iterator[str]:
    """The canary in no artefact in any encoding, nor what the row forbids besides."""
    if not taken.state:
        yield "no journal was kept"
    for name, data in {**taken.artefacts, **taken.state}.items():
        for form in detector.find(data):
            yield f"{name} holds the key: {form}"
        text = data.decode("utf-8", "replace")
        for own in _our_words():
            text = text.replace(own, "")
        for word in taken.row.never:
            if word in text:
                yield f"{name} holds {word[:60]!r}"


def send_the_key_once(taken: Taken, key: str, detector: Detector) -> Iterator[str]:
    """What the servers saw: one request for each probe, the key in its Authorization header and nowhere else."""
    if taken.trapped:
        yield f"{taken.trapped} connections to the trap"
    header = f"\r\nAuthorization: Bearer {key}\r\n".encode()
    probes = [seen.probe for seen in taken.seen if seen.data]
    place = taken.row.place
    if not (place.raw or place.proxy) and sorted(probes) != sorted(set(probes)):
        yield f"requests were repeated: {probes}"
    # A refused certificate is looked at once more, and so is what speaks no TLS: on connections without a request.
    without = any(not seen.data or _is_hello(seen.data) for seen in taken.seen)
    looks = 2 if place.certificate or place.raw else int(without)
    if len(taken.seen) > (5 if taken.row.streams else 4) + looks:
        yield f"{len(taken.seen)} connections"
    for seen in taken.seen:
        expected = seen.probe in ("happy", "models", "stream") and header in seen.data
        rest = seen.data.replace(header, b"\r\n", 1) if expected else seen.data
        if seen.probe in ("models", "stream") and not expected and seen.data:
            yield f"{seen.probe} came without the key"
        for form in detector.find(rest):
            yield f"{seen.probe} shows the key a second time: {form}"
        lowered = rest.partition(b"\r\n\r\n")[0].lower()
        for word in (b"\r\ncookie:", b"basic ", b"x-api-key", b"netrc", b"/loop", b"/stolen"):
            if word in lowered:
                yield f"{seen.probe} holds {word!r}"


def _is_hello(data: bytes) -> bool:
    """A TLS record of the handshake: nothing that a key could be in."""
    return data.startswith(b"\x16\x03")
