"""Tools for admins around WSDL 1.1: show, export, check, diff and lint (`erp-bridge wsdl`).

Any WSDL, from a file or a URL, is read into a small frozen model (`model`), with all that it
imports; sources are hostile until read (`source`). Diff and samples work on the model; lint works
on the documents themselves, because it tells lines. Our own WSDL comes from `bridge.soap`, and is
asked for only by the commands that need it: diff and lint start without Spyne.

May import bridge, and bridge.soap for our own WSDL; nothing else.
"""
