"""chatproof config: what the configuration files say, where it comes from, whether it is right. Sends nothing."""

import argparse
import json
import os
import re
from collections.abc import Iterator
from typing import Any

from chatproof import clock
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import Artefact, say, say_json
from chatproof.cli.shared.in_force import without_keys
from chatproof.cli.shared.options import VARIABLES, interactive, parser
from chatproof.printable import escape
from chatproof.target import NAME, config_files, config_reading, profile
from chatproof.target.config_fields import schema
from chatproof.target.target import duration
from chatproof.usage_error import UsageError, near, raise_all, repeated
from chatproof.wire import urls

_WORDS = {
    "show": "show the settings in force",
    "check": "check the files; nothing is sent",
    "init": f"write a {NAME}",
}
_WORDS |= {"schema": "print the JSON Schema for editors"}
_WORDS |= {"trust": "approve what a file decides, such as where a key is sent", "distrust": "withdraw that"}


def main(argv: list[str]) -> int:
    to = parser("config", COMMANDS["config"])
    to.add_argument("what", choices=tuple(_WORDS), metavar="|".join(_WORDS), help="; ".join(_WORDS.values()))
    to.add_argument(
        "file",
        nargs="*",
        default=[],
        metavar="FILE",
        help="check, trust and distrust: use these files instead of those found here",
    )
    to.add_argument(
        "--origin", action="store_true", help="with show: print the file or variable that each value comes from"
    )
    to.add_argument("--format", default="text", choices=("text", "json"))
    to.add_argument("--config", default="", metavar="PATH", help="use this file and no other")
    to.add_argument("--force", action="store_true", help="with init: replace an existing file")
    to.add_argument("--target", default="", metavar="NAME", help="with init: the target's name (default: main)")
    to.add_argument("--base-url", default="", metavar="URL", help="with init: its base URL")
    to.add_argument("--key-env", default="", metavar="NAME", help="with init: the variable that holds its key")
    to.add_argument("--model", default="", metavar="ID", help="with init: its model")
    to.add_argument("--yes", action="store_true", help="with trust: approve without a question")
    to.add_argument("--list", action="store_true", help="with trust: show what is approved, change nothing")
    args = to.parse_intermixed_args(argv)  # a file may stand before and after an option
    if (args.yes or args.list) and args.what != "trust":
        raise UsageError("usage", "--yes and --list are for trust only", "see: chatproof config --help")
    if args.what in ("trust", "distrust"):
        from chatproof.cli.shared import config_trust

        return config_trust.main(args)
    if args.file and args.what != "check":
        raise UsageError("usage", "only check, trust and distrust accept files", "see: chatproof config --help")
    return {"show": _show, "check": _check, "init": _init, "schema": _schema}[args.what](args)


def _schema(args: argparse.Namespace) -> int:
    say_json(schema())
    return 0


# -- show -----------------------------------------------------------------------------------------------------------


def _show(args: argparse.Namespace) -> int:
    rows = _rows(config_files.settings(args.config, os.environ.get(config_files.VARIABLE, "")))
    if args.format == "json":
        say_json({name: {"value": value, "origin": origin} for name, value, origin in rows})
        return 0
    lines = []
    for name, value, origin in rows:
        shown = f"{name} = {json.dumps(value, ensure_ascii=False)}"
        lines.append(escape(f"{shown}  # {origin}" if args.origin else shown))
    say("\n".join([*lines, ""]))
    return 0


def _rows(settings: config_files.Settings) -> list[tuple[str, Any, str]]:
    """(name, value, origin) of everything in force. Values of keys are in no file; user information is left out."""
    environ = os.environ
    rows: list[tuple[str, Any, str]] = [
        (option, _public(environ[variable], option), f"variable {variable}")
        for option, variable in VARIABLES.items()
        if environ.get(variable)
    ]
    named = settings["default"]
    rows.append(("default", named or "cometapi", settings["origins"].get("default", "built in")))
    if settings["journal"]:
        rows.append(("journal", _public(settings["journal"]), settings["origins"]["journal"]))
    rows += [
        (name, settings[name], settings["origins"][name]) for name in ("keep", "bodies") if name in settings["origins"]
    ]
    for name, target in settings["targets"].items():
        origin = settings["origins"][f"targets.{name}"]
        rows += [(f"targets.{name}.{field}", _public(value, field), origin) for field, value in target.items()]
    return rows


def _public(value: Any, name: str = "") -> Any:
    """Without user and password, whatever stands in them; and without a key that was put into another's place."""
    if not isinstance(value, str):
        return without_keys(value)
    if name == "proxy":
        scheme, separator, rest = value.partition("://") if "://" in value else ("", "", value)
        value = f"{scheme}{separator}{re.split('@|%40', rest)[-1]}"
    return without_keys(urls.bare(value) if "://" in value else value)


# -- check ----------------------------------------------------------------------------------------------------------


