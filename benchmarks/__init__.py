"""What Bai Ze costs, measured: `python -m benchmarks.<name>`. Needs nothing but the repository."""
