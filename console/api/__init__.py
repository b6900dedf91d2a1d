"""The JSON API at /api/v1/: the console's own verbs for programs, by keys instead of sessions."""
