"""Measuring what the companion finds and says. Import from submodules."""
