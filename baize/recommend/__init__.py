"""What a learner could take next: signals → candidates → ranking → rules → reasons."""
