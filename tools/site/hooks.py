"""Hooks of mkdocs: pages made from the code's tables, and ids of headings that are selectors which scripts can use."""

import sys
from pathlib import Path
from typing import Any

from markdown.extensions.toc import slugify

_ROOT = str(Path(__file__).parents[2])


def on_config(config: Any) -> Any:
    """Give a heading that begins with a digit an id that begins with a letter: the theme's script stops at `#1-first`."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slug
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made here: a page for each diagnosis code, and the clauses one by one."""
    from mkdocs.structure.files import File, InclusionLevel

    if _ROOT not in sys.path:  # mkdocs runs as a program: its path is not ours
        sys.path.insert(0, _ROOT)
    from tools.site.pages import pages

    for place, text in pages().items():
        level = InclusionLevel.INCLUDED if place.count("/") == 1 else InclusionLevel.NOT_IN_NAV
        files.append(File.generated(config, place, content=text, inclusion=level))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Link the codes of the table to their pages, which only the site has."""
    from tools.site.pages import linked

    return linked(markdown) if page.file.src_uri == "reference/codes.md" else markdown


def slug(value: str, separator: str) -> str:
    """The id of a heading."""
    made = slugify(value, separator)
    return made if not made[:1].isdigit() else f"s{separator}{made}"
