"""The endpoint keeps the key to itself."""

from itertools import islice

from chatproof.contract.clause import (
    BEHAVIOUR,
    LEAK,
    OWASP_LOGGING,
    SMOKE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
)
from chatproof.contract.probe import ALL
from chatproof.evidence.reply import Reply, or_default
from chatproof.printable import quote
from chatproof.secrets.redaction import find_secret, find_secret_among, is_word_like
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.wire.exchange import BODY, END, HEADERS, KEY, OTHER_HEADERS
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

_SHOWN = 4  # of the places that hold the key
_NAMES = 64  # of members in a stream are told apart: a server may make up a hundred thousand
EXAMPLE_KEY = "sk-Example0123456789abcdefExample"
"""The key that this clause's examples are judged with."""


@clause(
    "secret.not_reflected",
    layer=BEHAVIOUR,
    danger=LEAK,
    area="Authentication scheme",
    says="The key does not come back in any header or body, plain or encoded.",
    source=OWASP_LOGGING,
    probe=ALL,
    why="Every place that logs replies (SDK exceptions, proxies, CI) then stores the key.",
    holds_on=(GOOD,),
    breaks_on=(
        Example(401, JSON, b'{"error":{"message":"bad key Bearer ' + EXAMPLE_KEY.encode() + b'"}}'),
        Example(200, JSON, GOOD.body, ((b"X-Echo", EXAMPLE_KEY.encode().hex().encode()),)),
    ),
)
def not_reflected(reply: Reply, context: Context) -> Outcome:
    if context.key is None:
        reply.need(KEY)
        return not_applicable("no key was sent")
    if reply.response is None:
        return not_applicable("no reply arrived")
    if is_word_like(context.key):
        return not_applicable("the key is short or consists of words: finding it in a reply would prove nothing")
    response = reply.response
    texts: dict[str, list[str]] = {}
    bodies = {"body": response.body, "reason phrase": response.reason, "trailing bytes": response.excess}
    if or_default(lambda: reply.kind, "") == "sse" or or_default(lambda: reply.media_type, "") == "text/event-stream":
        # A key split over two deltas stands in no single event. What they call its pieces does not matter.
        for chunk in reply.chunks:
            _collect(chunk, "", texts)
    headers = (*response.early, *response.headers, *response.trailers)
    lines = [b": ".join(header) for header in headers]  # in their order: a key may be cut between two of them
    for (header, _), line in zip(headers, lines, strict=True):
        bodies[f"header {header.decode('latin-1')}"] = line
    # A format that lists the values of headers puts a key together again that was cut over several. A dot between them
    # breaks what would look like a long run, and hides no key.
    values = b".".join(value for _, value in response.headers)
    joined = ["".join(pieces).encode("utf-8", "surrogatepass") for pieces in texts.values()]
    if not find_secret_among((values, *joined, *lines, response.excess, response.reason, response.body), context.key):
        reply.need(HEADERS, OTHER_HEADERS, BODY, END)
        return (
            holds() if reply.complete else not_applicable("the part of the reply that arrived does not contain the key")
        )
    for name, text in islice(zip(texts, joined, strict=True), _NAMES):
        bodies[f"joined stream text ({quote(name, 40)})"] = text
    found = ((where, find_secret(data, context.key)) for where, data in bodies.items())
    places = list(islice(((where, how) for where, how in found if how), _SHOWN))
    if not places:
        return broken(
            "headers and body", "no key anywhere in the reply", "the key is split over several places in the reply"
        )
    said = "; ".join(f"{where} ({how})" for where, how in places)
    return broken(places[0][0], "no key anywhere in the reply", f"the key is in: {said}")


def _collect(value: Json, name: str, texts: dict[str, list[str]]) -> None:
    """The strings of a chunk, by the name of the member that holds them."""
    if isinstance(value, str):
        texts.setdefault(name, []).append(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _collect(item, key, texts)
    elif isinstance(value, list):
        for item in value:
            _collect(item, name, texts)
