"""One use case per file; each reads from top to bottom."""
