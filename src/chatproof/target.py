"""Where and as whom we ask. A target is resolved from names, files and variables before anything is sent."""

import os
import stat
from collections.abc import Mapping
from typing import Any, NamedTuple

from chatproof import config, keys, profile, urls
from chatproof.exchange import Secret, Url
from chatproof.profile import Profile, Waiver
from chatproof.usage_error import UsageError

SIMULATOR = "simulator"
OWN_VARIABLE = "CHATPROOF_API_KEY"
_KEY_FILE_MAX = 8 * 1024
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


class Target(NamedTuple):
    """Where and as whom we ask.

    `base_url` is in the SDKs' style, with its version: https://host/v1. `key` never prints; `key_source` says where
    it came from (env:NAME, file:PATH, stdin, given). `timeout` is in seconds, for each exchange as a whole.
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
    place: str = ""  # where it stands in the configuration, as file:line

    def __repr__(self) -> str:
        return _shown(self)


def _shown(values: "Target | Wanted") -> str:
    """A repr with the proxy's host and port, and without its user and password."""
    shown = {**values._asdict(), "proxy": values.proxy.rpartition("@")[2]}
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
    config: str = ""

    def __repr__(self) -> str:
        return _shown(self)


class Resolved(NamedTuple):
    target: Target
    url: Url
    profile: Profile
    notes: tuple[str, ...]
    requires: tuple[str, ...] = ()  # capabilities that the user's client relies on
    waivers: tuple[tuple[str, Waiver], ...] = ()  # the user's own, by clause


def resolve(wanted: Wanted, environ: Mapping[str, str], stdin: Any = None, *, need_key: bool = True) -> Resolved:
    """The target that was asked for, with its key, checked. Raises UsageError; nothing is sent.

    `need_key` is false where only the key's name is shown (--plan).
    """
    entry, name, known, place = _entry(wanted)
    url_text = entry.get("base_url") or known.fact("base_url")
    if not url_text:
        raise UsageError(
            "url.invalid",
            f"profile {known.name} has no base URL of its own",
            f"give the URL and --profile {known.name}",
        )
    allow_http = wanted.allow_http or bool(entry.get("allow_http"))
    url = urls.parse_base_url(url_text, allow_http=allow_http)
    if isinstance(url, urls.UrlProblem):
        raise UsageError("url.invalid", f"the base URL cannot be used: {url.detail}", url.advice)
    no_auth = wanted.no_auth or bool(entry.get("no_auth"))
    key, source, notes = _key(wanted, entry, known, name, environ, stdin, required=need_key and not no_auth)
    if key is not None:
        _check_key(key, known, url)
    target = Target(
        base_url=str(url),
        model=_model(wanted, entry, environ),
        key=key,
        profile=known.name,
        name=name,
        environment=wanted.environment or entry.get("environment") or ("ci" if environ.get("CI") else "local"),
        no_auth=no_auth,
        allow_http=allow_http,
        timeout=wanted.timeout or duration(entry.get("timeout", "30s")),
        ca_file=wanted.ca_file or entry.get("ca_file", ""),
        proxy=wanted.proxy or entry.get("proxy", ""),
        key_source=source,
        place=place,
    )
    waivers = tuple(
        (waiver["clause"], Waiver(waiver["reason"], waiver["ticket"], "", expires=waiver["expires"]))
        for waiver in entry.get("waivers", ())
    )
    return Resolved(target, url, known, (*notes, *url_notes(url, known)), tuple(entry.get("requires", ())), waivers)


def check(target: Target) -> Resolved:
    """A target made by a program, checked as one from the command line is. Raises UsageError."""
    url = urls.parse_base_url(target.base_url, allow_http=target.allow_http)
    if isinstance(url, urls.UrlProblem):
        raise UsageError("url.invalid", f"the base URL cannot be used: {url.detail}", url.advice)
    known = _profile(target.profile)
    notes: list[str] = []
    if target.key is not None:
        key, notes = _cleaned(target.key)
        target = target._replace(key=key)
        _check_key(key, known, url)
    elif not target.no_auth:
        raise UsageError("auth.key_missing", "the target has no key", "give key=Secret(…), or no_auth=True")
    _check_model(target.model)
    return Resolved(target, url, known, (*notes, *url_notes(url, known)))


