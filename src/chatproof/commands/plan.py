"""--plan: the requests as curl commands, what they cost, and nothing sent."""

import json

from chatproof.clause import VALIDATE
from chatproof.exchange import Request, Secret
from chatproof.keys import INVALID_KEY
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
        lines += ["", f"# {probe}: {PROBES[probe].does}{when}", _curl(request, source, resolved)]
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


def _curl(request: Request, variable: str, resolved: Resolved) -> str:
    target = resolved.target
    # -q: like us, curl shall read no ~/.curlrc; --noproxy: nor the environment's proxies.
    parts = [f"curl -q -sS -i --max-time {target.timeout:g} -X {request.method} {_quoted(str(request.url))}"]
    if target.proxy not in ("", "env"):
        parts.append(f"--proxytunnel --proxy {_quoted(target.proxy.rpartition('@')[2])}")
    elif not target.proxy:
        parts.append("--noproxy '*'")
    if target.ca_file:
        parts.append(f"--cacert {_quoted(target.ca_file)}")
    if request.credential is not None:
        name, _, scheme = request.credential_header.partition(":")
        bare = request.credential.reveal()
        value = {INVALID_KEY: INVALID_KEY, "": ""}.get(bare, f"${variable}")
        line = f"{name}: {f'{scheme.strip()} {value}'.strip()}{request.credential_tail}"
        # curl takes "Name:" for a header to leave out.
        parts.append(f'-H "{line}"')
    parts += [f"-H {_quoted(f'{name}: {value}')}" for name, value in request.headers]
    if request.body:
        parts.append(f"--data-raw {_quoted(_text(request.body))}")
    return " \\\n  ".join(parts)


def _text(body: bytes) -> str:
    """JSON in ASCII, which means the same; a body that is no JSON as it is: then that is what is asked about."""
    try:
        return json.dumps(json.loads(body))
    except ValueError:
        return body.decode("utf-8", "surrogateescape")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
