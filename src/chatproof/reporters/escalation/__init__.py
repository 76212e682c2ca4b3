"""Reporters of an escalation bundle (chatproof.escalation/1)."""
