"""The same data and columns as plain applications of the peers, as their tutorials build them."""
