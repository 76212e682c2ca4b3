"""What every process of a fleet makes of a target's name by itself: key, contract, requests. Nothing is sent here."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple

from chatproof.fleet.targets import Listed, resolve
from chatproof.judging.contract import Contract
from chatproof.running import beside
from chatproof.running.plan import Settings, contract_for, plan
from chatproof.secrets.redaction import fingerprint
from chatproof.target.target import Resolved, Wanted
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Request, Secret

_PLACES = ("key_env", "key_file", "key_keyring", "profile", "proxy", "no_auth")
_MOST_PLACES = 256  # of keys, which are looked for in the replies to all targets
NO_OWN = "requests of its own, which a fleet does not send; use chatproof smoke NAME"


class Ready(NamedTuple):
    """A target that can be asked. `planned` has its requests by probe, `key` what tells its key from another."""

    name: str
    resolved: Resolved
    contract: Contract
    planned: dict[str, Request]
    key: str


class Fleet:
    """The targets by name, and how they are asked; the same in each process that was made after it."""

    def __init__(
        self,
        rows: Iterable[Listed],
        wanted: Wanted,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        notes: tuple[str, ...] = (),
        claims: bool = False,
        reuse: bool = False,
        reuse_judgement: bool = False,
    ) -> None:
        """`notes` stand in each run's record. With `claims` a run whose beginning is in the journal already is somebody
        else's, and is not asked. With `reuse` a target's requests go over one connection; with
        `reuse_judgement` what identical replies of one host have shown is not judged twice."""
        self.notes = notes
        self.claims = claims
        self.reuse = reuse
        self.reuse_judgement = reuse_judgement
        self.rows = {row.name: row for row in rows}
        self.wanted = wanted
        self.settings = settings
        self.environ = environ
        self._contracts: dict[Any, Contract] = {}

    def ready(self, name: str) -> Ready:
        """Read a target's key and plan its requests. Raises UsageError for what is wrong on our own side."""
        resolved = resolve(self.rows[name], self.wanted, self.environ)
        target = resolved.target
        if target.model in ("", "auto"):
            raise UsageError(
                "usage", "a fleet does not choose a model itself: each target needs one", 'write model = "ID"'
            )
        if resolved.clients:
            from chatproof.contract import clients

            clients.check(resolved.clients)
        if resolved.requests:
            resolved = resolved._replace(notes=(*resolved.notes, f"{name} has {NO_OWN}"))
        if self.notes:
            resolved = resolved._replace(notes=(*resolved.notes, *self.notes))
        resolved = resolved._replace(besides=self._besides)
        contract = self._contract(resolved)
        planned = plan(contract, resolved, self.settings)
        return Ready(name, resolved, contract, planned, fingerprint(target.key) if target.key else "")

    @cached_property
    def _besides(self) -> tuple[Secret, ...]:
        """The secrets of all targets, read from each place once: a gateway may give one target's reply to another."""
        places: dict[Any, Listed] = {}
        for row in self.rows.values():
            said = row.entry
            headers = sorted(said.get("headers", {}).items())
            places.setdefault((*map(said.get, _PLACES), str(headers)), row)
            if len(places) == _MOST_PLACES:
                break
        found = []
        for row in places.values() if len(places) > 1 else ():
            with suppress(UsageError):  # told of when it is asked
                found.append(resolve(row, self.wanted, self.environ))
        return beside.of_all(found, self.environ)

    def _contract(self, resolved: Resolved) -> Contract:
        """Made once for targets that have the same: a fleet has few kinds."""
        kind = (resolved.profile.name, resolved.target.api, resolved.clients, resolved.waivers)
        if kind not in self._contracts:
            self._contracts[kind] = contract_for(resolved, self.settings)
        return self._contracts[kind]
