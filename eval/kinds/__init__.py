"""One module per kind of suite: `observe` runs the product, `score` turns what was seen into metrics."""
