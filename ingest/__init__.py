"""Course folder → library: one stage, one file; `pipeline.py` calls them in order."""
