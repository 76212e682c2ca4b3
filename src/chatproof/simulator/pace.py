"""How long the simulator takes: a wait before each answer, and one for each token of it."""

import json
from typing import NamedTuple

from chatproof.simulator.wire import Reply


class Pace(NamedTuple):
    """`latency`: seconds before the first byte of any answer. `rate`: tokens a second; 0.0 is at once."""

    latency: float = 0.0
    rate: float = 0.0

    def before(self, reply: Reply) -> float:
        """Seconds before the head is sent. An answer in one piece comes when its last token is there."""
        if not self.rate or reply.events or b'"completion_tokens"' not in reply.body:
            return self.latency
        return self.latency + _tokens(reply.body) / self.rate

    def between(self, event: bytes) -> float:
        """Seconds before an event of a stream: those with text or with a piece of a call are tokens."""
        text = b'"content": "' in event and b'"content": ""' not in event
        return 1 / self.rate if self.rate and (text or b'"tool_calls": [' in event) else 0.0


def _tokens(body: bytes) -> int:
    usage = json.loads(body).get("usage")
    return int(usage["completion_tokens"]) if isinstance(usage, dict) else 0
