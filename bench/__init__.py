"""Speed beside stock Flask-AppBuilder, Flask-Admin and Django admin: ``make bench`` (see docs/benchmarks.md)."""
