"""Reporters of comparisons (schema chatproof.comparison/1), found by name as those of runs are."""
