"""Several choices, a seed, log probabilities: three optional parameters, asked about in one request."""

import json

from chatproof.capability import damaged, done, ignored, refusal
from chatproof.clause import BEHAVIOUR, OPENAI_SPEC, SCHEMA, SHOULD, Context, Example, Outcome, clause
from chatproof.clauses.happy import JSON
from chatproof.printable import quote
from chatproof.probes_validate import CHOICES
from chatproof.reply import Reply
from chatproof.shapes import is_integer, items, members

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
    says="n gives that many choices, or is clearly refused.",
    source=OPENAI_SPEC,
    probe="sampling",
    why="Programs that vote over several answers vote over one.",
    holds_on=(_answers(),),
    breaks_on=(_answers((0,)), Example(200, JSON, b'{"error":"no"}')),
)
def n(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "n", _N, beside=(*_SEED, *_PROBS))
    if refused:
        return refused
    found = len(reply.choices)
    return done() if found >= CHOICES else ignored("$.choices", f"{CHOICES} choices", f"{found}")


@clause(
    "n.readable",
    layer=SCHEMA,
    code=_CODE,
    capability="n",
    area=_AREA,
    says="Several choices have indexes of their own, from 0.",
    source=OPENAI_SPEC,
    probe="sampling",
    needs=("n.honoured",),
    why="Clients sort and join by index: equal ones overwrite each other.",
    holds_on=(_answers(), _answers((1, 0))),
    breaks_on=(_answers((0, 0)), _answers((1, 2)), _answers((None, None))),
)
def n_readable(reply: Reply, context: Context) -> Outcome:
    indexes = [members(choice).get("index") for choice in reply.choices]
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
    says="logprobs gives log probabilities, or is clearly refused.",
    source=OPENAI_SPEC,
    probe="sampling",
    why="Classifiers and evaluations that weigh answers have nothing to weigh.",
    holds_on=(_answers(),),
    breaks_on=(_answers(logprobs=None), _answers(logprobs={}), _answers(logprobs={"content": None, "refusal": None})),
)
def logprobs(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "logprobs", _PROBS, beside=(*_N, *_SEED))
    if refused:
        return refused
    found = members(reply.choices[0]).get("logprobs") if reply.choices else None
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
    why="openai-python and LangChain read logprobs.content; the older completions shape has no such member.",
    holds_on=(_answers(),),
    breaks_on=(
        _answers(logprobs={"tokens": ["pong"], "token_logprobs": [-0.01]}),
        _answers(logprobs={"content": [{"token": "pong"}]}),
        _answers(logprobs=[-0.01]),
    ),
)
def logprobs_readable(reply: Reply, context: Context) -> Outcome:
    found = members(reply.choices[0])["logprobs"]
    listed = items(members(found).get("content"))
    at, expected = "$.choices[0].logprobs.content", "a list of tokens with a number each"
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


@clause(
    "seed.accepted",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="seed",
    area=_AREA,
    says="A seed is accepted, or clearly refused. (Whether it has an effect cannot be seen from one answer.)",
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
