"""What a row of siblings_by_kind.toml is put before: a capture, a whole run against a played server, or a command.

A capture is described as in siblings_later.toml. A run (`run`: smoke or validate) is answered by the simulator, except where
a row of `answers` says otherwise: `to` the probes that it answers, and then one of `reply` (STATUS TYPE, headers, an empty
line, the body), `fault` (code, phase, detail), `nothing`, or the simulator's good answer changed by `edit` (patterns and
what takes their place), `media`, `cut_character` (its last byte is missing) and `unended` (no last chunk). `lacking`: only
where the request lacks that header. With `socket`, a server on loopback plays it (`left_open`: it does not say that it will
close; `end`: how it leaves the connection), with `closed` nothing listens; else nothing is sent. A command is run in this
process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

from chatproof import captures
from chatproof.cli import main as cli
from chatproof.contract.clause import BROKEN, MUST, SMOKE, VALIDATE
from chatproof.contract.surface import CHAT
from chatproof.judging.contract import Choice
from chatproof.running.dispatch import Pause, Stop, Wave, carried_out
from chatproof.running.plan import Settings
from chatproof.running.run import steps
from chatproof.simulator import chat
from chatproof.simulator.server import Incoming, Server
from chatproof.simulator.wire import GOOD, MISSING, WRONG, Asked, Reply, Script, Side, message
from chatproof.surfaces import surface_of
from chatproof.target.target import Target, check
from chatproof.transport.steps import KeepAliveRequest
from chatproof.transport.steps import wire as sent_as
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Exchange, Fault, Header, Secret
from chatproof.wire.http1 import ResponseReader
from tests.captures import test_siblings_later
from tests.support import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

KEY = "sk-sim-0123456789abcdef0123456789abcdef01234567"
AT = "2026-11-22T00:00:00.000Z"
CAPTURE = test_siblings_later.KNOWN - {"refused", "broken"}
RUN = {"run", "stream", "answers", "socket", "headers", "clients", "extras", "container", "closed"}
COMMAND = {"command", "env", "input", "exit"}
EXPECTED = {"verdict", "codes", "owners", "sure", "broken", "warned", "words", "never", "not_codes", "refused", "sound"}
KNOWN = {"kind", "source", "about"} | CAPTURE | RUN | COMMAND | EXPECTED | {"calm", "or_refused"}
PROBE_OF = {WRONG: "auth.invalid_key", MISSING: "auth.missing_key"}
REFUSALS = (captures.Unreadable, UsageError)


# --- a run ------------------------------------------------------------------------------------------------------------


def answer_to(row: dict[str, Any], probe: str, data: bytes) -> dict[str, Any]:
    """What this row answers to a probe; empty for the simulator's own answer."""
    for answer in row.get("answers", ()):
        lacks = "lacking" not in answer or f"\r\n{answer['lacking']}: ".encode().lower() not in data.lower()
        if lacks and any(fnmatch(probe, pattern) for pattern in answer["to"]):
            found: dict[str, Any] = answer
            return found
    return {}


def edited(reply: Reply, edit: list[list[str]]) -> Reply:
    body = b"".join(reply.events) or reply.body
    for pattern, instead in edit:
        body, count = re.subn(pattern.encode(), instead.encode(), body)
        assert count, f"nothing to edit: {pattern}"
    return reply._replace(events=(body,)) if reply.events else reply._replace(body=body)


def bytes_of(answer: dict[str, Any], asked: Asked, good: Reply) -> bytes:
    if answer.get("nothing"):
        return b""
    if "reply" in answer:
        return wire(answer["reply"])
    reply = edited(good, answer["edit"]) if "edit" in answer else good
    if cut := answer.get("cut_character", "").encode():
        reply = reply._replace(events=tuple(event.replace(cut, cut[:-1]) for event in reply.events))
    data = b"".join(message(asked, reply, close=not answer.get("left_open")))
    if answer.get("unended"):
        data = data.removesuffix(b"0\r\n\r\n")
    if "media" in answer:
        data = re.sub(rb"(?i)(content-type: )[^\r]*", rb"\1" + answer["media"].encode(), data, count=1)
    return data


def side_of(row: dict[str, Any]) -> Side:
    """The simulator's side of the row's API."""
    return surface_of(row.get("api", CHAT)).simulator()


def exchanged(one: KeepAliveRequest, row: dict[str, Any]) -> Exchange:
    data = sent_as(one.request)
    answer = answer_to(row, one.probe, data)
    if "fault" in answer:
        return Exchange(one.id, one.probe, AT, one.request, None, Fault(*answer["fault"]))
    incoming = Incoming(KEY.encode())
    incoming.feed(data)
    ((asked, refused),) = incoming.ready
    reader = ResponseReader(one.request.method)
    reader.feed(bytes_of(answer, asked, refused or side_of(row).respond(asked)))
    reader.eof()
    return Exchange(one.id, one.probe, AT, one.request, reader.response(), reader.fault)


@contextmanager
def served(row: dict[str, Any]) -> Iterator[int]:
    """A server on loopback that plays the row, at this port."""

    def respond(asked: Asked) -> Reply | Script:
        streams = b'"stream": true' in asked.body
        plain = PROBE_OF.get(asked.credential, "stream" if streams else "happy")
        probe = "models" if asked.path == chat.MODELS_PATH else plain
        good = chat.respond(asked)
        answer = answer_to(row, probe, b"")
        if not answer:
            return good
        return Script((bytes_of(answer, asked, good),), end=answer.get("end", "close"))

    server = Server(respond, KEY)
    try:
        yield server.port
    finally:
        server.stop()


