"""chatproof completion: for bash, zsh and fish, and the man page; made from the parsers, so never out of date."""

import argparse
from typing import NamedTuple

from chatproof import __version__
from chatproof.cli.exit_status import EXIT
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say, say_as_is
from chatproof.cli.shared.completed_values import RUNS, TARGETS, asked, now, values
from chatproof.cli.shared.options import LIMITS, VARIABLES, describe, parser
from chatproof.printable import escape
from chatproof.target import profile

SHELLS = ("bash", "zsh", "fish", "man")
_ASKED = (RUNS, TARGETS)
_QUOTES = "''"
_FILES = {"PATH", "FILE"}
_RUN = "RUN"
"""A run's own JSON file may stand for it."""


class Option(NamedTuple):
    """One option, as a shell and a reader see it."""

    flags: tuple[str, ...]
    about: str
    value: str  # metavar; empty for a switch
    choices: tuple[str, ...]
    asked: str = ""  # runs or targets: asked for when a key is pressed

    @property
    def takes_file(self) -> bool:
        """Its value is a file's name, or may be: PATH, or PATH|env."""
        return self.value.partition("|")[0] in _FILES


def main(argv: list[str]) -> int:
    to = parser("completion", COMMANDS["completion"])
    to.add_argument(
        "shell",
        choices=(*SHELLS, *_ASKED),
        help='bash: eval "$(chatproof completion bash)"; man: the page chatproof.1; runs, targets: the names that a '
        "shell asks for when a key is pressed",
    )
    args = to.parse_args(argv)
    if args.shell in _ASKED:
        say("".join(f"{escape(name)}\n" for name in now(args.shell)))
        return 0
    say_as_is({"bash": bash, "zsh": zsh, "fish": fish, "man": man}[args.shell]())
    return 0


def options(command: str) -> list[Option]:
    return [
        Option(
            tuple(action.option_strings),
            _about(action),
            "" if action.nargs == 0 else str(action.metavar or action.dest.upper()),
            tuple(str(choice) for choice in action.choices or values(command, action.option_strings[-1])),
            asked(str(action.metavar or ""), action.dest),
        )
        for action in describe(command)._actions
        if action.option_strings
    ]


def words(command: str) -> list[str]:
    """What may stand where no option does."""
    found: list[str] = []
    for action in describe(command)._actions:
        if not action.option_strings:
            found += [str(choice) for choice in action.choices or ()]
            if asked(str(action.metavar or ""), action.dest) == TARGETS:
                found += [*(name for name in profile.names() if name != profile.GENERIC), "simulator"]
    if command == "explain":
        from chatproof.cli.commands.explain import known

        found += known()
    return found


def asked_words(command: str) -> str:
    """What is asked when a key is pressed where no option stands: runs, targets, or nothing."""
    found = (asked(str(a.metavar or ""), a.dest) for a in describe(command)._actions if not a.option_strings)
    return next(filter(None, found), "")


def takes_files(command: str) -> bool:
    """Files may stand where no option does."""
    named = (str(a.metavar or "") for a in describe(command)._actions if not a.option_strings)
    return any(name in _FILES or name == _RUN for name in named)


def _now(what: str) -> str:
    """The command that a shell runs for it."""
    return f"$(chatproof completion {what} 2>/dev/null)"


