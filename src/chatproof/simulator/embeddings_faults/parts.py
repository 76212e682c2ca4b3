"""What the faults of the Embeddings API are made of: which requests, and what becomes of the answer."""

from collections.abc import Callable

from chatproof.simulator import embeddings
from chatproof.simulator.common_faults import Rows, Value
from chatproof.simulator.embeddings import packed, unpacked
from chatproof.simulator.fault import Alter, Turn, When, edited, json_of
from chatproof.simulator.wire import GOOD, WRONG, Reply

Numbers = list[float]


def asking(turn: Turn) -> bool:
    """Any request to this API."""
    return turn.asked.path.endswith("/embeddings")


def plain(turn: Turn) -> bool:
    """A request that is answered."""
    return asking(turn) and turn.asked.credential == GOOD and turn.reply.status == 200


def refused(turn: Turn) -> bool:
    """A request with a wrong key or none."""
    return asking(turn) and turn.asked.credential != GOOD


def wrong_key(turn: Turn) -> bool:
    """A request with a wrong key."""
    return asking(turn) and turn.asked.credential == WRONG


def sent(check: Callable[[Value], bool]) -> When:
    """A request that is answered, and whose body is such."""
    return lambda turn: plain(turn) and check(json_of(turn))


def in_floats(body: Value) -> bool:
    """The body asks for numbers."""
    return body.get("encoding_format") == "float"


def count(body: Value) -> int:
    """How many texts the body holds; 0 for one that stands alone."""
    return len(body["input"]) if isinstance(body.get("input"), list) else 0


# -- what becomes of the answer -------------------------------------------------------------------------------------


def let_in(turn: Turn) -> Reply:
    """What the good key would have got."""
    return embeddings.respond(turn.asked._replace(credential=GOOD))


def each(change: Callable[[Value], object]) -> Alter:
    """The good reply after a change of each item."""

    def of(body: Value) -> None:
        for item in body["data"]:
            change(item)

    return edited(of)


def numbers(change: Callable[[Numbers], Numbers], place: int = 0) -> Alter:
    """The good reply with other numbers in one of its vectors, in the encoding that it has."""

    def of(body: Value) -> None:
        item = body["data"][min(place, len(body["data"]) - 1)]
        held = item["embedding"]
        made = change(unpacked(held) if isinstance(held, str) else held)
        item["embedding"] = packed(made) if isinstance(held, str) else made

    return edited(of)


def as_floats(item: Value) -> None:
    """Numbers in the place of base64."""
    if isinstance(item["embedding"], str):
        item["embedding"] = unpacked(item["embedding"])


def as_base64(item: Value) -> None:
    """Base64 in the place of numbers."""
    if not isinstance(item["embedding"], str):
        item["embedding"] = packed(item["embedding"])


# -- rows -----------------------------------------------------------------------------------------------------------

ROWS = Rows("embeddings")
must, should = ROWS.must, ROWS.should
