"""What must be true of any bytes. Each oracle takes bytes and raises Wrong; fuzzer and tests share them.

A corpus file is `HTTP/…` (raw reply), or `STATUS MEDIA`, header lines, blank line, body (as in tests.support.wire, which
adds the right length), or anything else (taken both as a raw reply and as a body). `@KEY@` and `@KEY:form@` stand for
the canary key, plain or in one of FORMS.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import chatproof
from chatproof import reporters
from chatproof.reporters import PLAIN, Style
from chatproof.secrets.redaction import MARK, Redactor, encodings
from chatproof.wire import strictjson as json_reader
from chatproof.wire.exchange import Response, Secret
from chatproof.wire.http1 import EXCESS_KEPT, ResponseReader
from chatproof.wire.message import Limits
from chatproof.wire.sse import SseLimits, SseReader
from chatproof.wire.strictjson import REASONS, JsonLimits, parse
from tests.fuzz.oracle_parts import (
    FORMS,
    SMALL,
    SMALL_JSON,
    SMALL_SSE,
    Wrong,
    body,
    bytewise,
    expand,
    guard,
    replies,
    splits,
    timed,
)
from tests.rogue.leaks import Detector
from tests.support import GOOD, KEY, MODEL, Played, play

PROBES = tuple(GOOD)
VERDICTS = ("GO", "NO-GO", "UNDECIDED")


# -- http1 ------------------------------------------------------------------------------------------------------


def read(pieces: list[bytes], method: str, limits: Limits) -> tuple[bool, tuple[str, str, str], Response | None]:
    """(complete, (code, phase, detail) of the fault, response)."""
    reader = ResponseReader(method, limits)
    for piece in pieces:
        reader.feed(piece, 1.0)
        assert reader.phase in ("first_byte", "headers", "body")
        _ = reader.ends_with_the_connection
        before = reader.fault
    assert not pieces or reader.fault is before
    reader.eof()
    return reader.complete, tuple(reader.fault or ("", "", ""))[:3], reader.response()  # type: ignore[return-value]


def http1(data: bytes, seed: int = 0) -> tuple[str, ...]:
    """One answer, however the bytes are cut; limits kept; linear. Returns the fault codes as a signature."""
    chance, seen = random.Random(seed), []
    for method, limits in (("POST", Limits()), ("POST", SMALL), ("HEAD", Limits())):
        name = f"http1 {method}{' small' if limits is SMALL else ''}"
        whole = timed(name, len(data), lambda m=method, lim=limits: read([data], m, lim), 40)
        complete, fault, response = whole
        seen.append(fault[0])
        if not complete and not fault[0]:
            raise Wrong(name, "neither complete nor faulty")
        if not fault[0] and (response is None or not 200 <= response.status <= 599):
            raise Wrong(name, "no fault and no response", repr(response)[:200])
        if response is not None:
            _kept(name, response, limits, fault[0])
        for how, pieces in (("byte by byte", bytewise(data)), ("split", splits(data, chance))):
            other = timed(name, len(data), lambda p=pieces, m=method, lim=limits: read(p, m, lim), 60)
            _same(name, how, whole, other, pieces)
    return tuple(seen)


def _same(name: str, how: str, whole: Any, other: Any, pieces: list[bytes]) -> None:
    sizes = [len(piece) for piece in pieces][:12]
    for what, one, two in zip(("fault", "phase", "detail"), whole[1], other[1], strict=True):
        # What stands where nothing should is quoted as far as it had come.
        if one != two and not (what == "detail" and re.search("the reply begins|bytes follow|bad chunk", one)):
            shown = f"{what} {one!r} whole, {two!r} {how}" if what != "detail" else "the fault's detail"
            raise Wrong(name, shown, f"{one!r} and {two!r}; pieces {sizes}")
    if whole[0] != other[0]:
        raise Wrong(name, f"complete {whole[0]} whole, {other[0]} {how}", f"pieces {sizes}")
    # Arrivals are the pieces themselves; a stray line end counts as excess only where it was seen.
    one, two = (r[2] and r[2]._replace(arrivals=(), excess=b"") for r in (whole, other))
    if (one is None) != (two is None):
        raise Wrong(name, "a response depends on the pieces", f"pieces {sizes}")
    for field in Response._fields if one is not None else ():
        if getattr(one, field) != getattr(two, field):
            got = f"{getattr(one, field)!r:.300} and {getattr(two, field)!r:.300}"
            raise Wrong(name, f"{field} depends on the pieces", f"{got}; pieces {sizes}")


def _kept(name: str, response: Response, limits: Limits, fault: str) -> None:
    trailers = sum(len(n) + len(v) + 4 for n, v in response.trailers)
    for what, have, most in (
        ("headers", len(response.headers), limits.headers),
        ("informational", len(response.informational), limits.informational),
        ("trailers", trailers, limits.trailers),
        ("body", len(response.body), limits.body),
        ("excess", len(response.excess), EXCESS_KEPT),
    ):
        if have > most and fault != "limit.size":
            raise Wrong(name, f"{what} over its limit", f"{have} > {most}")


def linear(data: bytes, seed: int = 0) -> None:
    """A piece of the input repeated to 256 KiB: every reader stays linear on it."""
    chance = random.Random(seed)
    start = chance.randrange(len(data) + 1)
    piece = data[start : start + chance.choice((1, 2, 7, 40, 400))] or b"a"
    long = data[:start] + piece * (256 * 1024 // len(piece))
    inner = body(data)
    start = chance.randrange(len(inner) + 1)
    piece = inner[start : start + chance.choice((1, 2, 7, 40, 400))] or b"a"
    flow = inner[:start] + piece * (256 * 1024 // len(piece))
    step = chance.choice((61, 1460, 65536))
    cut = [long[i : i + step] for i in range(0, len(long), step)]
    timed("http1 linear", len(long), lambda: read(cut, "POST", Limits()), 8)
    timed("strictjson linear", len(flow), lambda: parse(flow), 8)
    flows = [flow[i : i + step] for i in range(0, len(flow), step)]
    timed("sse linear", len(flow), lambda: sse_read(flows, SseLimits()), 8)
    timed("redactor linear", len(flow), lambda: _redactor().text(flow.decode("latin-1")), 20)


# -- strictjson -------------------------------------------------------------------------------------------------


def strictjson(data: bytes, seed: int = 0) -> str:
    """Never raises, never accepts what json refuses, equals json where accepted; refuses only for a reason."""
    data = body(data)
    for limits in (SMALL_JSON, JsonLimits()):
        value, problem = timed("strictjson", len(data), lambda lim=limits: parse(data, lim), 30)
        if problem is not None:
            if value is not None or problem.reason not in REASONS:
                raise Wrong("strictjson", "bad problem", repr(problem))
            if not 0 <= problem.offset <= len(data):
                raise Wrong("strictjson", "offset out of range", repr(problem))
            if not problem.path.startswith("$"):
                raise Wrong("strictjson", "bad path", repr(problem))
        two_readers(data, limits)
    known, quirks = _reference(data)
    if problem is None:
        if quirks:
            raise Wrong("strictjson", f"accepts {sorted(quirks)[0]}", repr(data[:200]))
        if not _equal(value, known):
            raise Wrong("strictjson", "another value than json", f"{value!r:.200} {known!r:.200}")
        _prefixes(data, seed)
        return ""
    allowed = {"number_range", "too_deep", "too_many_nodes"} & {problem.reason}
    if not quirks and not allowed:
        raise Wrong("strictjson", f"refuses strict JSON as {problem.reason}", repr(data[:200]))
    if quirks and "refused" not in quirks and problem.reason not in quirks | allowed:
        raise Wrong("strictjson", f"{problem.reason} where {sorted(quirks)}", repr(data[:200]))
    return problem.reason


def two_readers(data: bytes, limits: JsonLimits) -> str:
    """Hold the C decoder to our parser. Returns the reason of a refusal, "" for a value, "slow" for one of our parser's."""
    text, problem = json_reader._decoded(data)
    if problem is not None:
        return problem.reason
    decided = json_reader._decide(data, text, limits)
    (value, problem), _ = json_reader._explain(text, limits)
    if decided is json_reader._UNDECIDED:
        return problem.reason if problem is not None else "slow"
    if problem is not None:
        raise Wrong("two readers", f"the decoder accepts {problem.reason}", repr(data[:300]))
    if not _equal(decided, value):
        raise Wrong("two readers", "two values", f"{decided!r:.200} {value!r:.200}")
    return ""


