"""chatproof models: identifiers active for this key."""

import os

from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say, say_json
from chatproof.cli.shared.options import add_target, find_target, parser
from chatproof.contract.failure_mode import describe
from chatproof.contract.probe import Probe
from chatproof.contract.surface import CHAT
from chatproof.diagnosis.diagnosis import diagnose
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import contract_on
from chatproof.judging.judge import judge
from chatproof.printable import escape, number_of
from chatproof.record.document import searched
from chatproof.running.dispatch import Stop, Transport, Wave, send_all, transport_options
from chatproof.running.plan import request_for
from chatproof.running.run import besides_of
from chatproof.running.twin import in_other_form, refuses_key
from chatproof.secrets.redaction import clean
from chatproof.surfaces import surface_of
from chatproof.surfaces.model_listing import listed_ids, nearest
from chatproof.target.target import Resolved, is_model_id
from chatproof.transport.resolver import Resolver
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Exchange

SHOWN = 20


def main(argv: list[str]) -> int:
    to = parser("models", COMMANDS["models"])
    add_target(to)
    to.add_argument("--check", default="", metavar="ID", help="exit 1 unless exactly this id is listed")
    to.add_argument("--format", default="text", choices=("text", "json"))
    args = to.parse_args(argv)
    resolved = find_target(args)
    reply = ask(resolved)
    surface = surface_of(resolved.target.api)
    ids = ids_of(reply)
    if ids is None:
        return _explain(resolved, reply, args.format)
    shown = [_safe(id, resolved) for id in ids]
    if args.check:
        return _check(args.check, ids, resolved, args.format)
    entries = reply.json.get("data") if isinstance(reply.json, dict) else reply.json
    by_id = {entry.get("id"): entry for entry in entries or [] if isinstance(entry, dict)}
    if args.format == "json":
        rows = [
            {"id": safe, "looks_chat_capable": surface.view.is_fit(id, by_id.get(id))}
            for id, safe in zip(ids, shown, strict=True)
        ]
        say_json({"models": rows})
    else:
        say("".join(f"{escape(id)}\n" for id in shown))
    return 0


def ask(resolved: Resolved) -> Reply:
    """Send the models request; it is free. Where the key is refused in one of an API's two headers, it is sent in the
    other one, too, as a run does: the refusal is the answer only where both are refused."""
    surface = surface_of(resolved.target.api)
    listing = surface.known(surface.listing)
    reply = _sent(listing, resolved)
    other = in_other_form(listing, surface) if refuses_key(reply) and resolved.target.key is not None else None
    if other is None:
        return reply
    second = _sent(other, resolved)
    return reply if refuses_key(second) or not second.complete else second


def _sent(listing: Probe, resolved: Resolved) -> Reply:
    planned = {listing.id: request_for(listing, resolved)}
    exchanges: list[Exchange] = []
    wave = Wave([listing.id], planned, Transport(transport_options(resolved, os.environ)), exchanges)
    send_all(wave, Resolver(), Stop())
    return Reply(exchanges[0])


def ids_of(reply: Reply) -> list[str] | None:
    if not reply.complete or reply.status != 200 or reply.json_problem is not None:
        return None
    return listed_ids(reply.json)


def choose_model(resolved: Resolved, *, auto: bool) -> Resolved:
    """A run without a model: take the first one that looks fit if told to, else stop and list what there is.

    Where there is no list to take one from, its failure is the run's: the answer comes back as the target's `listing`.
    """
    reply = ask(resolved)
    ids = ids_of(reply)
    surface = surface_of(resolved.target.api)
    fitting = [id for id in ids or [] if surface.view.is_fit(id)]
    fit = next((id for id in fitting if is_model_id(id) and _without_secrets(id, resolved) == id), None)
    if auto and fit:
        note = f"--model auto chose {escape(fit)}, the first of {len(ids or [])} listed ids that looks {surface.fit}"
        return resolved._replace(target=resolved.target._replace(model=fit), notes=(*resolved.notes, note))
    if ids is None and auto:
        note = "--model auto needs a list of models and got none; nothing else was sent. Use --model ID"
        return resolved._replace(listing=reply.exchange, notes=(*resolved.notes, note))
    if ids is None:
        raise UsageError(
            "usage",
            f"no model is given, and the list of models could not be read: {_told(reply, resolved)}",
            "correct that first; or use --model ID, and the run names its cause",
        )
    shown = "".join(f"\n    {_safe(id, resolved)}" for id in fitting[:SHOWN])
    more = f"\n    … {len(fitting) - SHOWN} more: chatproof models TARGET" if len(fitting) > SHOWN else ""
    raise UsageError(
        "usage",
        f"no model is given; active for this key and {surface.fit} by name:{shown or ' none'}{more}",
        "use --model ID, or --model auto",
    )


def _told(reply: Reply, resolved: Resolved) -> str:
    return escape(_without_secrets(describe(reply), resolved))


def _check(wanted: str, ids: list[str], resolved: Resolved, format: str) -> int:
    listed, is_fit = wanted in ids, surface_of(resolved.target.api).view.is_fit
    near = (
        [] if listed else [{"id": _safe(id, resolved), "looks_chat_capable": is_fit(id)} for id in nearest(wanted, ids)]
    )
    if format == "json":
        say_json({"id": wanted, "listed": listed, "nearest": near})
    elif listed:
        say(f"{escape(wanted)} is listed\n")
    else:
        lines = [f"{escape(wanted)} is not among the {number_of(len(ids), 'id')} listed for this key"]
        lines += [
            f"  near: {row['id']}"
            + ("" if row["looks_chat_capable"] else f"  (does not look {surface_of(resolved.target.api).fit})")
            for row in near
        ]
        if not near:
            lines.append("  next: chatproof models, with the same target, lists them")
        say("\n".join(lines) + "\n")
    return 0 if listed else 1


def _explain(resolved: Resolved, reply: Reply, format: str) -> int:
    surface = surface_of(resolved.target.api)
    contract = contract_on(surface.listing, surface, resolved.profile)
    found = diagnose(judge(contract, [reply.exchange], model=resolved.target.model, key=resolved.target.key))
    if format == "json":
        rows = [{**d._asdict(), "evidence": [_without_secrets(line, resolved) for line in d.evidence]} for d in found]
        say_json({"models": None, "diagnoses": rows})
    else:
        for diagnosis in found:
            lines = [f"{diagnosis.code}: {diagnosis.summary}", *diagnosis.evidence, f"next: {diagnosis.next_step}"]
            say("\n  ".join(escape(_without_secrets(line, resolved)) for line in lines) + "\n")
        if reply.complete and reply.status != 401:
            api = "" if surface.name == CHAT else f" --api {surface.name}"
            what = "chat" if surface.name == CHAT else surface.title
            say(f"  note: this is only about the list; {what} may still work: chatproof smoke{api} --model ID\n")
        if not found:
            say("the list of models could not be read\n")
    return 1 if reply.complete else 3


def _safe(id: str, resolved: Resolved) -> str:
    return escape(_without_secrets(id, resolved))


def _without_secrets(text: str, resolved: Resolved) -> str:
    """Without the key, the values of further headers and a proxy's password."""
    return clean(text, resolved.target.key, *searched(resolved.target), *besides_of(resolved, os.environ))
