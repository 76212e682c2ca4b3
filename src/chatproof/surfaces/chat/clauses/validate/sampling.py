"""Several choices, a seed, log probabilities: three optional parameters, asked about in one request."""

import json
import math
from itertools import pairwise

from chatproof.contract.capability import damaged, done, ignored, refusal
from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SCHEMA,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.json_values import is_integer, items, members
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.probes_validate import CHOICES, TOP
from chatproof.surfaces.chat.view import text_of
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Capabilities"
_CODE = "contract.parameter"
_N, _SEED, _PROBS = ("n",), ("seed",), ("logprobs", "top_logprobs")
_LOGPROBS = {"content": [{"token": "pong", "logprob": -0.01, "bytes": None, "top_logprobs": []}]}


def _answers(indexes: tuple[object, ...] = (0, 1), logprobs: object = _LOGPROBS) -> Example:
    message = {"role": "assistant", "content": "pong"}
    choices = [{"index": i, "message": message, "logprobs": logprobs, "finish_reason": "stop"} for i in indexes]
    return Example(200, JSON, json.dumps({"choices": choices}).encode())


def _refuses(parameter: str) -> Example:
    error = {"message": f"{parameter} is not supported", "param": parameter}
    return Example(400, JSON, json.dumps({"error": error}).encode())


@clause(
    "n.honoured",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="n",
    area=_AREA,
    says="`n` returns that many choices, or is clearly refused.",
    source=OPENAI_SPEC,
    probe="sampling",
    why="Programs that vote over several answers get only one.",
    holds_on=(_answers(),),
    breaks_on=(_answers((0,)), Example(200, JSON, b'{"error":"no"}')),
)
def n(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "n", _N, beside=(*_SEED, *_PROBS))
    if refused:
        return refused
    found = len(view.choices(reply))
    return done() if found >= CHOICES else ignored("$.choices", f"{CHOICES} choices", f"{found}")


@clause(
    "n.readable",
    layer=SCHEMA,
    code=_CODE,
    capability="n",
    area=_AREA,
    says="Several choices have different indexes, from 0.",
    source=OPENAI_SPEC,
    probe="sampling",
    needs=("n.honoured",),
    why="Clients sort and join by index: equal ones overwrite each other.",
    holds_on=(_answers(), _answers((1, 0))),
    breaks_on=(_answers((0, 0)), _answers((1, 2)), _answers((None, None))),
)
def n_readable(reply: Reply, context: Context) -> Outcome:
    indexes = [members(choice).get("index") for choice in view.choices(reply)]
    if all(is_integer(i) for i in indexes) and sorted(map(int, indexes)) == list(range(len(indexes))):  # type: ignore[arg-type]
        return done()
    return damaged("$.choices[*].index", "0, 1, …", ", ".join(quote(i) for i in indexes[:8]))


@clause(
    "logprobs.honoured",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="logprobs",
    area=_AREA,
    says="logprobs returns log probabilities, or is clearly refused.",
    source=OPENAI_SPEC,
    probe="sampling",
    why="Classifiers and evaluations that need these numbers get none.",
    holds_on=(_answers(),),
    breaks_on=(_answers(logprobs=None), _answers(logprobs={}), _answers(logprobs={"content": None, "refusal": None})),
)
def logprobs(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "logprobs", _PROBS, beside=(*_N, *_SEED))
    if refused:
        return refused
    found = members(view.choices(reply)[0]).get("logprobs") if view.choices(reply) else None
    empty = not found or (isinstance(found, dict) and not any(found.values()))  # {"content": null, "refusal": null}
    return ignored("$.choices[0].logprobs", "log probabilities", quote(found)) if empty else done()


@clause(
    "logprobs.readable",
    layer=SCHEMA,
    code=_CODE,
    capability="logprobs",
    area=_AREA,
    says="Log probabilities are a list in `content`, each with a token and a number.",
    source=OPENAI_SPEC,
    probe="sampling",
    needs=("logprobs.honoured",),
    why="openai-python and LangChain read logprobs.content; the older completions format has no such member.",
    holds_on=(_answers(),),
    breaks_on=(
        _answers(logprobs={"tokens": ["pong"], "token_logprobs": [-0.01]}),
        _answers(logprobs={"content": [{"token": "pong"}]}),
        _answers(logprobs=[-0.01]),
    ),
)
def logprobs_readable(reply: Reply, context: Context) -> Outcome:
    found = members(view.choices(reply)[0] if view.choices(reply) else None).get("logprobs")
    if not found:
        return not_applicable("the reply has no log probabilities")
    listed = items(members(found).get("content"))
    at, expected = "$.choices[0].logprobs.content", "a list of tokens, each with a number"
    if not listed:
        return damaged(at, expected, quote(found))
    for number, entry in enumerate(listed):
        value = members(entry).get("logprob")
        if (
            not isinstance(members(entry).get("token"), str)
            or isinstance(value, bool)
            or not isinstance(value, int | float)
        ):
            return damaged(f"{at}[{number}]", "a token and a number", quote(entry))
    return done()


