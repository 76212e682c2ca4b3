"""What real clients do with the bytes of a reply: the experiment that decides which clauses are a must.

    python -m tools.clients.install     # the clients, at pinned versions, into .clients/
    python -m tools.clients.run         # feeds them, writes tests/data/clients.json and docs/reference/clients.md

`make clients` does both. A client is what people install, at the versions in `install.py`; a driver in `drivers/` is the
smallest program that uses it as its own documentation shows. `feed.py` is the one file that knows chatproof.
"""
