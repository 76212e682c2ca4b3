"""Clauses on the user's own requests. Each is judged on every one of them, and says nothing of what it did not ask."""
