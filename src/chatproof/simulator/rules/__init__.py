"""What the simulator refuses with 400, because OpenAI does: one row for each thing, with an example and its source.

A client that passes here shall not be refused there, and what is accepted there is never refused here; `accepted` has
the requests that look wrong and are not. Loaded by the first request that is more than plain messages.
"""

from typing import Any

from chatproof.simulator.answers import Flaw
from chatproof.simulator.rules.calls import CALL_RULES
from chatproof.simulator.rules.conversation import CONVERSATION_RULES
from chatproof.simulator.rules.fields import FIELD_RULES, is_an_object
from chatproof.simulator.rules.formats import FORMAT_RULES
from chatproof.simulator.rules.messages import MESSAGE_RULES
from chatproof.simulator.rules.parts import PART_RULES
from chatproof.simulator.rules.rule import Rule
from chatproof.simulator.rules.tools import TOOL_RULES

RULES: tuple[Rule, ...] = (
    *FIELD_RULES,
    *MESSAGE_RULES,
    *PART_RULES,
    *CALL_RULES,
    *TOOL_RULES,
    *FORMAT_RULES,
    *CONVERSATION_RULES,
)


def first_flaw(body: Any, rules: tuple[Rule, ...] = RULES) -> Flaw | None:
    """The first thing that is wrong with a request; None for one that is accepted."""
    if not isinstance(body, dict):
        return is_an_object(body)
    return next(filter(None, (rule.find(body) for rule in rules)), None)
