"""Rows for errors the API itself reports: by the class of its error, which goes by code, words and status."""

from chatproof.contract.failure_mode import (
    CERTAIN,
    GATEWAY,
    LIKELY,
    POSSIBLE,
    PROVIDER,
    UNKNOWN,
    YOU,
    Case,
    Mode,
    Sign,
    when,
)
from chatproof.contract.probe import LISTING
from chatproof.diagnosis.failure_modes import in_success, limits
from chatproof.diagnosis.failure_modes.models import (
    chat_is_well,
    is_listing_answered,
    listed,
    near_ids,
    perhaps_off,
    this_one_only,
)
from chatproof.diagnosis.failure_modes.parameters import whose_parameter
from chatproof.evidence.provider_error import alike, by_words, of_another_kind
from chatproof.evidence.provider_forms import header_wanted, is_relayed, says_more_than_403
from chatproof.evidence.reply import or_default
from chatproof.wire.exchange import KEY, STATUS


def _failing(case: Case, *classes: str) -> bool:
    return (case.reply.lacks(STATUS) or case.status >= 400) and case.error_class in classes


_THIS_ONE = Sign(
    ("the plain request with the same key is answered",),
    summary="this request is refused because of the key or the region, but the plain one with the same key is answered",
    owner=UNKNOWN,
    next_step="Key and URL are fine: look at how this request differs. A gateway may route it elsewhere with other credentials, or the key may lack permission for this feature; ask whoever runs the gateway, with the request id.",
    confidence=LIKELY,
)


_UPSTREAMS = Sign(
    ("the gateway quotes the answer of the service behind it",),
    summary="the service behind a gateway refuses the credentials that the gateway sends it",
    owner=GATEWAY,
    next_step="Your key was accepted by the gateway. If the gateway is yours, check the key that it keeps for this model, and which headers it forwards; otherwise report it with the evidence.",
    confidence=LIKELY,
)


def _keyless(case: Case) -> Sign | None:
    keyless = case.reply.exchange.request.credential is None and not case.reply.lacks(KEY)
    return when(_failing(case, "auth", "header") and keyless)


def _as_everyone(case: Case) -> bool | None:
    """A request without a key gets the same answer. None where that was not observed."""
    keyless = case.context.keyless
    if keyless is None or not keyless.complete or keyless.lacks(STATUS):
        return None
    return keyless.status == case.status and or_default(lambda: alike(keyless.error, case.reply.error), None)


def _not_even_judged(case: Case) -> Sign | None:
    """A bare 403 that requests without a key get as well: an access rule wrote it, before any key was looked at."""
    error = case.reply.error
    bare = error is None or not (error.code or error.type)
    said = "a request without a key gets the same answer: the key was not checked"
    return when(_failing(case, "permission") and bare and bool(_as_everyone(case)), said)


def _forbidden(case: Case) -> Sign | None:
    """A 403 that neither code nor words explain is about the key only if a request without one gets another answer."""
    if not _failing(case, "permission"):
        return None
    if this_one_only(case):
        return _THIS_ONE
    error, same = case.reply.error, _as_everyone(case)
    if same:
        return Sign(
            ("a request without a key gets the same answer: the key was not checked, or counts as missing",),
            summary="the request is forbidden for every key",
            owner=UNKNOWN,
            next_step="Read the message: it is an access rule for this machine or region, or the endpoint's answer to any unknown key.",
            confidence=LIKELY,
        )
    told = error is not None and (says_more_than_403(error) or by_words(error) == "permission")
    if same is not None or told:
        return Sign()
    return Sign(
        ("not observed: the answer to a request without a key",),
        summary="the request is forbidden, either for this key or for everyone",
        owner=UNKNOWN,
        next_step="Send one request without a key: the same answer comes from an access rule before the API; another answer means that this key lacks the permission.",
        confidence=POSSIBLE,
    )


def _relayed(case: Case) -> Sign | None:
    """A JSON 502 or 503 whose words say nothing: Kong, APISIX and AWS write such bodies for a dead upstream."""
    error = case.reply.error
    silent = error is None or (by_words(error) == "unknown" and not (error.code or error.type))
    return when(_failing(case, "server") and case.status in (502, 503) and silent)


def _key_rejected(case: Case) -> Sign | None:
    if not _failing(case, "auth") and not (case.page and case.status == 401):
        return None
    if case.is_auth_probe and chat_is_well(case):
        return None  # this is what that key should get; something else is odd about it
    if this_one_only(case):
        return _THIS_ONE
    if case.reply.error is not None and is_relayed(case.reply.error):
        return _UPSTREAMS
    if is_listing_answered(case):
        said = "but this key gets the list of models: the rejected credentials may be the gateway's own"
        step = "Try another model with this key: if that is answered, report the request id to whoever runs the gateway. Otherwise check that the key is active, complete and from this provider: some providers list their models to everyone."
        return Sign((said,), owner=UNKNOWN, next_step=step, confidence=LIKELY)
    if _as_everyone(case):
        said = "a request without a key gets the same answer: either this key is refused, or a hop drops it on the way"
        step = "Check that the key is active, complete and from this provider. If it is, ask whoever runs the proxy before the API whether it forwards the Authorization header (Varnish, Squid and Apache can leave it out)."
        return Sign((said,), next_step=step, confidence=LIKELY)
    return Sign(confidence=LIKELY) if case.page else Sign()


