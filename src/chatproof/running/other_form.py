"""What an endpoint refuses for its form is asked again in another one: a free tool call where a forced one is refused.

What it refused in the plain request, by name, the requests after it leave out from the start: a server that knows no
`store`, or no base64, is asked without it, and everything else is judged.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chatproof.contract.probe import KEY_REFUSAL, REFUSED_FORM, Body, Probe
from chatproof.evidence.provider_error import names
from chatproof.evidence.reply import Reply
from chatproof.running.plan import USER_AGENT, request_for
from chatproof.values import NamedTuple

if TYPE_CHECKING:
    from chatproof.running.scheduler import Sending


def steps(sending: "Sending", group: list[str]) -> Iterator[str]:
    """Prepare each probe of a group that was refused for its form, one by one, and name it as it is to be sent again.

    The exchange of the first form is kept under another name, and the probe's clauses are judged on the second. What
    was refused for the plain request's form before its key was judged is asked again as well.
    """
    for probe in group if not sending.stop.asked else ():
        row = sending.rows[probe]
        if row.otherwise is None or not _is_blamed(sending, probe, row.blamed):
            continue
        if row.id != sending.surface.control or row.body is None:
            yield _put_aside(sending, row._replace(body=row.otherwise))
            continue
        model = sending.resolved.target.model
        first = row.body(model)
        changed = changes(first if isinstance(first, dict) else {}, row.otherwise(model))
        yield _put_aside(sending, applied(row, changed))
        for other in [id for id, one in sending.rows.items() if one.role == KEY_REFUSAL]:
            if _is_blamed(sending, other, row.blamed):
                yield _put_aside(sending, applied(sending.rows[other], changed))
        sent = {exchange.probe for exchange in sending.exchanges}
        for other in sending.planned.keys() - sent - sending.own.keys():
            sending.rows[other] = applied(sending.rows[other], changed)
            sending.planned[other] = request_for(sending.rows[other], sending.resolved)
        if sending.settings.requests:
            from chatproof.running import own_planning

            names = frozenset(change.name for change in changed if not change.instead)
            given = sending.settings.requests
            again = own_planning.planned_without(sending.resolved, sending.surface, given, names, USER_AGENT)
            sending.planned.update({probe: request for probe, request in again.items() if probe not in sent})


def _is_blamed(sending: "Sending", probe: str, words: tuple[str, ...]) -> bool:
    """The probe was refused by an error that names one of these, and one more request may be sent."""
    first = next((e for e in sending.exchanges if e.probe == probe), None)
    most = sending.settings.max_requests
    if first is None or (most and len(sending.planned) >= most):
        return False
    reply = Reply(first)
    return bool(reply.complete and reply.error and names(reply.error, words))


def _put_aside(sending: "Sending", row: Probe) -> str:
    """Keep the exchange of the first form under another name, and plan the probe in this one."""
    probe, name = row.id, f"{REFUSED_FORM}{row.id}"
    first = next(e for e in sending.exchanges if e.probe == probe)
    sending.exchanges[sending.exchanges.index(first)] = first._replace(probe=name, id=f"{first.id}f")
    sending.planned[name], sending.rows[name] = first.request, sending.surface.known(name)
    sending.planned[probe] = request_for(row, sending.resolved)
    return probe


class Change(NamedTuple):
    """A field whose value was refused. `instead` is what is sent in its place; nothing, where it is left out."""

    name: str
    refused: object
    instead: tuple[object, ...]


def changes(first: Body, second: Body) -> tuple[Change, ...]:
    """What the second form of a request changes in the first one."""
    return tuple(
        Change(name, value, (second[name],) if name in second else ())
        for name, value in first.items()
        if name not in second or second[name] != value
    )


def applied(row: Probe, changed: tuple[Change, ...]) -> Probe:
    """The row with the same fields changed, where its request has them with the refused value; its summary says so."""
    if not changed or row.body is None or row.verbatim:
        return row
    answers = row.answers
    return row._replace(
        body=_then(row.body, changed),
        answers=_then(answers, changed) if answers is not None else None,
        summary=_said(row.summary, changed),
    )


def remark(replies: Mapping[str, Reply], control: str) -> list[str]:
    """Say that the plain request was refused as it was first sent, and what the run went on with."""
    first, second = replies.get(f"{REFUSED_FORM}{control}"), replies.get(control)
    if first is None or second is None:
        return []
    before, after = (reply.exchange.request.summary for reply in (first, second))
    return [f"the plain request was refused with {before}, and the run continued with {after}"]


def _then(make: Callable[..., Any], changed: tuple[Change, ...]) -> Callable[..., Any]:
    def made(*args: Any) -> Any:
        body = make(*args)
        if not isinstance(body, dict):
            return body
        fields = dict(body)
        for change in changed:
            if change.name in fields and fields[change.name] == change.refused:
                del fields[change.name]
                fields |= dict.fromkeys([change.name] if change.instead else [], *change.instead)
        return fields

    return made


def _said(summary: str, changed: tuple[Change, ...]) -> str:
    parts = summary.split(", ")
    for change in changed:
        refused = f"{change.name}={_shown(change.refused)}"
        instead = [f"{change.name}={_shown(value)}" for value in change.instead]
        parts = [said for part in parts for said in (instead if part == refused else [part])]
    return ", ".join(parts)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
