"""The user's own requests, whatever the API: what one is, what can be left out of it, and what a reply owes it."""
