"""An API whose clients write the plain request in two forms, with other headers: one that is answered is enough.

Where the first form is refused and its twin is answered, they change places: the twin is the plain request of the run,
whatever follows is asked in its form, and the refused one is judged as the twin: a warning that names its clients. A
free request that was refused together with it (the list of models) is asked once more.
"""

from typing import TYPE_CHECKING

from chatproof.contract.clause import SMOKE
from chatproof.contract.probe import LISTING, OWN, REFUSED_FORM, TWIN, Probe
from chatproof.contract.surface import Surface
from chatproof.evidence.reply import Reply
from chatproof.running.plan import USER_AGENT, request_for

if TYPE_CHECKING:
    from chatproof.running.scheduler import Sending
    from chatproof.wire.exchange import Request

_OF_LOAD = (408, 425, 429)
"""Refusals that say nothing about a request's form: the other one was merely luckier."""


def settle(sending: "Sending") -> list[str]:
    """Let the plain request and its twin change places where only the twin is answered. Does nothing a second time.

    Returns the probes to ask once more, in the form that is answered.
    """
    control = sending.surface.control
    twin = next(probe for probe, row in sending.rows.items() if row.role == TWIN)
    first, other = (next((e for e in sending.exchanges if e.probe == probe), None) for probe in (control, twin))
    if first is None or other is None:
        return []
    refused, answered = Reply(first), Reply(other)
    is_refused = refused.complete and 400 <= refused.status < 500 and refused.status not in _OF_LOAD
    if not is_refused or not answered.complete or not sending.surface.view.is_success(answered):
        return []
    sending.exchanges[sending.exchanges.index(first)] = first._replace(probe=twin)
    sending.exchanges[sending.exchanges.index(other)] = other._replace(probe=control)
    old, new = sending.rows[control], sending.rows[twin]
    again = _put_aside(sending)
    settled = {exchange.probe for exchange in sending.exchanges} - {control, twin}
    for probe, row in list(sending.rows.items()):
        if probe not in settled and probe != twin:
            sending.rows[probe] = _in_form(row, old, new)
            sending.planned[probe] = _request(sending, sending.rows[probe])
    sending.rows[twin] = new._replace(header=old.header, headers=old.headers)
    sending.planned[twin] = first.request
    return again


def _request(sending: "Sending", row: Probe) -> "Request":
    if row.role != OWN:
        return request_for(row, sending.resolved)
    from chatproof.running import own_planning

    own = own_planning.named(sending.settings.requests)[row.id]
    return own_planning.request_of(row, own, sending.resolved, USER_AGENT)


def in_other_form(row: Probe, surface: Surface) -> Probe | None:
    """A row of an API as its other clients send it, with the key and the version in other headers; None where an API's
    clients all write alike."""
    rows = surface.rows(SMOKE)
    twin = next((other for other in rows.values() if other.role == TWIN), None)
    return None if twin is None else _in_form(row, rows[surface.control], twin)


def _put_aside(sending: "Sending") -> list[str]:
    """Keep the listing that was refused with the plain request under another name, as it is to be asked once more."""
    most = sending.settings.max_requests
    for number, exchange in enumerate(sending.exchanges):
        probe, reply = exchange.probe, Reply(exchange)
        if sending.rows[probe].role != LISTING or not refuses_key(reply):
            continue
        if most and len(sending.planned) >= most:
            continue
        name = f"{REFUSED_FORM}{probe}"
        sending.exchanges[number] = exchange._replace(probe=name, id=f"{exchange.id}f")
        sending.planned[name], sending.rows[name] = exchange.request, sending.surface.known(name)
        return [probe]
    return []


def refuses_key(reply: Reply) -> bool:
    """Say whether a reply refuses the key: it may be looked for in another header."""
    return reply.complete and reply.status in (401, 403)


def _in_form(row: Probe, old: Probe, new: Probe) -> Probe:
    """The row with the headers of the form that is answered, where it has those of the other one, and more or not."""
    header = new.header if row.header is old.header else row.header
    shared = len(old.headers)
    headers = (*new.headers, *row.headers[shared:]) if row.headers[:shared] == old.headers else row.headers
    return row._replace(header=header, headers=headers)
