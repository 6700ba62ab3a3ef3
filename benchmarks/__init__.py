"""Measurements of speed, size and quality, and the corpora they run on. Not part of the installed package."""
