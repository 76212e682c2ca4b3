"""The clauses that only validate judges."""
