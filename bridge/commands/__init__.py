"""Groups of `erp-bridge`, one module each: words of the command line to operations and back.

May import all but `bridge.cli`, which puts them together and tells errors.
"""
