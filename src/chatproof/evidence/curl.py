"""A request as a curl command that can be run as it stands; the key appears as the name of its variable."""

import json

from chatproof.secrets.key_check import INVALID_KEY
from chatproof.wire.exchange import Request


def command(
    request: Request,
    variable: str,
    *,
    timeout: float,
    proxy: str = "",
    ca_file: str = "",
    client: tuple[str, str] = ("", ""),
) -> str:
    """Several lines, each but the last ending in a backslash. `timeout` is in seconds."""
    # -q: like us, curl shall read no ~/.curlrc; --noproxy: nor the environment's proxies.
    parts = [f"curl -q -sS -i --max-time {timeout:g} -X {request.method} {_quoted(str(request.url))}"]
    if proxy not in ("", "env"):
        parts.append(f"--proxytunnel --proxy {_quoted(proxy.rpartition('@')[2])}")
    elif not proxy:
        parts.append("--noproxy '*'")
    if ca_file:
        parts.append(f"--cacert {_quoted(ca_file)}")
    parts += [f"{option} {_quoted(path)}" for option, path in zip(("--cert", "--key"), client, strict=True) if path]
    if request.credential is not None:
        name, _, scheme = request.credential_header.partition(":")
        bare = request.credential.reveal()
        value = {INVALID_KEY: INVALID_KEY, "": ""}.get(bare, f"${variable}")
        line = f"{name}: {f'{scheme.strip()} {value}'.strip()}{request.credential_tail}"
        # curl takes "Name:" for a header to leave out.
        parts.append(f'-H "{line}"')
    parts += [f'-H "{one.name}: ${one.source.removeprefix("env:")}"' for one in request.further]
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