def _listed(*tops: tuple[str, float], token: str = "pong", logprob: float = -0.01) -> Example:
    top = [{"token": one, "logprob": value, "bytes": None} for one, value in tops]
    entry = {"token": token, "logprob": logprob, "bytes": None, "top_logprobs": top}
    return _answers(logprobs={"content": [entry]})


@clause(
    "logprobs.coherent",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    area=_AREA,
    says=(
        "Log probabilities are consistent: none is above 0; at each position they are sorted downwards, and their "
        "probabilities add up to at most 1; the token is in its own list; the tokens join to the text."
    ),
    source=OPENAI_SPEC,
    probe="sampling",
    needs=("logprobs.readable",),
    why="Evaluations weigh answers by invented numbers.",
    holds_on=(
        _answers(),
        _listed(("pong", -0.01), ("Pong", -5.0)),
        _listed(("pong", -0.01), ("Pong", -5.0), token=" pong"[1:]),
        _listed(("Pong", -0.4), ("ping", -1.5), logprob=-3.0),  # sampled, and not among the likeliest
        _listed(("pong", -3.0), ("Pong", -0.1), logprob=-3.0),  # vLLM lists the sampled token first
    ),
    breaks_on=(
        _listed(("pong", -0.01), ("Pong", -0.5)),
        _listed(("Pong", -5.0), ("pong", -0.01)),
        _listed(("Pong", -4.6), ("ping", -5.0)),
        _listed(("pong", -0.01), ("Pong", -5.0), logprob=0.5),
        _listed(("pong", -0.01), ("Pong", -5.0), ("ping", -6.0), ("a", -7.0)),
        _listed(("ping", -0.01), ("Pong", -5.0), token="ping"),
    ),
)
def logprobs_coherent(reply: Reply, context: Context) -> Outcome:
    found = members(view.choices(reply)[0] if view.choices(reply) else None).get("logprobs")
    entries = [members(entry) for entry in items(members(found).get("content"))]
    at = "$.choices[0].logprobs.content"
    for number, entry in enumerate(entries):
        trouble = _incoherent(entry)
        if trouble:
            return broken(f"{at}[{number}]", *trouble)
    tokens = [str(entry.get("token")) for entry in entries]
    text = text_of(view.message(reply).get("content"))
    if not _join(tokens, text):
        return broken(at, "tokens that join to the text", f"{quote(''.join(tokens), 60)} for {quote(text, 60)}")
    return holds(number_of(len(tokens), "token"))


_EPS = 0.01  # rounding of three digits


def _incoherent(entry: dict[str, Json]) -> tuple[str, str] | None:
    """(expected, observed) of the first thing that cannot be in the numbers of one place."""
    own, top = _number(entry.get("logprob")), [members(one) for one in items(entry.get("top_logprobs"))]
    values = [value for one in top if (value := _number(one.get("logprob"))) is not None]
    if any(value > _EPS for value in (*values, own or 0.0)):
        return "log probabilities of 0 or less", f"{max((*values, own or 0.0)):g}"
    if not values or len(values) != len(top):
        return None
    if len(top) > TOP + 1:  # the token itself may stand beside the likeliest
        return f"the {TOP} likeliest tokens, as requested", f"{len(top)}"
    total = sum(math.exp(value) for value in values)
    if total > 1 + _EPS:
        return "probabilities that add up to at most 1", f"{total:.3g}"
    # vLLM lists the sampled token first, whatever its place.
    ranked = values[1:] if top[0].get("token") == entry.get("token") and values[0] == own else values
    if any(later > earlier + _EPS for earlier, later in pairwise(ranked)):
        return "the likeliest token first", ", ".join(f"{value:g}" for value in values)
    if own is not None and own > min(values) + _EPS and entry.get("token") not in [one.get("token") for one in top]:
        return f"{quote(entry.get('token'), 40)} in its own list", ", ".join(quote(one.get("token"), 20) for one in top)
    return None


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _join(tokens: list[str], text: str) -> bool:
    """The text begins what the tokens say: a token of the model's own may follow. Text outside of ASCII is cut inside
    of characters, and says nothing."""
    joined = "".join(tokens)
    if not text.strip() or not (joined.isascii() and text.isascii()):
        return True
    return joined.strip().startswith(text.strip()) or text.strip() in joined


@clause(
    "seed.accepted",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="seed",
    area=_AREA,
    says="A seed is accepted, or clearly refused. (One answer cannot show whether it has an effect.)",
    source=OPENAI_SPEC,
    probe="sampling",
    why="Test suites send it with every request.",
    holds_on=(_answers(),),
    breaks_on=(Example(200, JSON, b'{"error":{"message":"seed"}}'),),
)
def seed(reply: Reply, context: Context) -> Outcome:
    return refusal(reply, context, "seed", _SEED, beside=(*_N, *_PROBS)) or done(
        "accepted; its effect was not observed"
    )