def _reference(data: bytes) -> tuple[Any, set[str]]:
    """The value by the standard library, and what is not strict in the document, as far as that can tell."""
    quirks: set[str] = set()

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(items)) < len(items):
            quirks.add("duplicate_key")
        strings.extend(name for name, _ in items)
        return dict(items)

    def constant(text: str) -> float:
        quirks.add("not_a_number")
        return 0.0

    def real(text: str) -> float:
        number = float(text)
        if number in (float("inf"), float("-inf")):
            quirks.add("number_range")
        return number

    def whole(text: str) -> int:
        if len(text) > 300 and abs(float(text)) == float("inf"):
            quirks.add("number_range")
            return 0
        return int(text)

    strings: list[str] = []
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant, parse_float=real, parse_int=whole)
    except (ValueError, RecursionError):
        return None, {"refused"}
    stack, level = [(value, 0)], 0
    while stack:
        item, level = stack.pop()
        if isinstance(item, dict | list):
            if level >= 64:
                quirks.add("too_deep")
            stack += [(inner, level + 1) for inner in (item.values() if isinstance(item, dict) else item)]
        elif isinstance(item, str):
            strings.append(item)
    if any("\ud800" <= char <= "\udfff" for text in strings for char in text):
        quirks.add("lone_surrogate")
    return value, quirks


