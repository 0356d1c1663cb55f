"""In-memory doubles of every port, for our tests and for yours. They pass the same contract tests."""
