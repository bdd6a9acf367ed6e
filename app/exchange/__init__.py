"""Workbooks in and out: a streamed writer, import templates and a guarded reader (D4, M1.L, M1.4.2)."""
