"""What `--help` shows beside the options' own words: groups and examples, as tables. Loaded only for help.

An option that no group has stands under "options": a new one is never left out. Examples are run by a test.
"""

import argparse
from collections.abc import Callable, Mapping
from textwrap import fill
from typing import Any

GROUPS: dict[str, tuple[str, ...]] = {
    "target and credentials": (
        "--model", "--profile", "--base-url", "--environment", "--key-env", "--key-file", "--key-stdin", "--no-auth",
        "--header", "--env-file", "--config", "--fault", "--target",
    ),
    "connection": (
        "--timeout", "--proxy", "--ca-file", "--client-cert", "--client-key", "--client-key-pass", "--allow-http",
        "--port", "--tls",
    ),
    "what is sent and judged": (
        "--api", "--request", "--allow-effects", "--client", "--as", "--stream", "--smoke", "--validate",
        "--only", "--skip", "--layer",
        "--require", "--with", "--strict", "--burst", "--against", "--baseline", "--ask-again", "--check",
    ),
    "a fleet": ("--targets", "--select", "--at-once", "--per-host", "--rate", "--judges", "--resume",
        "--region", "--batch", "--every", "--batch-limit"),
    "which runs": (
        "--since", "--until", "--verdict", "--clause", "--code", "--kind", "--limit", "--narrowed", "--older-than",
    ),
    "cost": ("--plan", "--max-requests", "--budget-tokens"),
    "access to the monitor": ("--listen", "--token-file", "--tls-cert", "--tls-key", "--behind-proxy", "--host"),
    "output": (
        "--format", "--report", "--json-fields", "--output", "--counts", "--body", "--attach-bodies", "--anyway",
        "--keep-bodies", "--journal", "--fail-on", "--exit-zero", "--quiet", "--verbose", "--list-faults", "--origin",
    ),
}  # fmt: skip
"""Title and options, in the order in which they are shown. Options are listed in the order of their group."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "smoke": ("chatproof smoke simulator", "chatproof smoke https://llm.example.com/v1 --model ID --key-env MY_KEY"),
    "validate": ("chatproof validate simulator --require tools", "chatproof validate production --plan"),
    "judge": ("curl -isS $URL | chatproof judge -", "chatproof judge traffic.har --format markdown"),
    "compare": (
        "chatproof compare simulator simulator --smoke",
        "chatproof compare staging production --require tools",
    ),
    "models": ("chatproof models simulator", "chatproof models production --check gpt-4o"),
    "contract": ("chatproof contract --validate", "chatproof contract diff openai groq"),
    "doctor": ("chatproof doctor", "chatproof doctor production --format json"),
    "history": ("chatproof history --since 7d", "chatproof history --verdict NO-GO --target production"),
    "show": ("chatproof show", "chatproof show latest:NO-GO@production -v"),
    "journal": ("chatproof journal verify", "chatproof journal prune --older-than 90d"),
    "diff": ("chatproof diff", "chatproof diff latest:GO latest:NO-GO"),
    "escalate": ("chatproof escalate", "chatproof escalate latest:NO-GO -o bundle.md"),
    "review": ("chatproof review", "chatproof review --target production --since 24h"),
    "config": ("chatproof config init", "chatproof config check"),
    "explain": ("chatproof explain account.quota", "chatproof explain happy.choices_non_empty"),
    "completion": ('eval "$(chatproof completion bash)"', "chatproof completion fish | source"),
    "requests": (
        "chatproof requests from traffic.har -o requests.jsonl",
        "cat calls.jsonl | chatproof requests from - --counts",
    ),
    "fleet": ("chatproof fleet run --select tag=eu", "chatproof fleet run --targets fleet.jsonl --format jsonl"),
    "watch": (
        "chatproof watch simulator --for 10s --every 2s",
        "chatproof watch shop --every 30s --until GO --for 10m",
    ),
    "serve": ("chatproof serve --demo", "chatproof serve --config watch.toml --token-file /run/secrets/monitor"),
    "status": ("chatproof status shop", "chatproof status shop desk --html public --json public/status.json --badge"),
    "simulate": ("chatproof simulate --list-faults", "chatproof simulate --fault html-502"),
}
"""Two commands for each command: one that needs nothing, one that is lived with."""

_SECTIONS = (
    ("check an endpoint", ("smoke", "validate", "judge", "compare", "fleet", "requests", "models", "doctor")),
    ("keep watch", ("watch", "serve", "status")),
    ("after a run", ("history", "show", "diff", "review", "escalate", "explain")),
    ("the contract and the setup", ("contract", "config", "journal", "simulate", "completion")),
)
_WHAT = "Does this chat completions endpoint keep its contract? If not, who must fix it, and what do you do next?"
_TARGETS = (
    "TARGET is a name in chatproof.toml, a built-in profile (cometapi, openai, …), an http(s) base URL such as "
    "https://host/v1, or simulator. `chatproof COMMAND --help` shows the options of a command."
)
_INDENT = 14


def of_program(commands: Mapping[str, str], exits: Mapping[Any, str], width: int) -> str:
    """`chatproof --help`: every command in its section, and the exit statuses."""
    known = [name for _, names in _SECTIONS for name in names]
    rest = tuple(name for name in commands if name not in known)
    lines = ["usage: chatproof COMMAND [TARGET] [options]", "", fill(_WHAT, width)]
    for title, names in (*_SECTIONS, *((("more", rest),) if rest else ())):
        lines += ["", f"{title}:", *(_row(name, commands[name], width) for name in names if name in commands)]
    lines += ["", fill(_TARGETS, width), "", "examples:", *(f"  {example}" for example in EXAMPLES["smoke"])]
    lines += ["", "exit status:", *(_row(str(status), meaning, width, 8) for status, meaning in exits.items())]
    return "\n".join([*lines, ""])


def _row(name: str, about: str, width: int, indent: int = _INDENT) -> str:
    head = f"  {name:<{indent - 2}}"
    return fill(about, width, initial_indent=head, subsequent_indent=" " * indent)


def in_place_of_missing(prog: str, otherwise: str) -> str:
    """The advice where an argument is missing: a command's examples say more than the argument's name."""
    shown = EXAMPLES.get(prog.removeprefix("chatproof "), ())
    return f"for example: {', or: '.join(shown)}" if shown else otherwise


def of_command(to: argparse.ArgumentParser, width: int) -> str:
    """The help of one command: usage in a line, options in groups, two examples."""
    command = to.prog.rpartition(" ")[2]
    show = argparse.HelpFormatter(to.prog, width=width)
    words = [_positional(action) for action in to._actions if not action.option_strings]
    show.add_text(to.description)
    for title, actions in _grouped(to):
        show.start_section(title)
        show.add_arguments(actions)
        show.end_section()
    show.add_text(to.epilog)
    usage = fill(" ".join(["usage:", to.prog, *words, "[options]"]), width, subsequent_indent=" " * 7)
    examples = [f"  {example}" for example in EXAMPLES.get(command, ())]
    return "\n".join(
        [usage, "", show.format_help().rstrip("\n"), *(["", "examples:", *examples] if examples else []), ""]
    )


def _positional(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest)
    return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} [{name} ...]"}.get(str(action.nargs), name)


def _grouped(to: argparse.ArgumentParser) -> list[tuple[str, list[argparse.Action]]]:
    """(title, actions): those of the command line's words, each group in its order, then what no group has."""
    left = list(to._actions)
    found = [("", _taken(left, lambda action: not action.option_strings))]
    for title, names in GROUPS.items():
        actions = [action for name in names for action in left if action.option_strings[-1] == name]
        found.append((title, _taken(left, actions.__contains__)))
    found.append(("options", left))
    return [(title or "arguments", actions) for title, actions in found if actions]


def _taken(left: list[argparse.Action], wanted: Callable[[argparse.Action], bool]) -> list[argparse.Action]:
    taken = [action for action in left if wanted(action)]
    left[:] = [action for action in left if action not in taken]
    return taken
