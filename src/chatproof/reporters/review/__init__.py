"""Reporters of an incident review (chatproof.review/1): text and Markdown lay out the same sections."""