def _cleaned(key: Secret) -> tuple[Secret, list[str]]:
    """In a function of its own: no frame that may appear in a traceback holds the bare value."""
    value, notes = keys.clean(key.reveal())
    return Secret(value), notes


def url_notes(url: Url, known: Profile) -> list[str]:
    notes = []
    count = urls.version_segments(url)
    if count == 0:
        notes.append(f"the base URL has no version segment; SDK-style base URLs end in one, as in {url}/v1")
    elif count > 1:
        notes.append("the base URL has more than one version segment, such as /v1/v1")
    if "//" in url.path or url.path.endswith(("/chat", "/completions", "/models")):
        notes.append(f"the base URL's path looks odd; /chat/completions is appended to it: {url.path}/chat/completions")
    if url.scheme == "http" and not urls.is_loopback(url.host):
        notes.append("the key travels in clear (http to a remote host, allowed by --allow-http)")
    return notes


def duration(text: str) -> float:
    """Seconds from `30s`, `500ms`, `2m` or `30`. Raises UsageError outside 0.1 s to 1 h."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}
    number = text.strip().rstrip("ms")
    unit = text.strip()[len(number) :]
    good = number.replace(".", "", 1).isdigit() and number.isascii() and unit in units
    seconds = float(number) * units[unit] if good else 0.0
    if not 0.1 <= seconds <= 3600:
        raise UsageError("usage", f"{text!r} is not a duration from 100ms to 60m", "write 30s, 500ms or 2m")
    return seconds


def profile_of(name: str) -> str:
    """The profile a target's name stands for, without its key. Raises UsageError."""
    return _entry(Wanted(target=name))[2].name


def _entry(wanted: Wanted) -> tuple[dict[str, Any], str, Profile, str]:
    """(config entry or what stands for one, the target's name, its profile, its place in the configuration)."""
    asked = wanted.target
    settings: dict[str, Any] = {"default": "", "targets": {}}
    if wanted.config or not asked.startswith(("http://", "https://")):
        settings = config.settings(wanted.config)
    asked = asked or settings["default"] or "cometapi"
    if asked in settings["targets"]:
        entry = settings["targets"][asked]
        known = _profile(wanted.profile or entry.get("profile") or _default_profile(entry))
        return entry, asked, known, config.place(settings["origins"][f"targets.{asked}"], asked)
    if "://" in asked:
        return {"base_url": asked}, "url", _profile(wanted.profile or profile.GENERIC), ""
    if asked in profile.names() and asked != profile.GENERIC:
        return {}, asked, _profile(wanted.profile or asked), ""
    there = [*settings["targets"], *(name for name in profile.names() if name != profile.GENERIC), SIMULATOR]
    raise UsageError(
        "usage",
        f"there is no target {asked[:80]!r}",
        f"give an http(s) base URL, or one of: {', '.join(there)}",
    )


def _default_profile(entry: dict[str, Any]) -> str:
    return profile.GENERIC if entry.get("base_url") else "cometapi"


def _profile(name: str) -> Profile:
    try:
        return profile.load(name)
    except profile.ProfileError as error:
        raise UsageError("usage", str(error), "see --profile") from None


