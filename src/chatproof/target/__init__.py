"""Targets, their keys and their configuration. Here: the names under which a configuration is found."""

NAME, PYPROJECT = "chatproof.toml", "pyproject.toml"
TABLE = "tool.chatproof"
"""Ours in a pyproject.toml."""
