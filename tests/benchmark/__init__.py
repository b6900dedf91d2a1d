"""Measures what the console costs, part by part: `make benchmark`, or `make benchmark PART=orders`.

Each part runs as a process of its own with servers of its own. A part is a module of this package with a function
`measure(scale: Scale) -> list[Figure]`, named in `parts.py`. Only ratios within one run and counts mean anything;
times differ from machine to machine.
"""
