"""A run in which --model auto got no list of models to take one from: the listing's failure is the run's failure.

Nothing else is sent, for there is no model to send it to. What the listing showed is judged, diagnosed and recorded.
"""

from collections.abc import Iterable

from chatproof.contract.clause import MUST
from chatproof.contract.probe import ALL
from chatproof.judging.contract import Contract, Term, contract_on

NOT_SENT = "not sent: --model auto got no list of models to choose from"


def with_listing(contract: Contract) -> Contract:
    """The contract of the run, with the listing as a must, whatever its options left out: it cannot be made without."""
    surface = contract.surface
    listed = contract_on(surface.listing, surface, contract.profile).terms
    ids = {term.clause.id for term in listed}
    terms = [term for term in contract.terms if term.clause.id not in ids]
    return contract._replace(terms=(*terms, *(Term(term.clause, MUST) for term in listed)))


def unsent(contract: Contract) -> dict[str, str]:
    """Why each probe but the listing has no exchange."""
    probes: Iterable[str] = (term.clause.probe for term in contract.terms)
    return {probe: NOT_SENT for probe in probes if probe not in (contract.surface.listing, ALL)}
