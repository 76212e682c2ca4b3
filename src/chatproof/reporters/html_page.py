"""The frame of every HTML report: one self-contained page, nothing loaded from anywhere.

A strict Content-Security-Policy names the hashes of the page's own style and script, and forbids everything else.
"""

import os
from base64 import b64encode
from hashlib import sha256
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from chatproof.files import package_files
from chatproof.printable import escape
from chatproof.reporters.cases import clean

_HERE = os.path.join(os.path.dirname(__file__), "html")


def page(template: str, *, script: str = "", **values: Any) -> str:
    """A template of the folder `html`, filled; `script` names a file beside it. All is escaped but our own files."""
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css, code = _read("style.css"), _read(script) if script else ""
    made = environment.get_template(template).render(
        csp=_policy(css, code),
        css=Markup(css),  # noqa: S704
        script=Markup(code),  # noqa: S704
        clean=clean,
        ticked=lambda text: clean(text).split("`"),
        **values,
    )
    made = made.rstrip("\n")
    # A document may be a stranger's: what no one sees of a field that a template shows as it is, is shown, too.
    lines = made if made.replace("\n", "").isprintable() else escape(made, keep="\n")
    return f"{lines}\n"


def _read(name: str) -> str:
    return package_files.read(os.path.join(_HERE, name)).decode("utf-8")


def _policy(css: str, script: str) -> str:
    allowed = f"script-src '{_hash(script)}'; " if script else ""
    return f"default-src 'none'; style-src '{_hash(css)}'; {allowed}base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
