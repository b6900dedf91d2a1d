"""The simulated gateway as a program of its own, which the console reaches over HTTP."""
