"""chatproof models: identifiers active for this key."""

import json
import os

from chatproof.cli import COMMANDS
from chatproof.commands.options import add_target, find_target, parser
from chatproof.contract import smoke_contract
from chatproof.diagnosis import diagnose
from chatproof.exchange import Exchange
from chatproof.judging import judge
from chatproof.models import listed_ids, looks_chat_capable, nearest
from chatproof.output import say
from chatproof.printable import escape, inert, inert_json
from chatproof.redaction import clean
from chatproof.reply import Reply
from chatproof.resolver import Resolver
from chatproof.run import Settings, Transport, contract_for, plan, send_all, transport_options
from chatproof.target import Resolved, is_model_id
from chatproof.usage_error import UsageError

SHOWN = 20


def main(argv: list[str]) -> int:
    to = parser("models", COMMANDS["models"])
    add_target(to)
    to.add_argument("--check", default="", metavar="ID", help="exit 1 unless this id is listed, byte for byte")
    to.add_argument("--format", default="text", choices=("text", "json"))
    args = to.parse_args(argv)
    resolved = find_target(args)
    reply = ask(resolved)
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
            {"id": safe, "looks_chat_capable": looks_chat_capable(id, by_id.get(id))}
            for id, safe in zip(ids, shown, strict=True)
        ]
        say(inert_json(json.dumps({"models": rows}, indent=2)) + "\n")
    else:
        say(inert("".join(f"{escape(id)}\n" for id in shown)))
    return 0


def ask(resolved: Resolved) -> Reply:
    """Send the models request; it is free."""
    settings = Settings(only=("model.listed",))
    planned = plan(contract_for(resolved, settings), resolved, settings)
    exchanges: list[Exchange] = []
    send_all(["models"], planned, Transport(transport_options(resolved, os.environ), Resolver()), exchanges)
    return Reply(exchanges[0])


def ids_of(reply: Reply) -> list[str] | None:
    if not reply.complete or reply.status != 200 or reply.json_problem is not None:
        return None
    return listed_ids(reply.json)


def choose_model(resolved: Resolved, *, auto: bool) -> Resolved:
    """A run without a model: take the first chat-capable one if told to, else stop and list what there is."""
    ids = ids_of(ask(resolved))
    chat = [id for id in ids or [] if looks_chat_capable(id)]
    fit = next((id for id in chat if is_model_id(id) and clean(id, resolved.target.key) == id), None)
    if auto and fit:
        note = f"--model auto took {escape(fit)}, the first of {len(ids or [])} listed that looks chat-capable"
        return resolved._replace(target=resolved.target._replace(model=fit), notes=(*resolved.notes, note))
    if ids is None:
        raise UsageError(
            "usage",
            "no model is given, and the list of models could not be read",
            "say --model ID; `chatproof models` shows why the list fails",
        )
    shown = "".join(f"\n    {_safe(id, resolved)}" for id in chat[:SHOWN])
    more = f"\n    … {len(chat) - SHOWN} more: chatproof models" if len(chat) > SHOWN else ""
    raise UsageError(
        "usage",
        f"no model is given; active for this key and chat-capable by name:{shown or ' none'}{more}",
        "say --model ID, or --model auto",
    )


def _check(wanted: str, ids: list[str], resolved: Resolved, format: str) -> int:
    listed = wanted in ids
    near = (
        []
        if listed
        else [{"id": _safe(id, resolved), "looks_chat_capable": looks_chat_capable(id)} for id in nearest(wanted, ids)]
    )
    if format == "json":
        say(inert_json(json.dumps({"id": wanted, "listed": listed, "nearest": near}, indent=2)) + "\n")
    elif listed:
        say(f"{escape(wanted)} is listed\n")
    else:
        lines = [f"{escape(wanted)} is not among the {len(ids)} ids listed for this key"]
        lines += [
            f"  near: {row['id']}" + ("" if row["looks_chat_capable"] else "  (does not look chat-capable)")
            for row in near
        ]
        say(inert("\n".join(lines)) + "\n")
    return 0 if listed else 1


def _explain(resolved: Resolved, reply: Reply, format: str) -> int:
    contract = smoke_contract(resolved.profile, only=("model.listed",))
    found = diagnose(judge(contract, [reply.exchange], model=resolved.target.model, key=resolved.target.key))
    key = resolved.target.key
    if format == "json":
        rows = [{**d._asdict(), "evidence": [clean(line, key) for line in d.evidence]} for d in found]
        say(inert_json(json.dumps({"models": None, "diagnoses": rows}, indent=2)) + "\n")
    else:
        for diagnosis in found:
            lines = [f"{diagnosis.code}: {diagnosis.summary}", *diagnosis.evidence, f"next: {diagnosis.next_step}"]
            say(inert("\n  ".join(escape(clean(line, key)) for line in lines)) + "\n")
        if reply.complete and reply.status != 401:
            say("  note: this is about the listing; chat may work all the same: chatproof smoke --model ID\n")
        if not found:
            say("the list of models could not be read\n")
    return 1 if reply.complete else 3


def _safe(id: str, resolved: Resolved) -> str:
    return escape(clean(id, resolved.target.key))
