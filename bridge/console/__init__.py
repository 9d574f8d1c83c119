"""The admin's web pages: one view function per page, templates and static files beside them.

May import the operations.
"""
