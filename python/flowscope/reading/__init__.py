"""Reads runs that other software has tracked."""
