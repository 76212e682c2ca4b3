"""What a refusal of a forced call is about: tools, or the force alone. The same for each API with tools."""

from chatproof.contract.clause import Context
from chatproof.evidence.provider_error import names
from chatproof.evidence.reply import Reply

_CHOICE = ("tool_choice", "toolChoice", "tool choice", "forced")


def is_of_choice(reply: Reply, context: Context, free: str) -> bool:
    """Whether a refusal blames the choice of the tool, or `free` is answered: a request with tools that forces none."""
    if reply.error is not None and names(reply.error, _CHOICE):
        return True
    other = context.replies.get(free)
    return other is not None and other.complete and context.surface.view.is_success(other)


def any_is_refused(reply: Reply, context: Context) -> bool:
    """Whether a refusal blames the choice of any tool, where one tool by name can be forced."""
    if reply.error is None or not names(reply.error, _CHOICE):
        return False
    other = context.replies.get("tools")
    return other is None or (other.complete and context.surface.view.is_success(other))
