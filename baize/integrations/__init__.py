"""Bai Ze inside other frameworks."""
