"""The only importers of vendor SDKs; one SDK per file."""