def _only_here(case: Case, what: str) -> Sign | None:
    """The plain request to this model is answered: what this one says of the model cannot be all."""
    if not (this_one_only(case) or (case.is_auth_probe and chat_is_well(case))):
        return None
    return Sign(
        ("the plain request to this model is answered",),
        summary=f"this request is refused with an error for a {what} model, but the plain request is not",
        owner=PROVIDER,
        next_step="Look at how this request differs; a gateway may turn another refusal into this one.",
        confidence=LIKELY,
    )


def _model(case: Case) -> Sign | None:
    if not _failing(case, "model") or (case.is_auth_probe and chat_is_well(case)):
        return None
    if this := _only_here(case, "missing"):
        return this
    near = near_ids(case)
    if case.reply.error is not None and of_another_kind(case.reply.error):
        return Sign(
            (near,), next_step="This model is for another API: ask it there (--api), or choose one of this API."
        )
    if listed(case):
        step = "Try another listed id, and report that list and endpoint disagree. Retrying does not help."
        return Sign((near,), owner=PROVIDER, next_step=step, confidence=LIKELY)
    if not near and (off := perhaps_off(case)):
        return off
    return Sign((near,))


def _rejected(case: Case) -> Sign | None:
    # A 404 from where the plain request is answered is about this request, not about the path.
    if not _failing(case, "request") and not (_failing(case, "path") and or_default(lambda: _well_there(case), False)):
        return None
    wanted = header_wanted(case.reply.error) if case.reply.error is not None else ""
    if wanted:
        step = f"Send the header that the message names: put its value into a variable, and add --header {wanted}=env:NAME. Your client needs it, too (default_headers, defaultHeaders)."
        return Sign(summary="the endpoint wants a header that the request lacks", next_step=step)
    if case.is_users_own:
        return Sign(
            next_step="Read the message in the evidence: it says which part of your request is refused, or why."
        )
    return Sign()


def _well_there(case: Case) -> bool:
    return case.is_plain_url and chat_is_well(case)


def _too_long(case: Case) -> Sign | None:
    if not _failing(case, "context"):
        return None
    if case.is_users_own:
        return Sign(
            next_step="Shorten the prompt or the history, or lower the output cap; or take a model with a larger context."
        )
    return Sign()


def _filtered(case: Case) -> Sign | None:
    if not _failing(case, "filtered"):
        return None
    if case.is_users_own:
        step = "Read which filter it names: reword the request, or change the deployment's filter settings."
        return Sign(owner=UNKNOWN, next_step=step)
    return Sign()


def _retired(case: Case) -> Sign | None:
    if not _failing(case, "retired"):
        return None
    return _only_here(case, "retired") or Sign((near_ids(case),))


def _rate(case: Case) -> Sign | None:
    return limits.rate(case) if _failing(case, "rate") else None


def _unknown_error(case: Case) -> Sign | None:
    """An error in words that no row knows, whose status nobody saw: as an SDK's message alone has it."""
    unseen = case.reply.complete and case.reply.lacks(STATUS) and case.reply.error is not None
    return when(unseen and not case.context.surface.view.has_answer(case.reply))


def _row(code: str, owner: str, classes: tuple[str, ...], summary: str, step: str, confidence: str = CERTAIN) -> Mode:
    return Mode(code, owner, summary, step, confidence, lambda case: when(_failing(case, *classes)))


def _header_lost(case: Case) -> Sign | None:
    """The key was sent, and the API saw none: its header is called otherwise there, or was dropped on the way."""
    if not _failing(case, "header"):
        return None
    if this_one_only(case):
        return _THIS_ONE
    if case.row.role != LISTING and is_listing_answered(case):
        return Sign(("the same header, or everyone, gets the list of models",))
    if _as_everyone(case):
        return Sign(("a request without a key gets the same answer",))
    return Sign()


def _of_the_key(code: str, classes: tuple[str, ...], summary: str, step: str) -> Mode:
    """A row for what would meet every request with this key, from this machine."""

    def found(case: Case) -> Sign | None:
        if not _failing(case, *classes):
            return None
        return _THIS_ONE if this_one_only(case) else Sign()

    return Mode(code, YOU, summary, step, CERTAIN, found)


