"""The demonstration: both sides played on one machine, with every figure known beforehand.

It starts the sandbox and the bridge as processes of their own and speaks to them over HTTP alone:
SOAP as an ERP would, the Partner API as a sales person's tool would. It may import everything.
"""
