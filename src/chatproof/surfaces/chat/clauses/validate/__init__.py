"""The clauses that only validate judges. A new file here is found by `chatproof.surfaces.chat.clauses.load`."""
