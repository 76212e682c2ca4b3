"""Targets, their keys and their configuration. Here: the names under which a configuration is found."""

NAME, PYPROJECT = "chatproof.toml", "pyproject.toml"
TABLE = "tool.chatproof"
"""Ours in a pyproject.toml."""
REPOSITORY = (".git", ".hg", ".svn", ".jj", ".bzr", ".sl", ".fslckout", "_FOSSIL_", "_darcs", ".pijul", "CVS")
"""What stands in the root of a clone: of git, Mercurial, Subversion, Jujutsu, Bazaar, Sapling, Fossil, darcs, CVS …"""
