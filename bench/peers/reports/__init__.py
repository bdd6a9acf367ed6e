"""Month reports in the peers: views beside those of the parent package, over `bench.load_peer_reports`."""