def _about(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


# -- shells ---------------------------------------------------------------------------------------------------------


def bash() -> str:
    cases = []
    for command in COMMANDS:
        flags = [flag for option in options(command) for flag in option.flags]
        listed = f"options={_quoted(' '.join(flags))}; words={_quoted(' '.join(words(command)))}"
        cases.append(f"    {command}) {listed}; ask={asked_words(command) or _QUOTES} ;;")
    return "\n".join([
        "# bash completion for chatproof. Load it with: eval \"$(chatproof completion bash)\"",
        "_chatproof() {",
        "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options= words= ask=",
        "  COMPREPLY=()",
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then",
        f"    COMPREPLY=($(compgen -W {_quoted(' '.join([*COMMANDS, '--help', '--version']))} -- \"$current\"))",
        "    return",
        "  fi",
        "  case $previous in",
        f"    {'|'.join(_with_files())}) COMPREPLY=($(compgen -f -- \"$current\")); return ;;",
        *(f"    {flag}) COMPREPLY=($(compgen -W {_quoted(' '.join(choices))} -- \"$current\")); return ;;"
          for flag, choices in _with_choices().items()),
        *(f"    {flag}) COMPREPLY=($(compgen -W \"{_now(what)}\" -- \"$current\")); return ;;"
          for flag, what in _asking().items()),
        "  esac",
        "  case ${COMP_WORDS[1]} in",
        *cases,
        "    *) return ;;",
        "  esac",
        "  case $current in",
        "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;",
        "    *) [ -n \"$ask\" ] && words=\"$words $(chatproof completion $ask 2>/dev/null)\"",
        "       COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;",
        "  esac",
        "}",
        "complete -o default -F _chatproof chatproof",
        "",
    ])  # fmt: skip


def zsh() -> str:
    lines = [
        "#compdef chatproof",
        '# zsh completion for chatproof. Load it with: eval "$(chatproof completion zsh)", after compinit',
        "_chatproof() {",
        "  local -a commands options",
        "  commands=(",
        *(f"    {_quoted(f'{name}:{_plain(about)}')}" for name, about in COMMANDS.items()),
        "  )",
        "  if (( CURRENT == 2 )); then _describe command commands; return; fi",
        "  case $words[2] in",
    ]
    for command in COMMANDS:
        lines.append(f"    {command}) _arguments -s \\")
        for option in options(command):
            for flag in option.flags:
                lines.append(f"      {_quoted(f'*{flag}[{_plain(option.about)}]{_zsh_value(option)}')} \\")
        choices = words(command) + [_now(asked_words(command))] * bool(asked_words(command))
        listed = f"{{compadd -- {' '.join(choices)}; _files}}" if takes_files(command) else f"({' '.join(choices)})"
        lines.append(f"      {_quoted('*:word:' + listed if choices else '*:file:_files')} ;;")
    return "\n".join([*lines, "  esac", "}", "compdef _chatproof chatproof", ""])


def _zsh_value(option: Option) -> str:
    if not option.value:
        return ""
    if option.choices:
        return f":value:({' '.join(option.choices)})"
    if option.asked:
        return f":value:({_now(option.asked)})"
    return ":file:_files" if option.takes_file else ":value: "


def fish() -> str:
    lines = [
        "# fish completion for chatproof. Load it with: chatproof completion fish | source",
        "complete -c chatproof -f",
    ]
    for name, about in COMMANDS.items():
        lines.append(f"complete -c chatproof -n __fish_use_subcommand -a {name} -d {_quoted(_plain(about))}")
    for command in COMMANDS:
        here = f"complete -c chatproof -n '__fish_seen_subcommand_from {command}'"
        if takes_files(command):
            lines.append(f"{here} -F")
        if words(command):
            lines.append(f"{here} -a {_quoted(' '.join(words(command)))}")
        if asked_words(command):
            lines.append(f"{here} -a '(chatproof completion {asked_words(command)} 2>/dev/null)'")
        for option in options(command):
            flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            # -x: a value, and no file's name among the proposals
            value = (" -r -F" if option.takes_file else " -x") if option.value else ""
            value += f" -a {_quoted(' '.join(option.choices))}" if option.choices else ""
            value += f" -a '(chatproof completion {option.asked} 2>/dev/null)'" if option.asked else ""
            lines.append(f"{here} {flags}{value} -d {_quoted(_plain(option.about))}")
    return "\n".join([*lines, ""])


def _with_files() -> list[str]:
    flags = {flag for command in COMMANDS for o in options(command) if o.takes_file for flag in o.flags}
    return sorted(flags)


def _asking() -> dict[str, str]:
    """Options by flag whose values are asked for."""
    all_ = (option for command in COMMANDS for option in options(command) if option.asked and not option.choices)
    return {flag: option.asked for option in all_ for flag in option.flags}


def _with_choices() -> dict[str, list[str]]:
    """Options by flag; what several commands allow, together."""
    found: dict[str, list[str]] = {}
    for command in COMMANDS:
        for option in options(command):
            for flag in option.flags if option.choices else ():
                found[flag] = list(dict.fromkeys([*found.get(flag, []), *option.choices]))
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _plain(text: str) -> str:
    """Without what zsh and fish give a meaning to."""
    return (
        text.replace("[", "(")
        .replace("]", ")")
        .replace(":", " -")
        .replace("\n", " ")
        .replace("'", "’")
        .replace("\\", "/")
    )


# -- man page -------------------------------------------------------------------------------------------------------


def man() -> str:
    lines = [
        f'.TH CHATPROOF 1 "" "chatproof {__version__}" "User Commands"',
        ".SH NAME",
        "chatproof \\- does this chat completions endpoint keep its contract, and if not, whose fault is it",
        ".SH SYNOPSIS",
        ".B chatproof",
        ".I COMMAND",
        "[\\fITARGET\\fR] [\\fIoptions\\fR]",
        ".SH DESCRIPTION",
        "TARGET is a name in chatproof.toml, a built\\-in profile, an http(s) base URL, or simulator.",
        "Results go to standard output, remarks to standard error. A key is never an argument.",
        ".SH COMMANDS",
    ]
    for command, about in COMMANDS.items():
        lines += [f".SS chatproof {_roff(command)}", _roff(about[0].upper() + about[1:]) + "."]
        for option in options(command):
            value = f" \\fI{_roff(option.value)}\\fR" if option.value else ""
            flags = ", ".join(f"\\fB{_roff(flag)}\\fR" for flag in option.flags)
            lines += [".TP", f"{flags}{value}", _roff(option.about)]
    lines += [".SH EXIT STATUS"]
    for status, meaning in EXIT.items():
        lines += [".TP", f"\\fB{status}\\fR", _roff(meaning)]
    lines += [".SH ENVIRONMENT"]
    for option_name, variable in VARIABLES.items():
        limit = f": {_roff(LIMITS[option_name])}" if option_name in LIMITS else ""
        lines += [".TP", f"\\fB{variable}\\fR", f"Stands for \\-\\-{_roff(option_name.replace('_', '-'))}{limit}."]
    lines += [".TP", "\\fBCHATPROOF_API_KEY\\fR", "The key for a target that is a bare URL."]
    lines += [".TP", "\\fBNO_COLOR\\fR, \\fBFORCE_COLOR\\fR, \\fBCLICOLOR_FORCE\\fR, \\fBCOLUMNS\\fR"]
    lines += ["Colour and width of text.", ".SH SEE ALSO", "chatproof explain \\fICODE\\fR, chatproof contract"]
    return "\n".join([*lines, ""])


def _roff(text: str) -> str:
    """Text for roff: backslashes and hyphens escaped, no line begins a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    for char, name in (("…", "\\&..."), ("’", "\\(cq"), ("“", "\\(lq"), ("”", "\\(rq"), ("–", "\\(en")):
        escaped = escaped.replace(char, name)
    return ("\\&" + escaped) if escaped[:1] in (".", "'") else escaped
