"""Photo evidence (N3.3a, R20): what is doubtful about photos and figures, over the whole province."""
