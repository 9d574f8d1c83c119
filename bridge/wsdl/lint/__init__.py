"""What a WSDL does that toolchains choke on: the WS-I Basic Profile 1.1, and what was measured.

Rules named R… are the profile's (http://www.ws-i.org/Profiles/BasicProfile-1.1.html); rules named
T… come from generating and compiling clients with SAP's importer, .NET's wsdl.exe, JAX-WS, Axis
and PHP. Each module holds rules of one kind; `linting.lint` runs those of descriptions, `envelopes`
those of messages, and `service` calls a service to see how it answers.
"""
