"""Judging captures: read → match → judge → diagnose → record. Nothing is sent, and no module that could send is loaded.

The same judge, diagnosis and record as of a live run. Of several exchanges that answer one probe, the first of the
worst is judged in the run: a later success does not mend an earlier break.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

from chatproof import clock
from chatproof.captures.entry import Capture
from chatproof.captures.matching import Match, match
from chatproof.contract.clause import BROKEN, MUST, SMOKE, UNDECIDED, VALIDATE
from chatproof.contract.surface import Surface
from chatproof.judging.contract import Choice, Contract, contract_of
from chatproof.judging.judge import NO_GO, NOT_CAPTURED, UNDECIDED_VERDICT, Judgement, judge
from chatproof.record import document
from chatproof.record.document import Run
from chatproof.record.sanitized import UNOBSERVED
from chatproof.surfaces import surface_of
from chatproof.target import profile
from chatproof.target.profile import Profile
from chatproof.target.target import Target
from chatproof.usage_error import UsageError
from chatproof.wire import urls
from chatproof.wire.exchange import KEY, MODEL, Exchange, Secret, Url

if TYPE_CHECKING:
    from chatproof.diagnosis.diagnosis import Diagnosis

_TOLD = 6  # of the exchanges that were left out
REFUSED = "a client refused this reply, so it is judged by the complete contract (as with --validate)"


class Source(NamedTuple):
    """One file: its name for people, what it holds, and the probe that the user says it answers."""

    name: str
    capture: Capture
    probe: str = ""


class Asked(NamedTuple):
    """What the user says beyond the files. Empty: not said."""

    profile: str = ""
    model: str = ""
    base_url: str = ""
    environment: str = ""
    no_auth: bool = False
    scope: str = SMOKE
    choice: Choice = Choice()
    keep_bodies: bool = False


def judge_captures(sources: list[Source], asked: Asked) -> Run:
    """The run document of what the captures hold. Raises UsageError when no exchange of them can be judged.

    Where a client refused a reply in which smoke's clauses find nothing, the complete contract is asked why.
    """
    run = _judged(sources, asked)
    chosen = asked.scope != SMOKE or asked.choice.only or asked.choice.skip
    refused = any(source.capture.refused for source in sources)
    if chosen or not refused or run.document["verdict"] != UNDECIDED_VERDICT:
        return run
    complete = _judged(sources, asked._replace(scope=VALIDATE), REFUSED)
    return complete if complete.document["verdict"] == NO_GO else run


def _judged(sources: list[Source], asked: Asked, *notes: str) -> Run:
    started = clock.utc()
    named = next((source.capture.api for source in sources if source.capture.api), "")
    asked = asked._replace(choice=asked.choice._replace(api=named or asked.choice.api))
    surface = surface_of(asked.choice.api)
    matches = [m for source in sources for m in _matches(source, asked, surface)]
    matches, base = _of_one_endpoint(matches, asked)
    known = _profile(asked.profile, base)
    answering = [m for m in matches if m.exchange is not None]
    model = asked.model or next(
        (m.model for m in sorted(answering, key=lambda m: m.probe != surface.control) if m.model), ""
    )
    keys = list(dict.fromkeys(m.key for m in answering if m.key is not None))
    # With more than one key, which of them a reply might give away is not one question.
    key = keys[0] if len(keys) == 1 else None
    streamed = asked.choice.stream or any(m.probe == surface.stream for m in answering)
    contract = contract_of(asked.scope, known, asked.choice._replace(stream=streamed, today=started[:10]))
    judging = _Judging(contract, model, key, asked.no_auth)
    exchanges, said = _chosen(answering, judging)
    if not exchanges:
        raise UsageError(
            "usage", "no exchange of the captures answers a probe: " + _why(matches), "see: --as, --validate"
        )
    not_sent = dict.fromkeys(contract.surface.rows(asked.scope), f"{NOT_CAPTURED}the complete exchange")
    judgement = judging.judge(exchanges, not_sent)
    facts = document.Facts(
        run_id=f"judge-{started[:10].replace('-', '')}-{started[11:19].replace(':', '')}-{os.urandom(3).hex()}",
        kind=document.JUDGE,
        started_at=started,
        finished_at=clock.utc(),
        environment=_surroundings(sources, exchanges),
        notes=(*notes, *_narrowed(contract, judgement), *_notes(sources, matches, judgement), *said),
        narrowed=contract.narrowed,
        keep_bodies=asked.keep_bodies,
        keys=(*keys, *(secret for source in sources for secret in source.capture.keys)),
        others=tuple(dict.fromkeys(secret for source in sources for secret in source.capture.secrets)),
    )
    target = Target(
        base_url=base or UNOBSERVED,
        model=model,
        key=key,
        profile=known.name,
        name="capture",
        environment=asked.environment or UNOBSERVED,
        no_auth=asked.no_auth,
        key_source="capture",
        api=surface.name,
    )
    diagnoses: tuple[Diagnosis, ...] = ()
    if judgement.troubled:
        from chatproof.diagnosis.diagnosis import diagnose

        diagnoses = diagnose(judgement)
    return document.build(target, contract, exchanges, judgement, diagnoses, facts)


def _surroundings(sources: list[Source], exchanges: list[Exchange]) -> dict[str, object]:
    """What was around those who made the captures is not known; where they came from is."""
    unknown = ("python", "platform", "ci", "tz", "user_agent", "ca_file")
    lists = ("variables_set", "proxy_variables_ignored", "trust_variables_ignored")
    return {
        **dict.fromkeys(unknown, ""),
        **{name: [] for name in lists},
        "container": False,
        "proxy_used": False,
        "timeout_s": 0,
        "addresses": sorted({exchange.peer.address for exchange in exchanges if exchange.peer}),
        "captures": [{"file": s.name, "format": s.capture.format} for s in sources],
    }


def _narrowed(contract: Contract, judgement: Judgement) -> list[str]:
    if not contract.narrowed:
        return []
    from chatproof.judging import narrowing

    return narrowing.notes(contract, judgement, contract.narrowed)


class _Judging(NamedTuple):
    contract: Contract
    model: str
    key: Secret | None
    no_auth: bool

    def judge(self, exchanges: list[Exchange], not_sent: dict[str, str]) -> Judgement:
        return judge(self.contract, exchanges, model=self.model, key=self.key, no_auth=self.no_auth, not_sent=not_sent)


def _matches(source: Source, asked: Asked, surface: Surface) -> list[Match]:
    header = _profile(asked.profile, "").fact("auth_header", "Authorization: Bearer")
    entries = source.capture.entries
    if source.probe and len(entries) > 1:
        said = f"{source.name} has {len(entries)} exchanges, and --as is for a single reply"
        raise UsageError("usage", said, "leave it out: the exchanges are matched by their requests")
    return [
        match(entry, surface, asked.scope, header, source.probe, f"{source.name}#{entry.number}") for entry in entries
    ]


def _of_one_endpoint(matches: list[Match], asked: Asked) -> tuple[list[Match], str]:
    """The matches with one base URL, and that; bare replies belong to any."""
    bases = list(dict.fromkeys(m.base for m in matches if m.base))
    wanted = asked.base_url.rstrip("/")
    if wanted and bases and wanted not in bases:
        raise UsageError("usage", f"no exchange of the captures went to {wanted}", f"there are: {', '.join(bases[:5])}")
    if not wanted and len(bases) > 1:
        raise UsageError(
            "usage",
            f"the captures are from {len(bases)} endpoints: {', '.join(bases[:5])}",
            "choose one with --base-url URL",
        )
    base = wanted or next(iter(bases), "")
    return [m for m in matches if m.base in ("", base)], base


def _profile(wanted: str, base: str) -> Profile:
    """The profile asked for, else the one whose provider's host this is."""
    try:
        if wanted:
            return profile.load(wanted)
        found = urls.parse_base_url(base, allow_http=True) if base else None
        if isinstance(found, Url):
            for name in profile.names():
                if str(profile.load(name).fact("base_url", "")).startswith(found.origin + "/"):
                    return profile.load(name)
        return profile.load(profile.GENERIC)
    except profile.ProfileError as error:
        raise UsageError("usage", str(error), error.advice or "see --profile") from None


