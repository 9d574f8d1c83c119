"""The SQLite file: connections, tables, and what the server itself remembers in it."""