def run_of(row: dict[str, Any]) -> dict[str, Any]:
    kind = {"smoke": SMOKE, "validate": VALIDATE}[row["run"]]
    further = tuple(Header(name, Secret(value), credential) for name, value, credential in row.get("headers", ()))
    clients = tuple(row.get("clients", ()))
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"} if row.get("container") else {}
    settings = Settings(kind=kind, stream=row.get("stream", False), burst=1, extras=tuple(row.get("extras", ())))

    def made(port: int, drive: Callable[[Any], Any]) -> dict[str, Any]:
        base = f"http://127.0.0.1:{port}/v1"
        api = row.get("api", CHAT)
        model = side_of(row).model
        target = Target(base, model=model, key=Secret(KEY), timeout=5.0, headers=further, api=api)
        document: dict[str, Any] = drive(
            steps(check(target)._replace(clients=clients), settings, environ, lambda started: "", Stop())
        ).run.document
        return document

    def sent(making: Any) -> Any:
        return carried_out(making, Stop())

    if row.get("socket"):
        with served(row) as port:
            return made(port, sent)
    if row.get("closed"):
        with served(row) as port:
            pass
        return made(port, sent)
    return made(9, lambda making: driven(making, row))


def driven(making: Any, row: dict[str, Any]) -> Any:
    """Carry a run out without a socket."""
    while True:
        try:
            wave = next(making)
        except StopIteration as end:
            return end.value
        if isinstance(wave, Wave):
            asked = (one for group in wave.groups() for legs in group for one in legs)
            wave.into.extend(exchanged(one, row) for one in asked)
        assert isinstance(wave, Wave | Pause)


# --- what a row expects -----------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """What came of a row."""

    document: dict[str, Any]
    probe: str = ""  # the one that the capture answers, if the row says so

    @property
    def broken(self) -> dict[str, str]:
        """The clauses that are broken, each with its level."""
        found = (f for f in self.document["findings"] if f["outcome"] == BROKEN)
        return {f["clause"]: f["level"] for f in found if not self.probe or f["probe"] == self.probe}

    @property
    def first(self) -> dict[str, Any] | None:
        """The principal diagnosis; of a capture within a validation that nobody captured, the cause of what is broken."""
        diagnoses: list[dict[str, Any]] = self.document["diagnoses"]
        mine = [d for d in diagnoses if set(d["clauses"]) & set(self.broken)] if self.probe else []
        return next(iter(mine or diagnoses), None)


def wrong(row: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What is not as the row says; empty when all is."""
    if "command" in row:
        return wrong_command(row, capsys, monkeypatch)
    refused = row.get("refused") or row.get("or_refused")
    try:
        document = run_of(row) if "run" in row else test_siblings_later.judged(row)
    except REFUSALS as error:
        if row.get("calm") or (refused and re.search(refused, f"{error} {getattr(error, 'advice', '')}")):
            return ""
        return f"was refused: {error}"
    if "refused" in row:
        return f"was read: {[d['code'] for d in document['diagnoses']]}"
    return "; ".join(differences(row, Told(document, row.get("as", ""))))


def differences(row: dict[str, Any], told: Told) -> Iterator[str]:
    document, first, broken = told.document, told.first, told.broken
    musts = [clause for clause, level in broken.items() if level == MUST]
    if row.get("calm"):
        blamed = [d["code"] for d in document["diagnoses"] if not d["code"].startswith("limit.")]
        if blamed or musts:
            yield f"blamed: {blamed} {musts}"
    if row.get("sound") and (musts or "stream.duplicated" in [d["code"] for d in document["diagnoses"]]):
        yield f"broken: {broken}"
    if "verdict" in row and document["verdict"] != row["verdict"]:
        yield f"{document['verdict']}, not {row['verdict']}; broken: {broken}"
    for name, level in (("broken", MUST), ("warned", "should")):
        wanted = row.get(name, ())
        if wanted and not any(fnmatch(c, w) for c, own in broken.items() for w in wanted if own == level):
            yield f"not {name}: {wanted}; broken: {broken}"
    text = json.dumps([document["diagnoses"], document["findings"]], ensure_ascii=False)
    if lacks := [words for words in row.get("words", ()) if not re.search(words, text)]:
        yield f"does not say: {lacks}"
    if shown := [secret for secret in row.get("never", ()) if secret in json.dumps(document)]:
        yield f"shows: {shown}"
    if not {"codes", "owners", "sure"} & set(row):
        return
    if first is None:
        yield "no diagnosis"
        return
    brief = f"{first['code']} {first['owner']} {first['confidence']} {first['evidence']}"
    if not any(fnmatch(first["code"], code) for code in row.get("codes", ("*",))):
        yield f"code: {brief}"
    if first["owner"] not in row.get("owners", (first["owner"],)):
        yield f"owner: {brief}"
    if first["confidence"] not in row.get("sure", (first["confidence"],)):
        yield f"sure: {brief}"
    if said := set(row.get("not_codes", ())) & {d["code"] for d in document["diagnoses"]}:
        yield f"says as well: {said}"


def wrong_command(row: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    import io
    import sys

    for name in ("CHATPROOF_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in row.get("env", {}).items():
        monkeypatch.setenv(name, value)
    given = row.get("input", "")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))

    def ended(port: int) -> int:
        return cli.main([argument.replace("{port}", str(port)) for argument in row["command"]])

    if row.get("socket"):
        with served(row) as port:
            status = ended(port)
    else:
        status = ended(9)
    out = "".join(capsys.readouterr())
    lacks = [words for words in row.get("words", ()) if not re.search(words, out)]
    shown = [secret for secret in row.get("never", ()) if secret in out]
    if status != row["exit"] or lacks or shown:
        return f"exit {status}, does not say {lacks}, shows {shown}: {out}"
    return ""


__all__ = ["GOOD", "KNOWN", "Choice", "wrong"]
