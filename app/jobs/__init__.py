"""Background jobs: asked for inside a transaction, carried out by a worker, resumable after a crash."""
