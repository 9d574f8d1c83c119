"""The doors: SOAP, the token endpoint, the identity URL, and a little REST for its clients."""
