"""One script for each contestant, run in a process of its own, by the interpreter that has its packages. See `serving`."""
