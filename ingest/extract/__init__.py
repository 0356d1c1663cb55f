"""Source file → cues or pages; one format family per file."""
