"""--plan: the requests as curl commands, what they cost, and nothing sent."""

import json

from chatproof.exchange import Request, Secret
from chatproof.keys import INVALID_KEY
from chatproof.probes import PROBES
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
    billable = sum(PROBES[probe].billable for probe in planned)
    lines = [
        f"# {len(planned)} requests, {billable} billable; nothing is retried",
        "# token ceiling: none is sent, so the model's own maximum holds; the answer asked for is one word",
    ]
    for probe, request in planned.items():
        when = f", only after {PROBES[probe].after} holds" if PROBES[probe].after else ""
        lines += ["", f"# {probe}: {PROBES[probe].does}{when}", _curl(request, source, resolved)]
    return "\n".join([*lines, ""])


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
        value = INVALID_KEY if request.credential.reveal() == INVALID_KEY else f"${variable}"
        parts.append(f'-H "{name}: {f"{scheme.strip()} {value}".strip()}"')
    parts += [f"-H {_quoted(f'{name}: {value}')}" for name, value in request.headers]
    if request.body:
        parts.append(f"-d {_quoted(json.dumps(json.loads(request.body)))}")
    return " \\\n  ".join(parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