def _check(args: argparse.Namespace) -> int:
    files = args.file or ([args.config] if args.config else [path for path, _ in config_files.files()])
    problems: list[UsageError] = []
    lapsed: list[str] = []
    unread = False
    for file in files:
        try:
            targets = config_reading.load(file, lint=True)["targets"]
        except UsageError as error:
            problems += [error, *error.more]
            unread = True
            try:
                targets = config_reading.sound_targets(file)
            except UsageError:  # it is no TOML: that is told already
                continue
        place = config_reading.place_of(file)
        for name, target in targets.items():
            problems += _problems(f"targets.{name}", target, place)
            lapsed += _lapsed(name, target)
    if not args.file and not unread:
        try:
            config_files.settings(args.config)  # what they say together
        except UsageError as error:
            problems.append(error)
    raise_all(problems)
    count = len(files)
    say(f"{count} file{'' if count == 1 else 's'} checked, no errors\n")
    say("".join(f"note: {escape(line)}\n" for line in lapsed))
    return 0


def _lapsed(name: str, target: dict[str, Any]) -> Iterator[str]:
    """Waivers whose last day is over: a run does not fail because of the file, and fails on what they waived."""
    today = clock.utc()[:10]
    for waiver in target.get("waivers", ()):
        if waiver.get("expires", today) < today:
            yield f"targets.{name}: the waiver of {waiver['clause']} expired on {waiver['expires']} and has no effect"


def _problems(where: str, target: dict[str, Any], place: Any) -> Iterator[UsageError]:
    """What a run would stumble over: found here, without a key and without a network."""
    from chatproof.contract.clause import VALIDATE
    from chatproof.contract.surface import CHAT
    from chatproof.surfaces import surface_of

    if target.get("profile") and target["profile"] not in profile.names():
        yield place.error(
            f"{where}.profile", "there is no profile of this name", near(target["profile"], profile.names())
        )
    if "base_url" in target:
        url = urls.parse_base_url(target["base_url"], allow_http=bool(target.get("allow_http")))
        if isinstance(url, urls.UrlProblem):
            yield place.error(f"{where}.base_url", f"cannot be used: {url.detail}", url.advice)
    if "timeout" in target:
        try:
            duration(target["timeout"])
        except UsageError as error:
            yield place.error(f"{where}.timeout", error.detail, error.advice)
    try:
        known = surface_of(target.get("api") or CHAT).clauses(VALIDATE)
    except UsageError as error:
        yield place.error(f"{where}.api", error.detail, error.advice)
        return
    for waiver in target.get("waivers", ()):
        if not any(id == waiver["clause"] or id.startswith(f"{waiver['clause']}.") for id in known):
            said = f"there is no clause {repeated(waiver['clause'], 80)}"
            yield place.error(f"{where}.waivers.clause", said, near(waiver["clause"], known, "see: chatproof explain"))
    capabilities = {clause.capability for clause in known.values() if clause.capability}
    for capability in target.get("requires", ()):
        if capability not in capabilities:
            said = f"there is no capability {repeated(capability, 80)}"
            yield place.error(f"{where}.requires", said, near(capability, sorted(capabilities)))


# -- init -----------------------------------------------------------------------------------------------------------


def _init(args: argparse.Namespace) -> int:
    path = args.config or NAME
    if os.path.lexists(path) and not args.force:
        raise UsageError("usage", f"{path} already exists", "use --force to replace it")
    name, base_url = args.target or "main", args.base_url
    key_env, model = args.key_env, args.model
    if not base_url and interactive():
        base_url = _ask("base URL, with its version (empty: CometAPI)")
        key_env = key_env or _ask("variable that holds the key, not the key itself (empty: the default one)")
        model = model or _ask("model id (empty: ask the endpoint)")
    text = _template(name, base_url, key_env, model)
    artefact = Artefact(path)
    try:
        import tomllib

        from chatproof.target.config_fields import Place, check

        place = Place(path, text)
        raise_all(_problems(f"targets.{name}", check(tomllib.loads(text), place)["targets"][name], place))
        artefact.write(text)
    finally:
        artefact.discard()
    say(f"{escape(path)} was written; next: chatproof config check, then chatproof config trust\n")
    return 0


def _ask(question: str) -> str:
    say(f"{question}: ")
    import sys

    answer = sys.stdin.readline().strip()
    from chatproof.cli.main import refuse_keys

    refuse_keys([answer])
    return answer


def _template(name: str, base_url: str, key_env: str, model: str) -> str:
    quoted = json.dumps  # a TOML basic string escapes as JSON does

    def line(field: str, value: str, example: str, about: str) -> str:
        return f"{field} = {quoted(value)}" if value else f"# {field} = {quoted(example)}  # {about}"

    table = name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else quoted(name)
    return "\n".join([
        ("# Targets of chatproof. Never write a key here: name the variable or file that holds "
"it. `chatproof config check` checks this file."),
        f"default = {quoted(name)}",
        "",
        f"[targets.{table}]",
        f"base_url = {quoted(base_url)}" if base_url else 'profile = "cometapi"',
        line("key_env", key_env, "SHOP_KEY", "or key_file, or key_keyring"),
        line("model", model, "ID", "or auto; chatproof models lists them"),
        line("environment", "", "production", "for the record"),
        line("timeout", "", "30s", "for each exchange"),
        "",
    ])  # fmt: skip