def _key(
    wanted: Wanted,
    entry: dict[str, Any],
    known: Profile,
    name: str,
    environ: Mapping[str, str],
    stdin: Any,
    *,
    required: bool,
) -> tuple[Secret | None, str, list[str]]:
    notes: list[str] = []
    if wanted.key_stdin:
        raw, source = (stdin.readline(_KEY_FILE_MAX) if stdin else ""), "stdin"
    elif wanted.key_file:
        raw, source = _read_key_file(wanted.key_file, notes), f"file:{wanted.key_file}"
    elif wanted.key_env:
        if not _NAME.issuperset(wanted.key_env) or wanted.key_env[0].isdigit():
            raise UsageError(
                "usage", "--key-env takes the name of a variable, and this is none", "do not give the key itself"
            )
        raw, source = environ.get(wanted.key_env), f"env:{wanted.key_env}"
    elif entry.get("key_file"):
        raw, source = _read_key_file(entry["key_file"], notes), f"file:{entry['key_file']}"
    elif entry.get("key_keyring"):
        raw, source = _from_keyring(entry["key_keyring"]), f"keyring:{entry['key_keyring']}"
    else:
        # A key is bound to its origin: another host than the provider's gets only what was set for it on purpose.
        variables = known.fact("key_variables", [OWN_VARIABLE]) if _at_home(entry, known) else [OWN_VARIABLE]
        variables = [entry["key_env"]] if entry.get("key_env") else variables
        found = next((variable for variable in variables if environ.get(variable)), variables[0])
        raw, source = environ.get(found), f"env:{found}"
        if raw is None and len(variables) > 1:
            source = "env:" + " or env:".join(variables)
        if raw is not None and len([v for v in variables if environ.get(v)]) > 1:
            notes.append(f"several key variables are set; {found} is used")
    if source == "env:COMET_API_KEY" and known.name == "cometapi" and raw:
        notes.append("COMET_API_KEY is also the variable of Comet ML; CometAPI's own name is COMETAPI_KEY")
    if raw is None or not raw.strip():
        if not required:
            return None, source, notes
        state = "is not set" if raw is None else "is empty"
        place = source.removeprefix("env:").replace(" or env:", " or ")
        first = f"set {place.split(' or ')[0]}" if source.startswith("env:") else "put the key there"
        raise UsageError(
            "auth.key_missing",
            f"no key: {place} {state}",
            f"{first}, or use --key-env, --key-file or --key-stdin (--no-auth: none needed)",
        )
    cleaned, said = keys.clean(raw)
    return Secret(cleaned), source, [*notes, *said]


def _at_home(entry: dict[str, Any], known: Profile) -> bool:
    """The target is the provider's own host, so that its key variables may be used."""
    given, own = entry.get("base_url"), known.fact("base_url", "")
    return not given or (bool(own) and given.startswith(own.partition("/v")[0] + "/"))


def _from_keyring(place: str) -> str | None:
    """The password that the system's keyring has for service/user; None when it has none."""
    service, slash, user = place.rpartition("/")
    if not slash or not service or not user:
        raise UsageError("usage", "key_keyring is no service/user", 'write key_keyring = "chatproof/shop"')
    try:
        import keyring
    except ModuleNotFoundError:
        advice = "pip install 'chatproof[keyring]'"
        raise UsageError("usage", "key_keyring needs keyring, which is not installed", advice) from None
    try:
        password: str | None = keyring.get_password(service, user)
    except Exception as error:  # backends raise what they like, and their texts are not ours
        said = f"the keyring cannot be read: {type(error).__name__}"
        raise UsageError("auth.key_missing", said, "unlock it, or use --key-env or --key-file") from None
    return password


def _read_key_file(path: str, notes: list[str]) -> str:
    """A regular file of at most 8 KiB. Links are followed: Kubernetes mounts secrets as links."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            "auth.key_missing", f"cannot read the key file {path}: {error.strerror}", "check --key-file"
        ) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError("auth.key_malformed", f"the key file {path} is not a regular file", "check --key-file")
        if status.st_mode & 0o077:
            notes.append(f"the key file {path} can be read by others; chmod 600 it")
        data = os.read(handle, _KEY_FILE_MAX + 1)
    finally:
        os.close(handle)
    if len(data) > _KEY_FILE_MAX:
        raise UsageError("auth.key_malformed", f"the key file {path} is larger than 8 KiB", "it must hold only the key")
    if data.startswith(b"\xef\xbb\xbf"):
        notes.append("a byte order mark at the start of the key file was removed")
        data = data[3:]
    return data.decode("utf-8", "surrogateescape")


def _check_key(key: Secret, known: Profile, url: Url) -> None:
    own = known.fact("base_url", "").startswith(url.origin)
    problem = keys.check(
        key.reveal(), profile.key_prefixes(known.name) if own and not urls.is_loopback(url.host) else None
    )
    if problem:
        raise UsageError(problem.code, f"the key cannot be used: {problem.detail}", problem.advice)


def _model(wanted: Wanted, entry: dict[str, Any], environ: Mapping[str, str]) -> str:
    model: str = wanted.model or entry.get("model") or environ.get("CHATPROOF_MODEL", "")
    _check_model(model)
    return model


def is_model_id(model: str) -> bool:
    """It can be sent, and shown in one line."""
    return len(model) <= 256 and model.isprintable()


def _check_model(model: str) -> None:
    if not is_model_id(model):
        raise UsageError("usage", "the model id has control characters or more than 256 characters", "check --model")
