"""Guards of the code, each with the tests that are there for it, and the trial that takes them away one at a time."""
