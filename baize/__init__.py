"""Bai Ze (白泽): answers about a course from the course itself, down to the second where it was said."""
