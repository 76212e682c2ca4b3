"""Rows for replies with status 200 that are not what was promised: items, vectors, their order."""

from collections.abc import Callable

from chatproof.contract.common_modes import nobodys
from chatproof.contract.failure_mode import CERTAIN, LIKELY, PROVIDER, UNKNOWN, Case, Mode, Pattern, Sign, when
from chatproof.printable import quote
from chatproof.surfaces.embeddings import view
from chatproof.surfaces.embeddings.asked import count_of, request
from chatproof.surfaces.embeddings.clauses.happy import disordered
from chatproof.wire.strictjson import Json

_READ = ("happy.data_array", "float.answered", "single.answered", "batch.whole", "tokens.accepted")
"""The clauses that look at `data` as a whole, by the end of their ids."""
_ENVELOPE = ("object", "data", "model", "usage")
_CHAT_OR_RESPONSE = ("choices", "output")


def _broken(case: Case, *ends: str) -> tuple[str, ...]:
    """What the broken ones of these clauses saw; empty where none is broken."""
    ids = [id for end in ends if case.broken(id := f"embeddings.{end}")]
    return tuple(line for id in ids for line in case.observed(id))


def _of_data(case: Case, is_so: Callable[[Json], bool], present: bool = True) -> Sign | None:
    seen = _broken(case, *_READ)
    body, is_json = case.reply.object, case.reply.json_problem is None
    if not (seen and is_json and ("data" in body) is present and is_so(body.get("data"))):
        return None
    return nobodys(case, _ENVELOPE, "an embeddings reply") or Sign(seen)


def _another_api(case: Case) -> Sign | None:
    body = case.reply.object
    other = "data" not in body and any(isinstance(body.get(name), list) for name in _CHAT_OR_RESPONSE)
    return when(bool(_broken(case, *_READ)) and other, f"top level: {quote(body)}")


def _missing(case: Case) -> Sign | None:
    return _of_data(case, lambda _: True, present=False)


def _empty(case: Case) -> Sign | None:
    return _of_data(case, lambda data: data == [])


def _no_array(case: Case) -> Sign | None:
    return _of_data(case, lambda data: not isinstance(data, list) or not all(isinstance(one, dict) for one in data))


def _unreadable(case: Case) -> Sign | None:
    seen = _broken(case, *_READ)
    return when(bool(seen) and any(not vector.encoding for vector in view.read(case.reply)), *seen)


def _miscounted(case: Case) -> Sign | None:
    seen = _broken(case, "happy.count", *_READ[1:])
    return when(bool(seen) and len(view.data(case.reply)) != count_of(request(case.reply)), *seen)


def _swapped(case: Case) -> Sign | None:
    seen = _broken(case, "happy.order", "single.order", *_READ[1:])
    alone = bool(_broken(case, "single.order"))
    return when(bool(seen) and (alone or disordered(case.reply) is not None), *seen)


def _of(*ends: str) -> Pattern:
    def pattern(case: Case) -> Sign | None:
        seen = _broken(case, *ends)
        return when(bool(seen), *seen)

    return pattern


MODES = (
    Mode(
        "contract.choices_missing",
        PROVIDER,
        "the body is an answer of another API: it has no data",
        "Another API answers at the path /embeddings: look for a route or a gateway that treats it as chat.",
        CERTAIN,
        _another_api,
    ),
    Mode(
        "contract.choices_missing",
        PROVIDER,
        "the reply has no data",
        "Report it: the body is JSON of another API, or the contract changed.",
        CERTAIN,
        _missing,
    ),
    Mode(
        "contract.choices_empty",
        PROVIDER,
        "data is an empty array",
        "Try another model; if only this one is empty, report it with the request id.",
        CERTAIN,
        _empty,
    ),
    Mode(
        "contract.choices_type",
        PROVIDER,
        "data is not an array of items",
        "Report it: clients read it as an array of objects.",
        CERTAIN,
        _no_array,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "an embedding is neither base64 nor an array of numbers",
        "Report it: clients make a vector from this value. A nested array shows a server that returns one vector per token: set its pooling.",
        CERTAIN,
        _unreadable,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the number of vectors differs from the number of texts",
        "Count the vectors in your own code, and send fewer texts per request until it is fixed. Report it.",
        CERTAIN,
        _miscounted,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "the vectors are not in the order of the texts",
        "Sort by index in your own code if the index is right; otherwise send one text per request. Report it.",
        CERTAIN,
        _swapped,
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "a vector is empty, differs in length from the others, has a number that is not finite, or has only zeros",
        "Do not store these vectors. Try another model; a model that runs in half precision can overflow. Report it.",
        CERTAIN,
        _of("happy.one_length", "happy.finite", "happy.non_zero", "float.numbers", "batch.whole"),
    ),
    Mode(
        "contract.content",
        PROVIDER,
        "different texts have the same vector",
        "Do not store these vectors: they were not made from the whole text (it was cut off, or letters were dropped), or one text's vector was copied to all. Send one text per request and compare. Report it.",
        CERTAIN,
        _of("happy.distinct", "batch.distinct"),
    ),
    Mode(
        "contract.content",
        UNKNOWN,
        "the same text got a different vector when it was sent again",
        "Ask whether a router or a fallback serves this name with several models; if so, use the name of one of them. Compare again before you store anything.",
        LIKELY,
        _of("single.same"),
    ),
    Mode(
        "contract.content",
        UNKNOWN,
        "the vectors do not show that two texts have the same meaning",
        "Check that it is an embedding model, and its pooling and prompt prefix: a placeholder answers like this.",
        LIKELY,
        _of("meaning.nearer"),
    ),
)
