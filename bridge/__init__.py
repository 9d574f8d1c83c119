"""ERP Bridge: carries and reconciles records between legacy SOAP ERPs and Salesforce.

Three versions of every record (what the ERP says, what the CRM says, what both last agreed on) and
one way through the house: gather, decide (pure), record in one transaction, deliver later.
"""

__version__ = "0.1.0"


class BridgeError(Exception):
    """Base of every error this project raises on purpose. Its text is one line for a person."""
