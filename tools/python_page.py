"""The page "In Python", made from the docstrings of the package's public names."""

import inspect
import re
from typing import Any

import chatproof
from chatproof import aio

FIRST = ("smoke", "validate", "judge_bytes", "judge_file", "Target", "Secret", "Settings", "Run", "Diagnosis", "Finding",
         "Exchange", "UsageError")  # fmt: skip
_INHERITED = ("count", "index", "with_traceback", "add_note")
_EXAMPLE = """```python
from chatproof import Target, smoke

target = Target.from_config("staging")      # or Target("https://host/v1", model="ID", key=Secret(key))
run = smoke(target)
print(run)                                  # the text report; run.report("markdown") for others
if run.verdict != "GO":
    cause = run.diagnoses[0]
    print(cause.code, cause.owner, cause.next_step)
```
"""


def page() -> str:
    """Markdown: an example, then every public name; what is used most comes first."""
    rest = [name for name in chatproof.__all__ if name not in FIRST and not name.startswith("_")]
    parts = ["# In Python\n", "Everything below is imported from `chatproof`; it is loaded on first use.\n", _EXAMPLE]
    parts += [_told(name, getattr(chatproof, name)) for name in (*FIRST, *rest)]
    intro, _, told = _text(aio).partition("\n\n")
    example, _, told = told.partition("\n\nRequests")
    parts += [f"# In asyncio\n\n{intro}\n\n```python\n{inspect.cleandoc(example)}\n```\n\nRequests{told}\n"]
    parts += [_told(f"aio.{name}", getattr(aio, name)) for name in ("smoke", "validate", "compare", "Comparison")]
    return "\n".join(parts).rstrip("\n") + "\n"


def _told(name: str, value: Any) -> str:
    if not inspect.isclass(value):
        return f"## {name}\n\n```python\n{name}{_signature(value)}\n```\n\n{_text(value)}\n"
    parts = [f"## {name}", "", _text(value), ""]
    fields = getattr(value, "_fields", ())
    if fields:
        parts += [f"Fields: {', '.join(f'`{field}`' for field in fields)}.", ""]
    rows, methods = [], []
    for member, found in vars(value).items():
        if member.startswith("_") or member in fields or member in _INHERITED:
            continue
        if isinstance(found, property):
            rows.append(f"| `{member}` | {_line(found)} |")
        elif callable(found) or isinstance(found, classmethod):
            bound = getattr(value, member)
            methods += [
                f"### {name}.{member}",
                "",
                f"```python\n{member}{_signature(bound)}\n```",
                "",
                _text(bound),
                "",
            ]
    parts += ["| attribute | what it is |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([*parts, *methods])


def _signature(value: Any) -> str:
    """As one would write it: no module names, a settings value by its name, one parameter a line where they are many."""
    found = inspect.signature(value)
    parts, star = [], False
    for parameter in found.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        several = parameter.kind is parameter.VAR_POSITIONAL
        star = star or several
        said = f"{'*' * several}{parameter.name}: {_type(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            default = parameter.default
            said += f" = {type(default).__name__}()" if hasattr(default, "_fields") else f" = {default!r}"
        parts.append(said)
    one = f"({', '.join(parts)}) -> {_type(found.return_annotation)}"
    if len(one) < 90:
        return one
    lines = "".join(f"\n    {part}," for part in parts)
    return f"({lines}\n) -> {_type(found.return_annotation)}"


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:typing|collections\.abc|chatproof(?:\.\w+)*)\.", "", text.replace("'", ""))


def _text(value: Any) -> str:
    return inspect.cleandoc(value.__doc__ or "")


def _line(value: Any) -> str:
    return " ".join(_text(value).split()).replace("|", "\\|")
