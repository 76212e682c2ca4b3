"""What to do about an error under a success status, by the cause that it names: in a reply, or in a stream."""

from chatproof.evidence.provider_error import ProviderError, by_words, find_error
from chatproof.evidence.reply import Reply

_STEPS = {
    "model": "The error is about the model: copy an id from `chatproof models TARGET` exactly.",
    "retired": "The error says that the model is retired: choose another with `chatproof models TARGET`.",
    "quota": "The error is about money: top up the account, or raise the key's own quota.",
    "rate": "The error is about a limit: wait, and look at who else uses this key.",
    "auth": "The error is about the key: check that it is active, complete and from this provider.",
    "header": "The error says that no key arrived: compare the header's name with the provider's reference.",
    "permission": "The error is about a permission: check the key's scopes and its models.",
    "context": "The error says that the prompt is too long: shorten it, or look for a gateway that adds its own.",
    "server": "The server says that it failed or has too much to do: run again later.",
    "upstream": "A gateway says that the service behind it failed: run again, or look at its upstream.",
}


def step_of(error: ProviderError) -> str:
    """Say what to do first about an error; empty where it names no cause."""
    return _STEPS.get(by_words(error), "")


def error_in_stream(reply: Reply) -> ProviderError | None:
    """Return the first error that an event of a stream carries; None where none does."""
    names = [event.name for event in reply.events[0]] if reply.kind == "sse" else []
    for name, chunk in zip(names, reply.chunks, strict=False):
        said = chunk.get("response")
        failed = isinstance(said, dict) and bool(said.get("error")) and said.get("status") == "failed"
        if chunk.get("error") or chunk.get("type") == "error" or failed or name == "error":
            return find_error(chunk, failing=True)
    return None
