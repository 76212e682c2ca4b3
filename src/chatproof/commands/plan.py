"""--plan: the requests as curl commands, what they cost, and nothing sent."""

from chatproof.clause import VALIDATE
from chatproof.curl_command import command
from chatproof.exchange import Request, Secret
from chatproof.probes import ALIVE, PROBES
from chatproof.probes_validate import free_first
from chatproof.run import Settings, contract_for, plan
from chatproof.target import Resolved


def show(resolved: Resolved, settings: Settings) -> str:
    """Runnable curl lines; the key appears as the name of its variable."""
    target = resolved.target
    if not target.model:
        resolved = resolved._replace(target=target._replace(model="MODEL"))
    if target.key is None and not target.no_auth:
        # Only the name of its variable is shown.
        resolved = resolved._replace(target=resolved.target._replace(key=Secret("not-set")))
    planned = plan(contract_for(resolved, settings), resolved, settings)
    source = (
        target.key_source.removeprefix("env:").split(" or ")[0]
        if target.key_source.startswith("env:")
        else "CHATPROOF_API_KEY"
    )
    lines = [*_cost(planned, settings)]
    for probe, request in planned.items():
        after = free_first(PROBES[probe]).after if settings.kind == VALIDATE else PROBES[probe].after
        when = {"": "", ALIVE: ", only after something has answered"}.get(after, f", only after {after} holds")
        if PROBES[probe].answers:
            when += "; its messages will hold what the server said there"
        lines += [
            "",
            f"# {probe}: {PROBES[probe].does}{when}",
            command(request, source, timeout=target.timeout, proxy=target.proxy, ca_file=target.ca_file),
        ]
    return "\n".join([*lines, ""])


def _cost(planned: dict[str, Request], settings: Settings) -> list[str]:
    """What this would cost at most, from the probe table."""
    billable = [probe for probe in planned if PROBES[probe].billable]
    lines = [f"# {len(planned)} requests, {len(billable)} billable; nothing is retried"]
    if settings.kind != VALIDATE:
        return [
            *lines,
            "# token ceiling: none is sent, so the model's own maximum holds; the answer asked for is one word",
        ]
    lines[0] = f"# {len(planned)} requests, {len(billable)} billable; free ones first, and paid ones only if those work"
    refusals = sum(probe.startswith("error.") for probe in planned)
    if refusals:
        lines.append(f"# {refusals} of the free ones must be refused: an endpoint that answers them bills them, too")
    expected = sum(PROBES[probe].tokens for probe in billable)
    lines.append(f"# token ceiling: about {expected} tokens, prompt and answer, by the probe table")
    if settings.budget_tokens:
        lines.append(f"# --budget-tokens {settings.budget_tokens}: what would exceed it by that table is not sent")
    else:
        lines.append("# a model that thinks or rambles may use more: --budget-tokens N stops in time")
    return lines
