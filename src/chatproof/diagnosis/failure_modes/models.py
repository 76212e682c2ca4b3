"""Rows for the models listing, where the endpoint itself is well."""

from chatproof.contract.failure_mode import CERTAIN, LIKELY, POSSIBLE, PROVIDER, YOU, Case, Mode, Sign, when
from chatproof.contract.probe import CONTROL, LISTING
from chatproof.evidence.provider_error import of_a_router
from chatproof.evidence.reply import or_default
from chatproof.printable import number_of, quote
from chatproof.surfaces.model_listing import listed_ids, nearest
from chatproof.wire.exchange import STATUS, NotCaptured


def chat_is_well(case: Case) -> bool:
    control = case.context.control
    return control is not None and control.complete and case.context.surface.view.is_success(control)


def this_one_only(case: Case) -> bool:
    """The plain request with the same key, to the same URL, is answered: what is refused here is this request."""
    other = case.row.role != CONTROL and not case.is_auth_probe
    return other and chat_is_well(case) and or_default(lambda: case.is_plain_url, False)


def _listing(case: Case) -> list[str] | None:
    listing = case.context.listing
    try:
        return listed_ids(listing.json) if listing is not None and listing.status == 200 else None
    except (
        NotCaptured
    ):  # a run document keeps no passing reply: then there is no listing to go by, and the cause stands
        return None


def is_listing_answered(case: Case) -> bool:
    """GET models at the same base URL was seen to be answered with status 200, whatever with."""
    listing = case.context.listing
    return listing is not None and listing.complete and not listing.lacks(STATUS) and listing.status == 200


def is_listing_well(case: Case) -> bool:
    """GET models at the same base URL is answered with a list of models."""
    return bool(_listing(case))


def _not_served(case: Case) -> Sign | None:
    """The endpoint fails on a model that its own list lacks, with words or a page that do not name the model."""
    ids, reply = _listing(case), case.reply
    if not ids or case.context.model in ids or not case.context.model or not case.is_plain or case.is_auth_probe:
        return None
    if (
        not reply.complete
        or reply.status not in (404, 500)
        or case.error_class not in ("path", "server", "unknown", "")
    ):
        return None
    if reply.status == 404:
        return Sign((near_ids(case),))
    return Sign(
        (near_ids(case),),
        summary="the request fails, and the requested model is not in the list of models",
        next_step="Use a listed id first (chatproof models). If that fails as well, escalate with the request id and "
        "UTC time.",
        confidence=POSSIBLE,
    )


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
        return f"the listing contains {quote(model)}, but the {case.context.surface.name} endpoint refuses it"
    surface = case.context.surface
    close = [
        quote(id, 80) + ("" if surface.view.is_fit(id) else f" (not {surface.name})") for id in nearest(model, ids)
    ]
    near = f"; nearest: {', '.join(close)}" if close else ""
    return f"{quote(model)} is not among the {number_of(len(ids), 'id')} listed for this key{near}"


def perhaps_off(case: Case) -> Sign | None:
    """Gateways say the same of an id that they do not know, and of one whose servers ("channels") are all switched off.
    A router that misses a provider may be set up wrongly, or not know the name before the model."""
    if case.reply.error is not None and of_a_router(case.reply.error):
        return Sign(confidence=LIKELY)
    words = case.reply.error.message if case.reply.error is not None else ""
    is_theirs = not case.reply.lacks(STATUS) and case.status >= 500
    if not is_theirs and not any(word in words.lower() for word in ("available channel", "可用渠道")):
        return None
    step = "Look for the id in `chatproof models TARGET`: if it is not there, copy one that is; if it is, the gateway has no server left for it, so report that. Retrying seldom helps."
    return Sign(next_step=step, confidence=LIKELY)


def _not_listed(case: Case) -> Sign | None:
    return Sign((near_ids(case),)) if case.broken("listed") and chat_is_well(case) else None


def _no_listing(case: Case) -> Sign | None:
    if case.row.role != LISTING or case.broken("listed"):
        return None
    control = case.context.control
    same = control is not None and control.body == case.reply.body  # then it is no listing, but no API at all
    return when(chat_is_well(case) or (case.status == 200 and not case.page and not same))


MODES = (
    Mode(
        "model.unavailable",
        YOU,
        "the endpoint does not serve this model: its own list of models lacks it",
        "Copy an id from `chatproof models TARGET` exactly.",
        LIKELY,
        _not_served,
    ),
    Mode(
        "model.not_listed",
        YOU,
        "the model answers, but is not in the list of models for this key",
        "Use a listed id, or ask the provider whether this alias will stay.",
        CERTAIN,
        _not_listed,
    ),
    Mode(
        "contract.models",
        PROVIDER,
        "the list of models cannot be read",
        "Answers do not depend on it. If your code lists models, ask the provider how.",
        LIKELY,
        _no_listing,
    ),
)
