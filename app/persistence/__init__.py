"""Persistence: declarative base, column types, mixins, the scope gate, the audit hook and the unit of work."""
