"""Watching targets: when to ask, what the answers come to, what it may cost, and who is told.

The core is pure: values in, values out; the time is an argument, in seconds since the epoch, UTC.

    values      what a run told (Observation), what is shown of a target (Status), an Incident
    standing    one target: outcomes, streaks, state
    incidents   what belongs together: one dead gateway is one incident, whatever stands behind it
    board       all targets: observations in, changes out. Alerts, pages and metrics read its values
    budgets     what a day may cost: reserved before sending, settled after
    schedule    when each target is asked: spread, jitter, maintenance windows
    sides       a network that failed: ours, or theirs
"""
