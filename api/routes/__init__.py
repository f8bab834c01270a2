"""REST under /v1: each route parses, authorizes, calls and shapes."""
