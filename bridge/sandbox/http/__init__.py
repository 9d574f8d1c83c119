"""The doors: SOAP, the token endpoint, the identity URL."""
