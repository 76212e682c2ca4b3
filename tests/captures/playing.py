"""The same replies judged live and from a capture; what may differ is what the capture does not hold."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from chatproof import captures
from chatproof.captures.judge_captures import Asked, Source, judge_captures
from chatproof.judging.contract import Choice
from chatproof.judging.judge import DEPENDS, NOT_CAPTURED, judge
from chatproof.record.document import Run
from chatproof.simulator.chat import CHAT_PATH, MODEL, MODELS_PATH, respond
from chatproof.simulator.fault import Turn
from chatproof.simulator.faults import FAULTS
from chatproof.simulator.wire import GOOD, MISSING, WRONG, Script, message
from chatproof.simulator.wire import Asked as Request
from chatproof.surfaces.chat.probes_validate import ROWS as PROBES
from chatproof.wire.exchange import Secret
from tests.support import KEY, exchange
from tests.unit.test_record import VALIDATOR

CREDENTIALS = {"auth.invalid_key": WRONG, "auth.missing_key": MISSING}
SMOKE = ("happy", "auth.invalid_key", "auth.missing_key", "models", "stream")
AT = 1795379441.0
MOST = 300_000


def request(probe: str, credential: str | None = None) -> Request:
    row = PROBES[probe]
    body = json.dumps(row.body(MODEL)).encode() if row.body else b""
    path = MODELS_PATH if probe == "models" else CHAT_PATH
    return Request(row.method, path, credential or CREDENTIALS.get(probe, GOOD), body, AT, "req_1", keep_alive=False)


def wire_of(name: str) -> dict[str, bytes]:
    """What a fault ("" for none) sends in answer to each probe, as bytes."""
    sent = {}
    for probe in SMOKE:
        asked = request(probe)
        turn = Turn(asked, respond(asked), KEY)
        row = FAULTS[name] if name else None
        answer = row.alter(turn) if row and row.when(turn) else turn.reply
        pieces = answer.pieces if isinstance(answer, Script) else message(asked, answer)
        sent[probe] = b"".join(islice(pieces, 200))[:MOST]
    return sent


def live(sent: dict[str, bytes]) -> dict[tuple[str, str], str]:
    """Outcomes by clause and probe, as a live run comes to them."""
    from chatproof.judging.contract import contract_of
    from chatproof.target import profile

    contract = contract_of("smoke", profile.load("generic"), Choice(stream=True))
    exchanges = [exchange(probe, data, model=MODEL) for probe, data in sent.items()]
    found = judge(contract, exchanges, model=MODEL, key=Secret(KEY)).findings
    return {(f.clause, f.probe): f.outcome for f in found}


def captured(files: dict[str, bytes], **asked: Any) -> Run:
    """The run of captures; a file's name is the probe it answers, or anything else to let it be matched."""
    sources = [Source(name, captures.read(data), name if name in PROBES else "") for name, data in files.items()]
    run = judge_captures(sources, Asked(**{"model": MODEL, "choice": Choice(stream=True), **asked}))
    VALIDATOR.validate(run.document)
    return run


def differences(one: dict[tuple[str, str], str], run: Run) -> dict[tuple[str, str], str]:
    """Findings of the capture that are not the live ones, nor undecided for want of evidence."""
    wrong = {}
    for finding in run.findings:
        place = (finding["clause"], finding["probe"])
        missing = finding["outcome"] == "undecided" and finding["reason"].startswith((NOT_CAPTURED, DEPENDS))
        # Only the bytes of a head show how its lines end, and most captures do not have them.
        missing |= finding["clause"].endswith("head.line_ends") and finding["outcome"] == "not_applicable"
        if finding["outcome"] != one.get(place) and not missing:
            wrong[place] = f"live {one.get(place)}, captured {finding['outcome']} ({finding['reason']})"
    return wrong