def _equal(one: Any, two: Any) -> bool:
    """Equal in type, too: 1, 1.0 and true are three things."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        return list(one) == list(two) and all(_equal(one[name], two[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(two) and all(map(_equal, one, two))
    return bool(one == two) and repr(one) == repr(two)


def _prefixes(data: bytes, seed: int) -> None:
    """What is cut off from a document is truncated, and nothing else."""
    text = data.strip(b" \t\r\n")
    if text[:1] not in (b"{", b"[", b'"'):
        return
    chance = random.Random(seed)
    some = range(len(text)) if len(text) <= 64 else {chance.randrange(len(text)) for _ in range(4)} | {len(text) - 1}
    for size in some:
        problem = parse(text[:size])[1]
        if problem is None or problem.reason not in ("truncated", "empty", "not_utf8"):
            said = problem.reason if problem else "accepted"
            raise Wrong("strictjson prefix", f"a truncated document is {said}", repr(text[max(size - 60, 0) : size]))


# -- sse --------------------------------------------------------------------------------------------------------


def sse_read(pieces: list[bytes], limits: SseLimits) -> tuple[list[Any], bytes, str, int]:
    reader = SseReader(limits)
    for piece in pieces:
        reader.feed(piece)
    return [tuple(event) for event in reader.events], reader.eof(), reader.problem, reader.comments


def sse(data: bytes, seed: int = 0) -> int:
    """The same events under any split, and those of a naive reader."""
    data, chance = body(data), random.Random(seed)
    for limits in (SseLimits(), SMALL_SSE):
        name = "sse small" if limits is SMALL_SSE else "sse"
        whole = timed(name, len(data), lambda lim=limits: sse_read([data], lim), 30)
        for how, pieces in (("byte by byte", bytewise(data)), ("split", splits(data, chance))):
            other = timed(name, len(data), lambda p=pieces, lim=limits: sse_read(p, lim), 60)
            fields = ("events", "rest", "problem", "comments")
            for field, one, two in zip(fields, whole, other, strict=True):
                if one != two:
                    offsets = field == "events" and [e[:2] for e in one] == [e[:2] for e in two]
                    what = "the events' offset" if offsets else field
                    raise Wrong(name, f"{what} {how} differs", f"{one!r:.300} {two!r:.300}")
        for _, _, at, _ in whole[0]:
            if not 0 <= at <= len(data):
                raise Wrong(name, "offset out of range", f"{at} of {len(data)}")
        if limits is not SMALL_SSE:
            naive = naive_events(data)
            if whole[0] != naive:
                raise Wrong(name, "events differ from a naive reader's", f"{whole[0]!r:.300} {naive!r:.300}")
            found = len(naive)
    return found


def naive_events(data: bytes) -> list[tuple[str, bytes, int, bool]]:
    """(name, data, where its first data line begins, whether the name was sent) of each event."""
    found, name, lines, start = [], b"", [], 0
    at = 0
    for match in re.finditer(rb"([^\r\n]*)(?:\r\n|\n|\r)", data):
        line, at = match[1].removeprefix(b"\xef\xbb\xbf") if not match.start() else match[1], match.start()
        field, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if not line:
            if lines:
                said = name.decode("utf-8", "replace")
                found.append((said or "message", b"\n".join(lines), start, bool(said)))
            name, lines = b"", []
        elif field == b"data":
            start = start if lines else at
            lines.append(value)
        elif field == b"error" or (line.startswith(b"{") and b'"error"' in line[:200]):  # llama.cpp's field; bare JSON
            found.append(("error", value if field == b"error" else line, at, False))
        elif field == b"event":
            name = value
    return found


# -- the whole path ---------------------------------------------------------------------------------------------


@cache
def _validator() -> Any:
    import jsonschema_rs

    from tests.unit.test_record import strict_schema

    return jsonschema_rs.validator_for(strict_schema())


@cache
def _environment() -> dict[str, object]:
    from tests.unit.test_record import smoke_environment

    return smoke_environment()


@cache
def _detector() -> Detector:
    return Detector(KEY)


@cache
def _redactor() -> Redactor:
    return Redactor([Secret(KEY)])


def path(data: bytes, probe: str = "happy", seed: int = 0) -> tuple[Any, ...]:
    """Reply to verdict to reports: never raises, never says GO to what is none, leaks nothing, always parses."""
    signature: list[Any] = []
    for raw in replies(data):
        played = timed("path", len(raw), lambda r=raw: _play(r, probe, seed), 400)
        signature += _judged(played, raw, probe)
        document = guard("path record", lambda p=played: p.record.document)
        document["environment"] = _environment()
        _reports(document, played.verdict, data)
    return tuple(signature)


@cache
def _profiles() -> list[str]:
    folder = Path(chatproof.__file__).parent / "target" / "profiles"
    return ["generic", *sorted({file.stem for file in folder.glob("*.json")} - {"generic"})]


def _play(raw: bytes, probe: str, seed: int) -> Played:
    """Mostly the generic profile and all checks; else another profile, strict, without a key, or without a model."""
    profiles = _profiles()
    name = profiles[seed // 7 % len(profiles)] if seed % 3 == 1 else "generic"
    options = {"profile": name, "strict": seed % 5 == 4}
    if seed % 31 == 30 and not probe.startswith("auth."):
        options["no_auth"] = True
    if seed % 37 == 36:
        options["no_key"] = True
    return play({probe: raw}, **options)


def _judged(played: Played, raw: bytes, probe: str) -> list[Any]:
    if played.verdict not in VERDICTS:
        raise Wrong("path", "unknown verdict", played.verdict)
    waived = any(f.outcome == "waived" and f.probe == probe for f in played.judgement.findings)
    if played.verdict == "GO" and not waived:
        parts = bool(played.profile.fact("content_parts"))
        if probe == "happy" and (why := naive_no(raw, parts)):
            raise Wrong("path", f"GO, but {why}", repr(raw[:300]))
        if probe.startswith("auth.") and not naive_reply(raw)[0] >= 300:
            raise Wrong("path", "GO, but a wrong key was not refused", repr(raw[:300]))
    if played.verdict != "GO" and not played.diagnoses:
        raise Wrong("path", "no GO and no diagnosis", repr(raw[:300]))
    seen = [
        (f.clause, f.outcome, re.sub(r"[0-9]+|\"[^\"]*\"", "#", f.reason)[:60])
        for f in played.judgement.findings
        if f.outcome != "holds"
    ]
    return [played.verdict, *played.codes, *seen]


def naive_reply(raw: bytes) -> tuple[int, str, bytes]:
    """(status, media type, body) of a reply by the shortest reader that can be: for replies that chatproof accepts."""
    while True:
        head, rest = [*re.split(rb"\r\n\r\n|\n\n", raw, maxsplit=1), b""][:2]
        lines = [line.strip(b" \t\r") for line in re.sub(rb"\r?\n[ \t]+", b" ", head).split(b"\n")]
        status = int(lines[0].split(b" ")[1])
        if status >= 200:
            break
        raw = rest
    headers = [(n.lower(), v.strip()) for n, _, v in (line.partition(b":") for line in lines[1:])]
    have = dict(reversed(headers))
    content = rest
    if have.get(b"transfer-encoding", b"").lower() == b"chunked":
        content = b""
        while True:
            size, _, rest = rest.partition(b"\n")
            count = int(size.split(b";")[0].strip(), 16)
            if not count:
                break
            content, rest = content + rest[:count], rest[count:].removeprefix(b"\r").removeprefix(b"\n")
    elif b"content-length" in have:
        content = rest[: int(have[b"content-length"].split(b",")[0])]
    if b"gzip" in have.get(b"content-encoding", b"").lower():
        content = gzip.decompress(content)
    return status, have.get(b"content-type", b"").decode("latin-1"), content


def naive_no(raw: bytes, parts: bool = False) -> str:
    """Why a reply is no 200 with JSON that says something; empty when it is one."""
    try:
        status, media, content = naive_reply(raw)
        if status != 200:
            return f"the status is {status}"
        if "json" not in media.lower():
            return "the media type is not JSON"
        value = json.loads(content.decode("utf-8"))
        text = value["choices"][0]["message"]["content"]
    except Exception as error:
        return f"a naive reader fails with {type(error).__name__}"
    if value.get("error"):
        return "it carries an error"
    if parts and isinstance(text, list):
        text = "".join(part["text"] for part in text if isinstance(part, dict) and isinstance(part.get("text"), str))
    return "" if isinstance(text, str) and text.strip() else "there is no content"


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _reports(document: dict[str, Any], verdict: str, data: bytes) -> None:
    try:
        _validator().validate(document)
    except Exception as error:
        raise Wrong("schema", "the document is not valid", str(error)[:400]) from error
    told = guard("as_json", lambda: reporters.render("json", document))
    if not told.isascii() or re.search(r"[\x00-\x09\x0b-\x1f\x7f]", told):
        raise Wrong("as_json", "not printable ASCII")
    loaded = guard("as_json parse", lambda: json.loads(told))
    if loaded["verdict"] != verdict:
        raise Wrong("as_json", "another verdict")
    said = guard("as_yaml", lambda: reporters.render("yaml", document))
    record = guard("as_yaml parse", lambda: yaml.load(said, Loader=_LOADER))["smoke_test_run"]
    if record["pass_fail"] != ("PASS" if verdict == "GO" else "FAIL"):
        raise Wrong("as_yaml", "pass_fail and verdict disagree", f"{record['pass_fail']} {verdict}")
    if record != loaded["smoke_test_run"] or not all(isinstance(value, str) for value in record.values()):
        raise Wrong("as_yaml", "not the document's record")
    texts = [guard("as_text", lambda s=style: reporters.render("text", document, s)) for style in STYLES]
    for text in texts:
        bad = next((char for char in text if char != "\n" and not char.isprintable()), "")
        if bad:
            raise Wrong("as_text", f"raw U+{ord(bad):04X}", repr(text)[:300])
    if not texts[0].startswith(verdict + "  "):
        raise Wrong("as_text", "another verdict", texts[0][:80])
    # As one JSON document: the detector reads it as it stands, without white space, and as the strings in it.
    _no_leak(json.dumps([document, told, said, *texts]), data)


STYLES = (PLAIN, Style(verbosity=-1), Style(width=20, verbosity=2))


_ESCAPE = re.compile(r"\\++(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrtbf])")
_NO_LETTER = re.compile(r"[^0-9a-z]++")
_BARE_KEY = _NO_LETTER.sub("", KEY.lower())


def _no_leak(artefacts: str, data: bytes) -> None:
    spelt = _NO_LETTER.sub("", _ESCAPE.sub("", artefacts).lower())
    for size in (len(_BARE_KEY), 12):
        for at in range(len(_BARE_KEY) - size + 1):
            if _BARE_KEY[at : at + size] in spelt:
                how = "the whole key" if size > 12 else "twelve characters of the key"
                text = re.sub(
                    r"\\+(?:x..|u....|[nr])|[^0-9a-z\"]", "", artefacts.lower()
                )  # quotes kept: a place to begin
                begin = max(text.find(_BARE_KEY[at : at + 12]), 0)
                raise Wrong("leak", f"{how}, letter by letter", text[max(begin - 100, 0) : begin + 60])
    # Separated letters are promised from twelve on only (redaction._SQUEEZED_WINDOW); other forms from eight.
    if b"@KEY" in data and not re.search(
        rb"@KEY:(spaced|dotted|zero-width|u0000|u200b|newlines|backspaces|form-feeds|tags|solidus|utf-16[a-z-]*|swapped-case)@",
        data,
    ):
        found = _detector().find(artefacts.encode())
        if found:
            raise Wrong("leak", f"eight characters of the key: {found[0]}", artefacts[:100])


# -- redaction --------------------------------------------------------------------------------------------------


def redaction(data: bytes, seed: int = 0) -> None:
    """Idempotent; no eight characters of the key are left; the cheap look never misses what the thorough one removes."""
    data = expand(data)
    for text in (
        data.decode("utf-8", "backslashreplace"),
        data.decode("latin-1"),
        data.decode("utf-8", "surrogateescape"),
    ):
        once = timed("redactor", len(text), lambda t=text: _redactor().text(t), 60)
        if _redactor().text(once) != once:
            raise Wrong("redactor", "not idempotent", f"{once!r:.200} {_redactor().text(once)!r:.200}")
        if any(KEY[i : i + 8] in once for i in range(len(KEY) - 7)):
            raise Wrong("redactor", "leaves eight characters", repr(once)[:300])
        for name, form in encodings(KEY):
            if form in once or form.lower() in once.lower():
                raise Wrong("redactor", f"leaves {name}", repr(once)[:300])
        if guard("finds", lambda t=text: _redactor().finds(t)) != (once != text):
            raise Wrong("finds", "is not what the redactor removes", repr(text)[:300])
        # The strings of a document are looked at as one text first, and one by one only if something is found in it.
        if once != text and not guard("finds", lambda t=text: _redactor().finds(f"{seed}\n{t}\n-")):
            raise Wrong("finds", "misses among other texts what the redactor removes", repr(text)[:300])
        if MARK in once and once == text and MARK not in text:
            raise Wrong("redactor", "mark without a change")


def all_oracles(data: bytes, seed: int = 0, probes: tuple[str, ...] = PROBES) -> None:
    """Everything, for corpus files and minimising."""
    for raw in replies(data):
        http1(raw, seed)
    strictjson(data, seed)
    sse(data, seed)
    redaction(data, seed)
    for probe in probes:
        path(data, probe, seed)


__all__ = ["FORMS", "KEY", "MODEL", "PROBES", "Wrong", "all_oracles", "http1", "path", "redaction", "sse", "strictjson"]
