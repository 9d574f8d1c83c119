"""Interop, for real: generated clients of old toolchains call a running bridge.

`make interop` installs the toolchains, starts a bridge and a sandbox Salesforce, generates and
compiles a client with each toolchain from the bridge's WSDL, lets it call every operation, and
prints a matrix of check and toolchain.

The clients (`clients/<toolchain>/`) judge nothing: each plays the same steps and prints what it got
as facts, one JSON object a line. `checks` says what the facts have to be. A step that fails prints
`<step>.error` and the next one is tried. Each client gets in its environment:

- ERP_URL: the service's address; ERP_WSDL: what to ask there for its WSDL; ERP_SOAP: its version
- ERP_NAME, ERP_SECRET: its consumer; the name also begins all numbers and message ids it makes
- ERP_API_KEY: the same consumer's API key
- ERP_BUSY_NAME, ERP_BUSY_SECRET: a consumer that may make one call a minute
"""
