"""Inbox and to-do: what waits for whom, told once and settled by itself (M1.6.5, N3.3l)."""
