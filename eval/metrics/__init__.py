"""One file per metric or family, each with its paper. Scores only: nothing here runs the product."""