MODES = (
    Mode(
        "auth.header",
        YOU,
        "the endpoint requires a key, and none was sent",
        "Remove --no-auth and give the key, or ask why the endpoint is not open.",
        CERTAIN,
        _keyless,
    ),
    Mode(
        "gateway.challenge",
        GATEWAY,
        "every request is forbidden, with or without a key: an access rule before the API refuses them",
        "Check path and stage of the base URL, then ask whoever runs the gateway to allow this machine.",
        LIKELY,
        _not_even_judged,
    ),
    _row(
        "gateway.error",
        GATEWAY,
        ("upstream",),
        "a gateway reports that the service behind it failed or cannot be reached",
        "Neither your key nor the model is the cause. If the gateway is yours, check its upstream's address, key and state; otherwise run again and escalate with the request id and UTC time.",
        LIKELY,
    ),
    Mode(
        "gateway.error",
        GATEWAY,
        "a gateway reports that the service behind it is unreachable or failing",
        "Neither your key nor the model is the cause. Run again; if it still fails, escalate with the request id and UTC time.",
        LIKELY,
        _relayed,
    ),
    Mode(
        "auth.rejected",
        YOU,
        "the endpoint refuses this key",
        "Check that the key is active, complete and from this provider; base URL, key and model must belong to one provider. An exhausted or expired key can look the same.",
        CERTAIN,
        _key_rejected,
    ),
    Mode(
        "auth.header",
        UNKNOWN,
        "a key was sent, but the endpoint says that no usable key arrived",
        "Compare the header's name and scheme with the provider's reference; --profile decides which are sent. If they are right, a proxy or gateway on the way drops the header: ask whoever runs it.",
        LIKELY,
        _header_lost,
    ),
    _of_the_key(
        "auth.organization",
        ("organization",),
        "key and organization or project do not belong together",
        "Check organization settings of the key; unset OPENAI_ORG_ID in your clients.",
    ),
    _row(
        "account.quota",
        YOU,
        ("quota",),
        "the account or the key has no money left for this request",
        "Top up the account or raise the key's own quota: they are counted separately. Retrying does not help.",
    ),
    _of_the_key(
        "account.region",
        ("region",),
        "the provider does not serve this machine's country or region",
        "Run from a supported region, or ask the provider.",
    ),
    Mode(
        "account.rate_limited",
        UNKNOWN,
        "too many requests: a limit is reached, and the reply does not say whose it is",
        "Wait and run again. It may be this key's limit or the account's, or one that everybody shares who asks this model: look at who else uses this key, and ask the provider if waiting does not help.",
        CERTAIN,
        _rate,
    ),
    Mode(
        "model.retired",
        YOU,
        "the model has been retired",
        "Choose a successor: chatproof models lists what is active.",
        CERTAIN,
        _retired,
    ),
    Mode(
        "model.unavailable",
        YOU,
        "the endpoint does not serve this model for this key",
        "Copy an id from `chatproof models TARGET` exactly. Retrying does not help.",
        CERTAIN,
        _model,
    ),
    Mode(
        "auth.permission",
        YOU,
        "the key is valid, but lacks the permission for this",
        "Check the key's scopes, model and IP restrictions, and its group in the dashboard.",
        CERTAIN,
        _forbidden,
    ),
    Mode(
        "request.context_length",
        YOU,
        "the endpoint says the prompt is too long",
        "The probe is a short sentence or two: look for a gateway that adds its own prompt.",
        CERTAIN,
        _too_long,
    ),
    Mode(
        "request.unsupported_parameter",
        YOU,
        "the endpoint refuses a parameter of the request",
        "Read the named parameter in the evidence; this model needs another parameter.",
        CERTAIN,
        lambda case: whose_parameter(case) if _failing(case, "parameter") else None,
    ),
    Mode(
        "content.filtered",
        PROVIDER,
        "a content filter refused the request",
        "The probe's question is harmless: look at the deployment's filter settings.",
        CERTAIN,
        _filtered,
    ),
    Mode(
        "request.rejected",
        UNKNOWN,
        "the endpoint refuses the form of the request",
        "Read the message in the evidence; the request is the documented minimum, so check the model's own rules, or a gateway that changes the request.",
        LIKELY,
        _rejected,
    ),
    Mode(
        "server.error",
        PROVIDER,
        "the provider reports an internal failure",
        "Run again; if it still fails, escalate with the request id and UTC time.",
        CERTAIN,
        lambda case: limits.overload(case) if _failing(case, "server") else None,
    ),
    Mode(
        "contract.error_present",
        PROVIDER,
        "an error arrives with a success status",
        "Read the error in the evidence: clients that check only the status miss it. Report the status.",
        CERTAIN,
        in_success.found,
    ),
    Mode(
        "contract.error_present",
        UNKNOWN,
        "the error's words match no known cause, and its status is not known",
        "Read the words in the evidence. The status would tell more: capture the reply with its headers (curl -sS -i …).",
        POSSIBLE,
        _unknown_error,
    ),
)
