"""The demo: our own sample courses and a plain host page."""
