"""Reporters of a fleet's run (schema chatproof.fleet/1), found by name as those of runs are."""
