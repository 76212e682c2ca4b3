"""The endpoint keeps the key to itself."""

from chatproof.contract.clause import BEHAVIOUR, LEAK, OWASP_LOGGING, SMOKE, Clauses, Example
from chatproof.contract.probe import ALL
from chatproof.surfaces.chat.clauses.secrets import EXAMPLE_KEY, not_reflected
from chatproof.surfaces.messages.examples import GOOD, JSON

CLAUSES = Clauses(SMOKE)

CLAUSES.add(
    "messages.secret.not_reflected",
    layer=BEHAVIOUR,
    danger=LEAK,
    area="Authentication scheme",
    says="The key does not come back in any header or body, plain or encoded.",
    source=OWASP_LOGGING,
    probe=ALL,
    why="Every place that logs replies (SDK exceptions, proxies, CI) then stores the key.",
    holds_on=(GOOD,),
    breaks_on=(
        Example(401, JSON, b'{"type":"error","error":{"message":"bad x-api-key ' + EXAMPLE_KEY.encode() + b'"}}'),
        Example(200, JSON, GOOD.body, ((b"X-Echo", EXAMPLE_KEY.encode().hex().encode()),)),
    ),
)(not_reflected)
