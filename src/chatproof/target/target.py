"""Where and as whom we ask. A target is resolved from names, files and variables before anything is sent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from chatproof.secrets import key_check
from chatproof.target import config_files as config
from chatproof.target import environment, profile
from chatproof.target.profile import Profile, Waiver
from chatproof.usage_error import UsageError, without_frames
from chatproof.values import NamedTuple
from chatproof.wire import urls
from chatproof.wire.exchange import Header, Secret, Url, hold_secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from chatproof.wire.exchange import Exchange

SIMULATOR, LOCAL, OWN_VARIABLE = "simulator", "local", "CHATPROOF_API_KEY"
_BY_PROGRAM = {"proxy_by": "the program", "ca_file_by": "the program"}
CLIENT = ("client_cert", "client_key", "client_key_pass")
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


class Target(NamedTuple):
    """An endpoint, and the credentials for it.

    - `base_url`, `model`, `api`: base URL with its version (https://host/v1), model id; chat, responses, messages, …
    - `key`, `key_source`: the key, which never prints, and its source: env:NAME, file:PATH, stdin, or given
    - `profile`, `name`, `environment`, `place`: for the record; the profile also decides how the key is sent
    - `no_auth`, `allow_http`: open on purpose, without a key; send the key unencrypted to a remote host
    - `timeout`: seconds, for each complete exchange
    - `ca_file`, `proxy`, `headers`: PEM file of authorities, URL of an http proxy, further headers for a gateway
    - `client_cert`, `client_key`, `client_key_pass`: PEM files of our own certificate, env:NAME of a passphrase
    """

    base_url: str
    model: str = ""
    key: Secret | None = None
    profile: str = profile.GENERIC
    name: str = ""
    environment: str = ""
    no_auth: bool = False
    allow_http: bool = False
    timeout: float = 30.0
    ca_file: str = ""
    proxy: str = ""
    key_source: str = "given"
    place: str = ""
    client_cert: str = ""
    client_key: str = ""
    client_key_pass: str = ""
    headers: tuple[Header, ...] = ()
    api: str = "chat"

    def __repr__(self) -> str:
        return _shown(self)

    @classmethod
    def from_config(cls, name: str, *, config: str = "", environ: Mapping[str, str] | None = None) -> Target:
        """Find a target by its name as the command line does: in the configuration files, then among the profiles.

        `config` names a file to use; a file that was only found needs the approval of `chatproof config trust`. The
        key is read from its place, in `environ` (by default this process's). Raises UsageError."""
        environ = environment.Unshown(os.environ if environ is None else environ)
        return without_frames(lambda: resolve(Wanted(target=name, config=config), environ).target)


hold_secret(Target, "key")
hold_secret(Target, "headers", Header)


def _shown(values: Target | Wanted) -> str:
    """A repr without user and password of a URL, which is refused where it is looked at."""
    bare = {n: v.rpartition("@")[2] for n, v in values._asdict().items() if n in ("base_url", "target", "proxy")}
    shown = values._asdict() | bare
    return f"{type(values).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class Wanted(NamedTuple):
    """What the user asked for, before it was looked up. Empty means not said."""

    target: str = ""
    model: str = ""
    key_env: str = ""
    key_file: str = ""
    key_stdin: bool = False
    no_auth: bool = False
    profile: str = ""
    environment: str = ""
    timeout: float = 0.0
    ca_file: str = ""
    proxy: str = ""
    allow_http: bool = False
    config: str = ""  # the file that --config names
    config_variable: str = ""  # what CHATPROOF_CONFIG says
    proxy_variable: str = ""  # what CHATPROOF_PROXY says
    ca_file_by: str = "option --ca-file"
    client_cert: str = ""
    client_key: str = ""
    client_key_pass: str = ""
    headers: tuple[str, ...] = ()  # NAME=env:VAR
    api: str = ""
    keyless: bool = False  # no key is looked for: what is wrong with it was told

    def __repr__(self) -> str:
        return _shown(self)


class Resolved(NamedTuple):
    target: Target
    url: Url
    profile: Profile
    notes: tuple[str, ...]
    requires: tuple[str, ...] = ()  # capabilities that the user's client relies on
    waivers: tuple[tuple[str, Waiver], ...] = ()  # the user's own, by clause
    requests: tuple[str, ...] = ()  # files with requests of the user's own
    origin: Mapping[str, str] = {}  # where config, proxy and ca_file are from: see chatproof.target.origin
    ca_data: bytes | None = None  # of the ca_file, where it was read when it was approved; empty: it could not be
    clients: tuple[str, ...] = ()  # of the user's: what breaks them is a must
    prices: Mapping[str, float] = {}  # per million tokens: prompt, completion, perhaps cached
    listing: Exchange | None = None  # the answer in which --model auto found no list of models: all that is sent
    besides: tuple[Secret, ...] = ()  # of this process's other targets: taken out of this one's records, too


class Chosen:
    """A target before its key and URL are looked at. No named tuple: making one costs each cold start."""

    def __init__(self, entry: dict[str, Any], name: str, wanted: str = "", notes: Iterable[str] = ()) -> None:
        """`entry` is of the configuration, or stands for one; `wanted` is a profile that outweighs the entry's."""
        self.entry = entry
        self.name = name
        by_default = profile.GENERIC if entry.get("base_url") else name if name in profile.names() else "cometapi"
        self.profile = _profile(wanted or entry.get("profile") or by_default)
        self.notes = tuple(notes)
        self.place = self.file = self.by = ""  # in the configuration; the file, and how it came into force
        self.ca_data: bytes | None = None


def resolve(
    wanted: Wanted, environ: Mapping[str, str], stdin: Any = None, *, need_key: bool = True, gated: bool = True
) -> Resolved:
    """The target that was asked for, with its key, checked. Raises UsageError; nothing is sent.

    `need_key` is false where only the key's name is shown (--plan). `gated` is false where settings are only shown
    (doctor): then those of a file that nobody approved are looked at, too.
    """
    return settle(_entry(wanted, gated=gated), wanted, environ, stdin, need_key=need_key)


def settle(
    chosen: Chosen, wanted: Wanted, environ: Mapping[str, str], stdin: Any = None, *, need_key: bool = True
) -> Resolved:
    """Read the key of a target that was looked up, and check it: see `resolve`."""
    entry, known = chosen.entry, chosen.profile
    url_text = entry.get("base_url") or known.fact("base_url")
    if not url_text:
        said = f"profile {known.name} has no base URL of its own"
        raise UsageError("url.invalid", said, f"give the URL and --profile {known.name}")
    allow_http = wanted.allow_http or bool(entry.get("allow_http"))
    url = urls.parse_base_url(url_text, allow_http=allow_http)
    if isinstance(url, urls.UrlProblem):
        raise UsageError("url.invalid", f"the base URL cannot be used: {url.detail}", url.advice)
    no_auth = wanted.no_auth or bool(entry.get("no_auth"))
    key, source, notes = _key(wanted, entry, known, url, environ, stdin, need=need_key and not no_auth)
    named = wanted.environment or entry.get("environment")
    key_check.refuse_in("environment", named or "")
    if not named and (ci := environment.ci_of(environ)):
        system = "CI" if ci == "yes" else ci
        notes.append(f"this runs in {system} without an environment, so the record says {LOCAL}: use --environment")
    if key is not None:
        _check_key(key, known, url)
    proxy, proxy_by, remarks = _proxy(wanted, chosen, url)
    ca_file, ca_by = (wanted.ca_file, wanted.ca_file_by) if wanted.ca_file else (entry.get("ca_file", ""), chosen.file)
    target = Target(
        base_url=str(url),
        model=_model(wanted, entry, environ),
        key=key,
        profile=known.name,
        name=chosen.name,
        environment=named or LOCAL,
        no_auth=no_auth,
        allow_http=allow_http,
        timeout=wanted.timeout or duration(entry.get("timeout", "30s")),
        ca_file=os.path.expanduser(ca_file),
        proxy=proxy,
        key_source=source,
        place=chosen.place,
        api=wanted.api or entry.get("api") or "chat",
        **_sent_along(wanted, entry, environ, known, need_key),
    )
    own = entry.get("waivers", ())
    waivers = tuple((w["clause"], Waiver(w["reason"], w["ticket"], "", expires=w["expires"])) for w in own)
    return Resolved(
        target,
        url,
        known,
        (*notes, *remarks, *_remarks(target), *urls.notes(url), *chosen.notes),
        tuple(entry.get("requires", ())),
        waivers,
        tuple(entry.get("requests", ())),
        {"config": chosen.file, "config_by": chosen.by, "proxy_by": proxy_by, "ca_file_by": ca_by},
        None if wanted.ca_file else chosen.ca_data,
        tuple(entry.get("clients", ())),
        entry.get("prices", {}),
    )


def _sent_along(
    wanted: Wanted, entry: Mapping[str, Any], environ: Mapping[str, str], known: Profile, need: bool
) -> dict[str, Any]:
    """The fields for a certificate of our own and for further headers."""
    asked = {name: getattr(wanted, name) for name in CLIENT}
    if not (wanted.headers or entry.get("headers") or any(asked.values()) or any(entry.get(name) for name in CLIENT)):
        return {}
    from chatproof.target import sent_along

    key_header = known.fact("auth_header", "Authorization: Bearer")
    further = sent_along.headers(wanted.headers, entry.get("headers", {}), environ, key_header, need=need)
    return {**sent_along.certificate(asked, entry), "headers": further}


def _remarks(target: Target) -> list[str]:
    if not (target.client_cert or target.headers):
        return []
    from chatproof.target import sent_along

    return sent_along.notes(target.client_key or target.client_cert, target.headers)


def _proxy(wanted: Wanted, chosen: Chosen, url: Url) -> tuple[str, str, tuple[str, ...]]:
    """(the proxy, where it is from, remarks). A variable names one only where TLS hides the key from it."""
    if wanted.proxy:
        return wanted.proxy, "option --proxy", ()
    if wanted.proxy_variable and url.scheme == "https":
        return wanted.proxy_variable, "variable CHATPROOF_PROXY", ()
    said = "CHATPROOF_PROXY is set but not used, because it would see the key (http); use --proxy env to use it"
    return chosen.entry.get("proxy", ""), chosen.file, (said,) if wanted.proxy_variable else ()


def check(target: Target) -> Resolved:
    """A target made by a program, checked as one from the command line is. Raises UsageError."""
    url = urls.parse_base_url(target.base_url, allow_http=target.allow_http)
    if isinstance(url, urls.UrlProblem):
        raise UsageError("url.invalid", f"the base URL cannot be used: {url.detail}", url.advice)
    known, notes = _profile(target.profile), list[str]()
    if target.key is not None:
        key, notes = _cleaned(target.key)
        target = target._replace(key=key)
        _check_key(key, known, url)
    elif not target.no_auth:
        raise UsageError("auth.key_missing", "the target has no key", "give key=Secret(…), or no_auth=True")
    _check_model(target.model)
    if target.headers:
        from chatproof.target.sent_along import checked

        checked(target.headers, known.fact("auth_header", "Authorization: Bearer"))
    return Resolved(target, url, known, (*notes, *_remarks(target), *urls.notes(url)), origin=_BY_PROGRAM)


def _cleaned(key: Secret) -> tuple[Secret, list[str]]:
    """In a function of its own: no frame that may appear in a traceback holds the bare value."""
    value, notes = key_check.clean(key.reveal())
    return Secret(value), notes


def duration(text: str) -> float:
    """Seconds from `30s`, `500ms`, `2m` or `30`. Raises UsageError outside 0.1 s to 1 h."""
    number = text.strip().rstrip("ms")
    unit = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}.get(text.strip().removeprefix(number), 0.0)
    seconds = float(number) * unit if number.isascii() and number.replace(".", "", 1).isdigit() else 0.0
    if not 0.1 <= seconds <= 3600:
        raise UsageError("usage", f"{text!r} is not a duration from 100ms to 60m", "write 30s, 500ms or 2m")
    return seconds


def profile_of(name: str, file: str = "", variable: str = "") -> str:
    """The profile a target's name stands for, without its key. Raises UsageError."""
    return _entry(Wanted(target=name, config=file, config_variable=variable)).profile.name


def _entry(wanted: Wanted, *, gated: bool = True) -> Chosen:
    """The target by its name. Raises UsageError; also where the configuration that says so has no approval."""
    asked = wanted.target
    settings: dict[str, Any] = {"default": "", "targets": {}, "ignored": []}
    if wanted.config or not asked.startswith(("http://", "https://")):
        settings = config.settings(wanted.config, wanted.config_variable)
    by_default = not asked and bool(settings["default"])
    asked = asked or settings["default"] or "cometapi"
    if asked in settings["targets"]:
        held = config.gate(settings, *(["default"] if by_default else []), f"targets.{asked}") if gated else {}
        entry, file = settings["targets"][asked], settings["origins"][f"targets.{asked}"]
        chosen = Chosen(entry, asked, wanted.profile, settings["ignored"])
        chosen.place, chosen.file, chosen.by = config.place(file, asked), file, settings["files"][file]["by"]
        if gated and entry.get("ca_file") and chosen.by in (config.FOUND, config.NAMED):
            chosen.ca_data = held.get(asked, b"")  # never read once more: what is there by then was not approved
        return chosen
    notes = config.remarks(settings) if gated and settings.get("files") else settings["ignored"]
    if "://" in asked:
        return Chosen({"base_url": asked}, "url", wanted.profile, notes)
    if asked in profile.names() and asked != profile.GENERIC:
        return Chosen({}, asked, wanted.profile or asked, notes)
    from chatproof.target import hints

    # The command line starts a simulator before it comes here.
    raise hints.no_simulator() if asked == SIMULATOR else hints.no_target(asked, [*settings["targets"]], notes)


def _profile(name: str) -> Profile:
    try:
        return profile.load(name)
    except profile.ProfileError as error:
        raise UsageError("usage", str(error), error.advice or "see --profile") from None


def _key(
    wanted: Wanted,
    entry: dict[str, Any],
    known: Profile,
    url: Url,
    environ: Mapping[str, str],
    stdin: Any,
    *,
    need: bool,
) -> tuple[Secret | None, str, list[str]]:
    notes: list[str] = []
    if wanted.keyless:
        raw, source, need = None, "", False
    elif wanted.key_stdin:
        from chatproof.target.key_places import KEY_FILE_MAX

        raw, source = (stdin.readline(KEY_FILE_MAX) if stdin else ""), "stdin"
    elif wanted.key_file or (entry.get("key_file") and not wanted.key_env):
        from chatproof.target.key_places import read_key_file

        raw, source = read_key_file(wanted.key_file or entry["key_file"], notes)
    elif wanted.key_env:
        if not _NAME.issuperset(wanted.key_env) or wanted.key_env[0].isdigit():
            raise UsageError("usage", "--key-env expects a variable name", "do not give the key itself")
        raw, source = environ.get(wanted.key_env), f"env:{wanted.key_env}"
    elif entry.get("key_keyring"):
        from chatproof.target.key_places import from_keyring

        raw, source = from_keyring(entry["key_keyring"]), f"keyring:{entry['key_keyring']}"
    else:
        # A key is bound to its origin: another host than the provider's gets only what was set for it on purpose.
        named = [entry["key_env"]] if entry.get("key_env") else []
        variables = named or (known.fact("key_variables") if _at_home(entry, known, url) else None) or [OWN_VARIABLE]
        found = next((variable for variable in variables if environ.get(variable)), variables[0])
        raw, source = environ.get(found), f"env:{found}"
        if raw is None and len(variables) > 1:
            source = "env:" + " or env:".join(variables)
        if raw is not None and len([v for v in variables if environ.get(v)]) > 1:
            notes.append(f"several key variables are set; {found} is used")
    if source == "env:COMET_API_KEY" and known.name == "cometapi" and raw:
        notes.append("COMET_API_KEY is also the variable of Comet ML; CometAPI's own name is COMETAPI_KEY")
    if raw is None or not raw.strip():
        if not need:
            return None, source, notes
        from chatproof.target import hints

        raise hints.no_key(source, set_=raw is not None)
    cleaned, remarks = key_check.clean(raw)
    return Secret(cleaned), source, [*notes, *remarks]


def _at_home(entry: dict[str, Any], known: Profile, url: Url) -> bool:
    """The target is the provider's own host, so that its key variables may be used."""
    if not entry.get("base_url"):
        return True
    own = urls.parse_base_url(known.fact("base_url", ""))
    return not isinstance(own, urls.UrlProblem) and own.origin == url.origin


def _check_key(key: Secret, known: Profile, url: Url) -> None:
    own = known.fact("base_url", "").startswith(url.origin)
    others = profile.key_prefixes(known.name) if own and not urls.is_loopback(url.host) else None
    problem = key_check.check(key.reveal(), others)
    if problem:
        raise UsageError(problem.code, f"the key cannot be used: {problem.detail}", problem.advice)


def _model(wanted: Wanted, entry: dict[str, Any], environ: Mapping[str, str]) -> str:
    _check_model(model := str(wanted.model or entry.get("model") or environ.get("CHATPROOF_MODEL", "")))
    key_check.refuse_in("model id", model)
    return model


def is_model_id(model: str) -> bool:
    """It can be sent, and shown in one line."""
    return len(model) <= 256 and model.isprintable()


def _check_model(model: str) -> None:
    if not is_model_id(model):
        raise UsageError("usage", "the model id has control characters or more than 256 characters", "check --model")