def _chosen(matches: list[Match], judging: _Judging) -> tuple[list[Exchange], list[str]]:
    """One exchange for each probe, in the probes' order, ids x1, x2, …; and what is said of the others."""
    chosen: dict[str, Exchange] = {}
    said: list[str] = []
    known = dict.fromkeys((*judging.contract.surface.rows(VALIDATE), *(m.probe for m in matches)))
    for probe in known:  # the happy path first: refusals are judged against it
        group = [m.exchange for m in matches if m.probe == probe and m.exchange is not None]
        if not group:
            continue
        ranks = [_rank(judging, [*chosen.values(), exchange]) for exchange in group]
        worst = ranks.index(max(ranks))
        chosen[probe] = group[worst]
        if len(group) > 1:
            said.append(_several(probe, group, ranks, worst))
    numbered = [exchange._replace(id=f"x{number}") for number, exchange in enumerate(chosen.values(), 1)]
    if judging.model:
        numbered = [exchange._replace(missing=exchange.missing - {MODEL}) for exchange in numbered]
    if judging.key is None and any(m.key for m in matches):
        numbered = [exchange._replace(missing=exchange.missing | {KEY}) for exchange in numbered]
    return numbered, said


def _rank(judging: _Judging, exchanges: list[Exchange]) -> tuple[int, int, int]:
    """How bad the last of these exchanges is: broken musts, other breaks, then what is undecided."""
    last = exchanges[-1].id
    found = [f for f in judging.judge(exchanges, {}).findings if f.exchange == last]
    musts = sum(f.outcome == BROKEN and f.level == MUST for f in found)
    return musts, sum(f.outcome == BROKEN for f in found) - musts, sum(f.outcome == UNDECIDED for f in found)


