"""What a person is told of: the bell on every page, the list of notices, and how they want to be told."""
