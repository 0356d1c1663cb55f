"""SQLAlchemy models, stores and migrations."""