def _several(probe: str, group: list[Exchange], ranks: list[tuple[int, int, int]], worst: int) -> str:
    broken = sum(rank[0] > 0 for rank in ranks)
    when = f" at {group[worst].sent_at}" if group[worst].sent_at else ""
    which = "the first with the most failures" if broken else "the one of which the capture has least"
    if len(set(ranks)) == 1:
        which = "the first; all are alike"
    count = f"{broken} of them failed" if broken else "none of them failed"
    return f"{len(group)} exchanges answer {probe}, {count}; shown is {group[worst].id}{when}, {which}"


def _notes(sources: list[Source], matches: list[Match], judgement: Judgement) -> list[str]:
    said = [f"{s.name}: {s.capture.format}" + "".join(f"; {note}" for note in s.capture.notes) for s in sources]
    said += list(
        dict.fromkeys(f"{m.exchange.id if m.exchange else ''}: {m.why}" for m in matches if m.probe and m.why)
    )[:_TOLD]
    unmatched = [f"entry {m.entry.number}: {m.why}" for m in matches if not m.probe]
    if unmatched:
        more = f" (and {len(unmatched) - _TOLD} more)" if len(unmatched) > _TOLD else ""
        said.append(f"not judged: {'; '.join(unmatched[:_TOLD])}{more}")
    absent = list(dict.fromkeys(f.probe for f in judgement.findings if not f.exchange and f.outcome == UNDECIDED))
    if absent:
        there = " ".join(f"--only {selector}" for selector in _selectors(judgement))
        said.append(f"no answer to {', '.join(absent)} was captured; to judge only what is here: {there}")
    return said


def _selectors(judgement: Judgement) -> list[str]:
    """What --only takes for the clauses of the captured probes: a family where it is all theirs, else each clause."""
    captured = judgement.context.replies
    probe_of = {finding.clause: finding.probe for finding in judgement.findings}
    found: dict[str, None] = {}
    for clause, probe in probe_of.items():
        known = judgement.context.surface.clause(clause)
        if probe not in captured or known is None or known.probe != probe:
            continue
        family = [other for id, other in probe_of.items() if id.startswith(f"{probe}.")]
        whole = clause.startswith(f"{probe}.") and all(other in captured for other in family)
        found[probe if whole else clause] = None
    return list(found)


def _why(matches: list[Match]) -> str:
    reasons = list(dict.fromkeys(m.why for m in matches if m.why))[:3]
    return "; ".join(reasons) if reasons else "there is no chat or models request in them"
