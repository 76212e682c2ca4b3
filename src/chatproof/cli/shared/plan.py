"""--plan: the requests as curl commands, what they cost, and nothing sent."""

from chatproof.contract.clause import VALIDATE
from chatproof.contract.probe import ALIVE, CONTROL, KEY_REFUSAL, REFUSAL, Probe
from chatproof.evidence.curl import command
from chatproof.printable import number_of
from chatproof.running.plan import Settings, contract_for, plan
from chatproof.target.target import SIMULATOR, Resolved
from chatproof.wire.exchange import Secret

_MANY = 10
"""Requests behind which a terminal no longer shows what stood first: the cost is said once more."""

_GONE = (
    "# the simulator below stopped with this command; to send these requests yourself, start one that stays with",
    "# `chatproof simulate`, and use the address and the key that it prints",
)


def show(resolved: Resolved, settings: Settings) -> str:
    """Runnable curl lines; the key appears as the name of its variable."""
    target = resolved.target
    if not target.model:
        resolved = resolved._replace(target=target._replace(model="MODEL"))
    if target.key is None and not target.no_auth:
        # Only the name of its variable is shown.
        resolved = resolved._replace(target=resolved.target._replace(key=Secret("not-set")))
    contract = contract_for(resolved, settings)
    planned = plan(contract, resolved, settings)
    rows, known = contract.surface.rows(settings.kind), contract.surface.known
    asked = {probe: rows.get(probe) or known(probe) for probe in planned}
    source = (
        target.key_source.removeprefix("env:").split(" or ")[0]
        if target.key_source.startswith("env:")
        else "CHATPROOF_API_KEY"
    )
    cost = _cost(asked, settings, bool(contract.surface.stream))
    lines = [*cost, *(_GONE if target.name == SIMULATOR else ())]
    of_own = _own(settings)
    for probe, request in planned.items():
        after = asked[probe].after
        when = {"": "", ALIVE: ", only if an earlier request was answered"}.get(after, f", only if {after} succeeded")
        if asked[probe].answers:
            when += "; its messages will contain the server's answer to that"
        own = probe in of_own
        lines += [
            "",
            f"# {probe}: {of_own[probe] if own else asked[probe].does}{when}",
            command(
                request._replace(body=b"") if own else request,
                source,
                timeout=target.timeout,
                proxy=target.proxy,
                ca_file=target.ca_file,
                client=(target.client_cert, target.client_key),
            )
            + (f" \\\n  --data-binary @{probe}.json" if own else ""),
        ]
    again = ["", *cost] if len(planned) > _MANY else []
    return "\n".join([*lines, *again, ""])


def _own(settings: Settings) -> dict[str, str]:
    """What is said of the user's own requests, by probe: their texts are not printed."""
    if not settings.requests:
        return {}
    from chatproof.running.own_planning import named

    return {
        probe: f"your own request, {own.source}: its body with this model, as {probe}.json ({own.summary})"
        for probe, own in named(settings.requests).items()
    }


def _cost(planned: dict[str, Probe], settings: Settings, streams: bool) -> list[str]:
    """What this would cost at most, from the probe table. An API that streams has a model that writes."""
    billable = [row for row in planned.values() if row.billable]
    lines = [f"# {number_of(len(planned), 'request')}, {len(billable)} billable; nothing is retried"]
    more = []
    if settings.requests or settings.kind == VALIDATE:
        from chatproof.running import own_requests

        common = any(row.parts for row in planned.values())
        what = " or ".join([*["requests of your own"][: len(settings.requests)], *["common ones"][: int(common)]])
        smaller = own_requests.most(settings, planned.values())
        more = [f"# and at most {smaller} smaller ones, if {what} are refused"] if smaller else []
    control = next((row for row in planned.values() if row.role == CONTROL and row.otherwise), None)
    if control is not None:
        most = 1 + sum(row.role == KEY_REFUSAL for row in planned.values())
        more.append(f"# and at most {most} again without it, if {control.blamed[0]} is refused")
    if settings.kind != VALIDATE:
        return [
            *lines,
            *more,
            "# token ceiling: these requests set none, so the model's own maximum applies; the requested answer is "
            "one word"
            if streams
            else "# tokens: only those of the texts below; the model generates no text",
        ]
    lines[0] = f"# {len(planned)} requests, {len(billable)} billable; free ones first, and paid ones only if those work"
    lines += more
    refusals = sum(row.role == REFUSAL for row in planned.values())
    if refusals:
        lines.append(f"# {refusals} of the free ones must be refused: an endpoint that answers them also bills them")
    expected = sum(row.tokens for row in billable) + sum(own.tokens for own in settings.requests)
    lines.append(f"# token ceiling: about {expected} tokens, prompt and answer, by the probe table")
    if settings.budget_tokens:
        lines.append(
            f"# --budget-tokens {settings.budget_tokens}: requests that would exceed it by that table are not sent"
        )
    else:
        lines.append("# a model that thinks or writes too much may use more: --budget-tokens N stops in time")
    return lines
