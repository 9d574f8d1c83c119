"""What a user can ask for: one verb per intent, each in exactly one transaction.

Callers (the SOAP service, the console, the command line) bring the session factory and `now`.
May import matching, the store and the domain.
"""
