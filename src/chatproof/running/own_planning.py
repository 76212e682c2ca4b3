"""The requests that a run makes of the user's own, before anything is sent. Pure."""

from chatproof.contract.probe import JSON, KEY, OWN_REQUEST, Probe, build
from chatproof.contract.surface import Surface
from chatproof.surfaces.own.own_request import OwnRequest
from chatproof.target.target import Resolved
from chatproof.wire.exchange import Request


def named(requests: tuple[OwnRequest, ...]) -> dict[str, OwnRequest]:
    """The requests by the names of their probes, from request.1."""
    return {f"{OWN_REQUEST}{number}": request for number, request in enumerate(requests, 1)}


def planned(
    resolved: Resolved, surface: Surface, requests: tuple[OwnRequest, ...], user_agent: str
) -> dict[str, Request]:
    """What is sent of the user's own, by probe."""
    return {
        probe: request_of(surface.known(probe), own, resolved, user_agent) for probe, own in named(requests).items()
    }


def planned_without(
    resolved: Resolved, surface: Surface, requests: tuple[OwnRequest, ...], names: frozenset[str], user_agent: str
) -> dict[str, Request]:
    """The same without these fields, where they are not the user's: what was refused of ours is not sent in theirs."""
    return {
        probe: request_of(surface.known(probe), own.without(names & own.put), resolved, user_agent)
        for probe, own in named(requests).items()
        if names & own.put
    }


def request_of(row: Probe, own: OwnRequest, resolved: Resolved, user_agent: str) -> Request:
    """The request of one of the user's own for this target."""
    header = resolved.profile.fact("auth_header", "Authorization: Bearer")
    target, body = resolved.target, own.sent(resolved.target.model)
    made = row._replace(body=lambda model: body, summary=own.summary, credential=KEY, media=JSON)
    return build(made, resolved.url, target.model, target.key, header, user_agent, further=target.headers)
