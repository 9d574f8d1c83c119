"""Envelopes: requests read, sObjects read and written, answers and faults written."""
