"""HTTP: routes, wire forms, event stream, problems."""
