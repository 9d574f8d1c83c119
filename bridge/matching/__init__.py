"""Finding the other side of customers that one system alone has: the only home of Splink.

Records come from the store, rules from the domain; what is likely is worked out by Splink in a
DuckDB in this process, where the extra `matching` is installed. May import bridge.store and
bridge.domain; operations and jobs stand on it.
"""
