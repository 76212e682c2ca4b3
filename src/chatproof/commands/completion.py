"""chatproof completion: for bash, zsh and fish, and the man page; made from the parsers, so never out of date."""

import argparse
from typing import NamedTuple

from chatproof import __version__, profile
from chatproof.cli import COMMANDS
from chatproof.commands.options import VARIABLES, describe, parser
from chatproof.exit_status import EXIT
from chatproof.output import say

SHELLS = ("bash", "zsh", "fish", "man")
_FILES = {"PATH", "FILE", "FORMAT[=PATH]"}


class Option(NamedTuple):
    """One option, as a shell and a reader see it."""

    flags: tuple[str, ...]
    about: str
    value: str  # metavar; empty for a switch
    choices: tuple[str, ...]


def main(argv: list[str]) -> int:
    to = parser("completion", COMMANDS["completion"])
    to.add_argument(
        "shell", choices=SHELLS, help='bash: eval "$(chatproof completion bash)"; man: the page chatproof.1'
    )
    args = to.parse_args(argv)
    say({"bash": bash, "zsh": zsh, "fish": fish, "man": man}[args.shell]())
    return 0


def options(command: str) -> list[Option]:
    return [
        Option(
            tuple(action.option_strings),
            _about(action),
            "" if action.nargs == 0 else str(action.metavar or action.dest.upper()),
            tuple(str(choice) for choice in action.choices or ()),
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
            if action.dest == "target":
                found += [*(name for name in profile.names() if name != profile.GENERIC), "simulator"]
    if command == "explain":
        from chatproof.commands.explain import known

        found += known()
    return found


def _about(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


# -- shells ---------------------------------------------------------------------------------------------------------


def bash() -> str:
    cases = []
    for command in COMMANDS:
        flags = [flag for option in options(command) for flag in option.flags]
        cases.append(f"    {command}) options={_quoted(' '.join(flags))}; words={_quoted(' '.join(words(command)))} ;;")
    return "\n".join([
        "# bash completion for chatproof. Load it with: eval \"$(chatproof completion bash)\"",
        "_chatproof() {",
        "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options= words=",
        "  COMPREPLY=()",
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then",
        f"    COMPREPLY=($(compgen -W {_quoted(' '.join([*COMMANDS, '--help', '--version']))} -- \"$current\"))",
        "    return",
        "  fi",
        "  case $previous in",
        f"    {'|'.join(_with_files())}) COMPREPLY=($(compgen -f -- \"$current\")); return ;;",
        *(f"    {flag}) COMPREPLY=($(compgen -W {_quoted(' '.join(choices))} -- \"$current\")); return ;;"
          for flag, choices in _with_choices().items()),
        "  esac",
        "  case ${COMP_WORDS[1]} in",
        *cases,
        "    *) return ;;",
        "  esac",
        "  case $current in",
        "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;",
        "    *) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;",
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
        choices = words(command)
        lines.append(f"      {_quoted('*:word:(' + ' '.join(choices) + ')' if choices else '*:file:_files')} ;;")
    return "\n".join([*lines, "  esac", "}", "compdef _chatproof chatproof", ""])


def _zsh_value(option: Option) -> str:
    if not option.value:
        return ""
    if option.choices:
        return f":value:({' '.join(option.choices)})"
    return ":file:_files" if option.value in _FILES else ":value: "


def fish() -> str:
    lines = [
        "# fish completion for chatproof. Load it with: chatproof completion fish | source",
        "complete -c chatproof -f",
    ]
    for name, about in COMMANDS.items():
        lines.append(f"complete -c chatproof -n __fish_use_subcommand -a {name} -d {_quoted(_plain(about))}")
    for command in COMMANDS:
        here = f"complete -c chatproof -n '__fish_seen_subcommand_from {command}'"
        if words(command):
            lines.append(f"{here} -a {_quoted(' '.join(words(command)))}")
        for option in options(command):
            flags = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            value = " -r" if option.value else ""
            value += " -F" if option.value in _FILES else ""
            value += f" -a {_quoted(' '.join(option.choices))}" if option.choices else ""
            lines.append(f"{here} {flags}{value} -d {_quoted(_plain(option.about))}")
    return "\n".join([*lines, ""])


def _with_files() -> list[str]:
    flags = {flag for command in COMMANDS for o in options(command) if o.value in _FILES for flag in o.flags}
    return sorted(flags)


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
        lines += [".TP", f"\\fB{variable}\\fR", f"Stands for \\-\\-{_roff(option_name.replace('_', '-'))}."]
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
