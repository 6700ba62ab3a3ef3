"""Where the indexed incidents lie: one `Store` protocol, one file an implementation."""
