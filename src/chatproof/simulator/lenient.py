"""The simulator as most other servers are: fields that OpenAI's reference does not have are passed over.

For clients that send `top_k`, `thinking` and the like, and for suites that ask whether these are tolerated.
"""

import json

from chatproof.simulator import CHAT
from chatproof.simulator.chat import CHAT_PATH
from chatproof.simulator.rules.fields import KNOWN
from chatproof.simulator.wire import Asked, Reply, Side


def respond(asked: Asked) -> Reply:
    """The conformant answer to the request without its unknown fields."""
    return CHAT.respond(_with_known_fields(asked) if asked.path == CHAT_PATH else asked)


def _with_known_fields(asked: Asked) -> Asked:
    try:
        body = json.loads(asked.body)
    except (ValueError, RecursionError):
        return asked
    if not isinstance(body, dict) or KNOWN.issuperset(body):
        return asked
    known = {name: value for name, value in body.items() if name in KNOWN}
    return asked._replace(body=json.dumps(known).encode())


LENIENT = Side(respond, CHAT.model, CHAT.faults)
