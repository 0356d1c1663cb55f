"""The embedded vector store: a small server over Qdrant's own engine, in its own process."""
