"""What `compose` makes of a lesson, one module an artefact."""
