"""Rows for the models listing, where the chat endpoint itself is well."""

from chatproof.exchange import NotHeld
from chatproof.failure_modes.mode import CERTAIN, LIKELY, PROVIDER, YOU, Case, Mode, Sign, when
from chatproof.models import listed_ids, looks_chat_capable, nearest
from chatproof.printable import quote
from chatproof.reply import if_held


def chat_is_well(case: Case) -> bool:
    control = case.context.control
    return control is not None and control.complete and control.is_completion


def this_one_only(case: Case) -> bool:
    """The plain request with the same key, to the same URL, is answered: what is refused here is this request."""
    other = case.reply.probe != "happy" and not case.is_auth_probe
    return other and chat_is_well(case) and if_held(lambda: case.is_chat_url, False)


def _listing(case: Case) -> list[str] | None:
    listing = case.context.replies.get("models")
    try:
        return listed_ids(listing.json) if listing is not None and listing.status == 200 else None
    except NotHeld:  # a run document keeps no passing reply: then there is no listing to go by, and the cause stands
        return None


def listed(case: Case) -> bool:
    """The model asked for is in the listing for this key."""
    return case.context.model in (_listing(case) or ())


def near_ids(case: Case) -> str:
    """What the listing says about the model asked for; empty when there is no listing to go by."""
    ids = _listing(case)
    if ids is None:
        return ""
    model = case.context.model
    if listed(case):
        return f"the listing has {quote(model)}, yet the chat endpoint refuses it"
    close = [quote(id, 80) + ("" if looks_chat_capable(id) else " (not chat)") for id in nearest(model, ids)]
    near = f"; nearest: {', '.join(close)}" if close else ""
    return f"{quote(model)} is not among the {len(ids)} ids listed for this key{near}"


def _not_listed(case: Case) -> Sign | None:
    return Sign((near_ids(case),)) if case.broken("model.listed") and chat_is_well(case) else None


def _no_listing(case: Case) -> Sign | None:
    if case.reply.probe != "models" or case.broken("model.listed"):
        return None
    control = case.context.control
    same = control is not None and control.body == case.reply.body  # then it is no listing, but no API at all
    return when(chat_is_well(case) or (case.status == 200 and not case.page and not same))


MODES = (
    Mode(
        "model.not_listed",
        YOU,
        "the model answers, but is not in the list of models for this key",
        "Use a listed id, or make sure that the alias is meant to stay.",
        CERTAIN,
        _not_listed,
    ),
    Mode(
        "contract.models",
        PROVIDER,
        "the list of models cannot be read",
        "Not needed for chat. If your code lists models, ask the provider how.",
        LIKELY,
        _no_listing,
    ),
)
