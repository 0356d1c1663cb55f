"""Saying: evidence → draft → cited, verified sentences. One module per arrow."""
