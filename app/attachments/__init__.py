"""Files that belong to records: sent in resumable pieces, judged by content, stored once."""
