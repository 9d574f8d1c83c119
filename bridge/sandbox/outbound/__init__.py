"""Outbound messages: records that were created or changed, sent to an endpoint for each object.

``queue`` keeps notifications in the transaction of the change, ``message`` writes and reads
envelopes, ``sender`` delivers. Source: SOAP API Developer Guide, "Outbound Messaging".
"""
