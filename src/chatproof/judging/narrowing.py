"""What a run says of what it left out. Its verdict is about what was judged; a break that was skipped is not hidden.

Loaded only where a run is narrowed: by --only, --skip or --layer, or by a limit or signal that left out a request.
"""

from collections.abc import Mapping

from chatproof.contract.clause import BROKEN, MUST
from chatproof.judging.contract import Contract, contract_on
from chatproof.judging.judge import Finding, Judgement, judge

_NAMED = 3


def unsent(left_out: Mapping[str, str]) -> list[str]:
    """One line for each reason, with the probes that were not sent for it."""
    reasons: dict[str, list[str]] = {}
    for probe, why in left_out.items():
        reasons.setdefault(str(why), []).append(probe)
    said = {why: f"requests not sent: {why.removeprefix('not sent: ')}" for why in reasons}
    return [f"{said[why]} ({', '.join(probes)})" for why, probes in reasons.items()]


def notes(contract: Contract, judgement: Judgement, narrowed: tuple[str, ...]) -> list[str]:
    """For the run's notes: that it is narrowed, and what was seen to be broken among what was left out."""
    said = [f"narrowed by {', '.join(narrowed)}: the verdict does not cover what was left out"]
    broken = _broken(contract, judgement)
    for finding in broken[:_NAMED]:
        what = f"expected {finding.expected}; observed {finding.observed}"
        said.append(f"left out, but failed: {finding.clause} ({finding.probe}): {what}")
    if len(broken) > _NAMED:
        said.append(f"left out, but failed: {len(broken) - _NAMED} more clauses")
    return said


def _broken(contract: Contract, judgement: Judgement) -> list[Finding]:
    """Broken musts among the clauses that were skipped, and those of the happy path where it was sent as a control."""
    aside = list(judgement.left_out)
    context = judgement.context
    known = {finding.clause for finding in (*judgement.findings, *aside)}
    if context.control is not None:
        whole = contract_on(context.control.probe, contract.surface, contract.profile)
        exchanges = [reply.exchange for reply in context.replies.values()]
        plain = judge(whole, exchanges, model=context.model, key=context.key, no_auth=context.no_auth)
        aside += [finding for finding in plain.findings if finding.clause not in known]
    return [finding for finding in aside if finding.outcome == BROKEN and finding.level == MUST]
