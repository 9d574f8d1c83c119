"""Whether generated code is what a programmer would write by hand."""

import pytest

from tests.interop.signatures import OPERATIONS, Spelling, cpp, csharp, java, signature_facts

SUBMIT = next(one for one in OPERATIONS if one.name == "SubmitInvoices")
JAVA = """
    /** Submits invoices. */
    @WebResult(name = "Receipt", targetNamespace = "urn:erp-bridge:v1")
    public Receipt submitInvoices(
        @WebParam(name = "MessageId", targetNamespace = "urn:erp-bridge:v1")
        String messageId,
        @WebParam(name = "Invoice", targetNamespace = "urn:erp-bridge:v1")
        List<Invoice> invoice,
        @WebParam(name = "SnapshotId", targetNamespace = "urn:erp-bridge:v1")
        String snapshotId)
        throws BridgeFaultException;
"""
CSHARP = """
    public Receipt SubmitInvoices(string MessageId,
        [System.Xml.Serialization.XmlElementAttribute("Invoice")] Invoice[] Invoice,
        string SnapshotId) {
"""
CPP = """
    class SOAP_CMAC _ns1__SubmitInvoices {
      public:
        /// Required element 'ns1:MessageId'
        std::string MessageId;
        std::vector<ns1__Invoice *> Invoice;
        std::string *SnapshotId;
        struct soap *soap;
    class SOAP_CMAC _ns1__SubmitInvoicesResponse {
      public:
        ns1__Receipt *Receipt;
        struct soap *soap;
"""


@pytest.mark.parametrize(("code", "spelling"), [(JAVA, java), (CSHARP, csharp), (CPP, cpp)])
def test_a_natural_signature_is_found(code: str, spelling: Spelling) -> None:
    """Annotations, comments and line breaks do not matter."""
    facts = signature_facts(code, spelling)
    assert facts["signature.SubmitInvoices"] == "natural"
    assert facts["signature.Ping"].startswith("no ")


def test_a_wrapped_signature_is_not_natural() -> None:
    """A message that is not unwrapped is told with the signature that should stand there."""
    wrapped = "public SubmitInvoicesResponse SubmitInvoices(SubmitInvoices SubmitInvoices) {"
    told = signature_facts(wrapped, csharp)["signature.SubmitInvoices"]
    assert told == f"no {csharp(SUBMIT)[0]!r}"


def test_wrapped_values_and_arrays_are_odd() -> None:
    """JAXBElement fields and ArrayOf types are told; the factory of a global element is neither."""
    beans = "protected JAXBElement<String> name; class ArrayOfInvoice"
    factory = "public JAXBElement<BridgeFault> createBridgeFault(BridgeFault value)"
    found = signature_facts(beans, java)["signature.oddities"]
    assert found == "ArrayOfInvoice, protected JAXBElement<String>"
    assert signature_facts(factory, java)["signature.oddities"] == "none"
