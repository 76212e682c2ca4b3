"""Many targets: one process that sends and others that judge (`local`), or batches on Celery (`celery_app`)."""
