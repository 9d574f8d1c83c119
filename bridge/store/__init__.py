"""What the bridge remembers, in SQLite or PostgreSQL: the only home of SQLAlchemy.

Tables in `models`, and functions that take a Session and do one thing set-wise. Transactions belong
to the callers (operations and jobs). May import the domain.
"""
