"""Telling people: what an alert says (notice), that none is lost (outbox), whom it goes to (receivers), the sending.

receivers = receivers_of(tables, environ)                  # [[monitor.alerts]]; raises UsageError
outbox = Outbox(journal.database, receivers)
outbox.enter(step.incidents, at)                           # within the transaction that keeps the incidents
Delivery(lambda: Outbox(…), receivers, log).start()        # a thread of its own sends, and sends again
"""
