"""What an admin hands to the people of an ERP: WSDL, XSD, sample envelopes, SoapUI, Postman."""
