"""The toy as a surface: an API that shares no probe's name, path or field with chat."""

import json
from collections.abc import Mapping

from chatproof.surfaces.toy import captures, probes, view
from chatproof.surfaces.toy.clauses import all as contract

from chatproof.contract.clause import SMOKE, VALIDATE, Clause
from chatproof.contract.probe import Probe
from chatproof.contract.surface import FailureModes, Matcher, Recorded, Shape, Surface
from chatproof.simulator.wire import GOOD, SSE, Asked, Reply, Side


def _rows(scope: str) -> Mapping[str, Probe]:
    return probes.SMOKE if scope == SMOKE else probes.VALIDATE


def _clauses(scope: str) -> Mapping[str, Clause]:
    if scope not in (SMOKE, VALIDATE):
        return {}
    return contract.CLAUSES.found if scope == SMOKE else {**contract.CLAUSES.found, **contract.MORE.found}


def _matcher() -> Matcher:
    return captures


def answer(value: object, status: int = 200) -> Reply:
    return Reply(status, (("Content-Type", "application/json"),), json.dumps(value).encode())


def respond(asked: Asked) -> Reply:
    """The toy's server, which does all that its contract says."""
    if asked.path == "/v1/voices":
        return answer({"data": [{"id": "tenor"}, {"id": "mute"}]})
    if asked.path != f"/v1{probes.PATH}":
        return answer({"oops": "no such place"}, 404)
    if asked.credential != GOOD:
        return answer({"error": {"message": "who is there?"}}, 401)
    body = json.loads(asked.body)
    if "words" not in body:
        return answer({"error": {"message": "words are missing", "param": "words"}}, 400)
    if body.get("stream"):
        pieces = [b'data: {"shouted":"MARMA"}\n\n', b'data: {"shouted":"LADE"}\n\n']
        return Reply(200, (("Content-Type", SSE),), events=tuple(pieces))
    more = {"choir": body["choir"]} if "choir" in body else {}
    return answer({"shouted": "MARMALADE", "breath": 3, "voice": body["voice"], **more})


SURFACE = Surface(
    name="toy",
    title="shouts",
    fit="able to shout",
    answer="an echo",
    endpoint="an echo endpoint",
    path=probes.PATH,
    rows=_rows,
    clauses=_clauses,
    view=view,
    recorded=Recorded(
        structure=("toy.loud.body_json", "toy.loud.shouted"),
        content=("toy.loud.shouted",),
        rejection=("toy.stranger.body_json", "toy.stranger.error_present"),
        assertions=tuple(id for id in contract.CLAUSES.found if id.startswith(("toy.loud", "toy.stranger"))),
        note="choices_present and content_non_empty speak of what was shouted",
    ),
    matcher=_matcher,
    simulator=lambda: Side(respond, "tenor", dict),
    shape=lambda: Shape(("kind",), {}, frozenset({"$.shouted"}), ("$.shouted",), "$.piece", lambda path: False),
    failure_modes=FailureModes,
    endings=(b'data: {"shouted":"!"}\n\n', b"data: {oops\n\n"),
    answer_at=("$.shouted", "shouted"),
    prompt=probes.WORD,
)
