// Calls every operation through the proxy that wsdl2h and soapcpp2 made, and prints what it got.

#if __has_include("soapErpBridgeSoap12Proxy.h")
#include "soapErpBridgeSoap12Proxy.h"
#include "ErpBridgeSoap12.nsmap"
#define PROXY ErpBridgeSoap12Proxy
#define DETAIL SOAP_ENV__Detail
#else
#include "soapErpBridgeSoap11Proxy.h"
#include "ErpBridgeSoap11.nsmap"
#define PROXY ErpBridgeSoap11Proxy
#define DETAIL detail
#endif
#include "wsseapi.h"
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>

static const std::string URL = getenv("ERP_URL"), NAME = getenv("ERP_NAME"), SECRET = getenv("ERP_SECRET");

typedef std::function<void(struct soap *)> SignOn;

static std::string quoted(const std::string &text)
{
    std::string result = "\"";
    for (char c : text)
        result += c == '"' || c == '\\' ? std::string("\\") + c : c == '\n' ? "\\n" : std::string(1, c);
    return result + '"';
}

static void tell(const std::string &fact, const std::string &value)
{
    std::cout << "{\"fact\": " << quoted(fact) << ", \"value\": " << quoted(value) << "}\n";
}

static std::string shown(const std::string *text) { return text ? *text : "null"; }

static std::string *text(struct soap *soap, const std::string &value)
{
    std::string *kept = soap_new_std__string(soap);
    *kept = value;
    return kept;
}

static SignOn by_basic(const std::string &name, const std::string &secret)
{
    return [=](struct soap *soap) {
        soap->userid = soap_strdup(soap, name.c_str());
        soap->passwd = soap_strdup(soap, secret.c_str());
    };
}

static SignOn by_key(const std::string &key)
{
    return [=](struct soap *soap) { soap->http_extra_header = soap_strdup(soap, ("X-API-Key: " + key).c_str()); };
}

static SignOn by_token(const std::string &secret)
{
    return [=](struct soap *soap) { soap_wsse_add_UsernameTokenText(soap, NULL, NAME.c_str(), secret.c_str()); };
}

static SignOn by_digest(const std::string &secret)
{
    return [=](struct soap *soap) { soap_wsse_add_UsernameTokenDigest(soap, NULL, NAME.c_str(), secret.c_str()); };
}

class Bridge : public PROXY
{
  public:
    explicit Bridge(const SignOn &sign_on)
        : PROXY(URL.c_str(), SOAP_C_UTFSTRING), sign_on_(sign_on) {}

    // gSOAP forgets the credentials after each call
    void sign_on() { sign_on_(soap); }

  private:
    SignOn sign_on_;
};

static void call(Bridge &bridge, const std::function<int()> &operation)
{
    bridge.sign_on();
    if (operation() != SOAP_OK) {
        std::ostringstream words;
        bridge.soap_stream_fault(words);
        throw words.str();
    }
}

// The typed detail of the call's fault, or null.
static ns1__BridgeFault *fault_of(Bridge &bridge, const std::function<int()> &operation)
{
    bridge.sign_on();
    if (operation() == SOAP_OK)
        return nullptr;
    SOAP_ENV__Fault *fault = bridge.soap->fault;
    return fault && fault->DETAIL ? fault->DETAIL->ns1__BridgeFault_ : nullptr;
}

static ns1__Health *health_of(Bridge &bridge)
{
    _ns1__Ping request;
    static _ns1__PingResponse response;
    call(bridge, [&] { return bridge.Ping(&request, response); });
    return response.Health;
}

static void ping(Bridge &bridge)
{
    ns1__Health *health = health_of(bridge);
    tell("ping.version", health->Version);
    tell("ping.database", health->Database);
    tell("ping.salesforce", health->Salesforce);
}

static void refused(const std::string &fact, const SignOn &sign_on)
{
    Bridge stranger(sign_on);
    _ns1__Ping request;
    _ns1__PingResponse response;
    ns1__BridgeFault *fault = fault_of(stranger, [&] { return stranger.Ping(&request, response); });
    if (fault)
        tell(fact, fault->Code);
    else
        tell(fact, stranger.soap->error ? "HTTP " + std::to_string(stranger.soap->error) : "by nobody");
}

static void prove(const std::string &step, const SignOn &right, const SignOn &wrong)
{
    Bridge bridge(right);
    tell(step + ".version", health_of(bridge)->Version);
    refused(step + ".refused", wrong);
}

static ns1__Customer *new_customer(struct soap *soap, const std::string &name)
{
    ns1__Billing *billing = soap_new_ns1__Billing(soap);
    billing->Street = text(soap, "\"1 < 2\" & Söhne");
    billing->City = text(soap, "Łódź");
    billing->Country = text(soap, "PL");
    ns1__Customer *customer = soap_new_ns1__Customer(soap);
    customer->Number = NAME + "-C";
    customer->Name = name;
    customer->Billing = billing;
    customer->Currency = text(soap, "USD");
    customer->CreditLimit = text(soap, "10000000000000.01");
    customer->Status = ns1__CustomerStatus__ACTIVE;
    return customer;
}

static ns1__DocumentLine *document_line(struct soap *soap, int number, const char *description,
                                        const char *quantity, const char *net)
{
    ns1__DocumentLine *line = soap_new_ns1__DocumentLine(soap);
    line->LineNumber = number;
    line->Description = description ? text(soap, description) : nullptr;
    line->Quantity = quantity;
    line->NetAmount = net;
    return line;
}

static ns1__Invoice *new_invoice(struct soap *soap)
{
    ns1__Invoice *invoice = soap_new_ns1__Invoice(soap);
    invoice->CompanyCode = "1000";
    invoice->Number = NAME + "-I";
    invoice->CustomerNumber = NAME + "-C";
    invoice->IssuedOn = "2026-02-28";
    invoice->DueOn = text(soap, "2026-03-30");
    invoice->Currency = "USD";
    invoice->NetAmount = "11888.625";
    invoice->TaxAmount = "-0.005";
    invoice->GrossAmount = "11888.62";
    invoice->OpenAmount = "11888.62";
    invoice->Status = ns1__DocumentStatus__PARTIALLY_USCOREPAID;
    invoice->Line.push_back(document_line(soap, 1, "自転車 🚲", "0.0001", "-0.0001"));
    invoice->Line.push_back(document_line(soap, 2, nullptr, "1", "99999999999999.9999"));
    return invoice;
}

static ns1__Payment *new_payment(struct soap *soap)
{
    ns1__PaymentApplication *application = soap_new_ns1__PaymentApplication(soap);
    application->InvoiceNumber = NAME + "-I";
    application->Amount = "99.5";
    ns1__Payment *payment = soap_new_ns1__Payment(soap);
    payment->CompanyCode = "1000";
    payment->Number = NAME + "-P";
    payment->CustomerNumber = NAME + "-C";
    payment->ReceivedOn = "2026-03-01";
    payment->Currency = "USD";
    payment->Amount = "100";
    payment->UnappliedAmount = "0.5";
    payment->Application.push_back(application);
    return payment;
}

static ns1__CreditMemo *new_memo(struct soap *soap)
{
    ns1__CreditMemo *memo = soap_new_ns1__CreditMemo(soap);
    memo->CompanyCode = "1000";
    memo->Number = NAME + "-M";
    memo->CustomerNumber = NAME + "-C";
    memo->InvoiceNumber = text(soap, NAME + "-I");
    memo->IssuedOn = "2026-03-02";
    memo->Currency = "USD";
    memo->NetAmount = "10";
    memo->TaxAmount = "1.9";
    memo->GrossAmount = "11.9";
    memo->OpenAmount = "0";
    memo->Status = ns1__DocumentStatus__PAID;
    return memo;
}

static std::string line(struct soap *soap, ns1__Receipt *receipt)
{
    char received[32];
    strftime(received, sizeof received, "%Y-%m-%dT%H:%M:%SZ", gmtime(&receipt->ReceivedAt));
    std::string results;
    for (ns1__RecordResult *result : receipt->Result)
        results += (results.empty() ? "" : ", ") + result->Number + " "
            + soap_ns1__Outcome2s(soap, result->Outcome) + " " + shown(result->Code);
    return receipt->MessageId + " " + received + (receipt->Replayed ? " replayed " : " new ") + results;
}

static ns1__Receipt *submit_invoice(Bridge &bridge)
{
    _ns1__SubmitInvoices request;
    static _ns1__SubmitInvoicesResponse response;
    request.MessageId = NAME + "-2";
    request.Invoice.push_back(new_invoice(bridge.soap));
    call(bridge, [&] { return bridge.SubmitInvoices(&request, response); });
    return response.Receipt;
}

static void submit(Bridge &bridge)
{
    _ns1__SubmitCustomers customers;
    _ns1__SubmitCustomersResponse of_customers;
    customers.MessageId = NAME + "-1";
    customers.Customer.push_back(new_customer(bridge.soap, "Łódź Kōbe 東京 🚲"));
    call(bridge, [&] { return bridge.SubmitCustomers(&customers, of_customers); });
    tell("submit.customer", line(bridge.soap, of_customers.Receipt));

    tell("submit.invoice", line(bridge.soap, submit_invoice(bridge)));

    _ns1__SubmitPayments payments;
    _ns1__SubmitPaymentsResponse of_payments;
    payments.MessageId = NAME + "-3";
    payments.Payment.push_back(new_payment(bridge.soap));
    call(bridge, [&] { return bridge.SubmitPayments(&payments, of_payments); });
    tell("submit.payment", line(bridge.soap, of_payments.Receipt));

    _ns1__SubmitCreditMemos memos;
    _ns1__SubmitCreditMemosResponse of_memos;
    memos.MessageId = NAME + "-4";
    memos.CreditMemo.push_back(new_memo(bridge.soap));
    call(bridge, [&] { return bridge.SubmitCreditMemos(&memos, of_memos); });
    tell("submit.credit_memo", line(bridge.soap, of_memos.Receipt));
}

static void customer(Bridge &bridge)
{
    _ns1__GetCustomer request;
    _ns1__GetCustomerResponse response;
    request.Number = "SEED-C";
    call(bridge, [&] { return bridge.GetCustomer(&request, response); });
    ns1__CustomerView *view = response.CustomerView;
    tell("customer.state", soap_ns1__RecordState2s(bridge.soap, view->State));
    tell("customer.salesforce_id", shown(view->SalesforceId));
    tell("customer.name", view->Erp->Name);
    tell("customer.street", shown(view->Erp->Billing->Street));
    tell("customer.city", shown(view->Erp->Billing->City));
    tell("customer.credit_limit", shown(view->Erp->CreditLimit));
    tell("customer.status", soap_ns1__CustomerStatus2s(bridge.soap, view->Erp->Status));
    tell("customer.email", shown(view->Erp->Email));
    for (ns1__FieldVersions *field : view->Field)
        if (field->Name == "Name")
            tell("customer.crm_name", shown(field->CrmValue));
}

static void invoice(Bridge &bridge)
{
    _ns1__GetInvoice request;
    _ns1__GetInvoiceResponse response;
    request.CompanyCode = "1000";
    request.Number = "SEED-I";
    call(bridge, [&] { return bridge.GetInvoice(&request, response); });
    ns1__Invoice *erp = response.InvoiceView->Erp;
    tell("invoice.issued_on", erp->IssuedOn);
    tell("invoice.due_on", shown(erp->DueOn));
    tell("invoice.net_amount", erp->NetAmount);
    tell("invoice.tax_amount", erp->TaxAmount);
    for (ns1__DocumentLine *line : erp->Line)
        tell("invoice.line." + std::to_string(line->LineNumber),
             shown(line->Description) + " " + line->Quantity + " " + line->NetAmount);
}

static void replay(Bridge &bridge)
{
    tell("replay.again", line(bridge.soap, submit_invoice(bridge)));
    _ns1__GetReceipt request;
    _ns1__GetReceiptResponse response;
    request.MessageId = NAME + "-2";
    call(bridge, [&] { return bridge.GetReceipt(&request, response); });
    tell("receipt.found", line(bridge.soap, response.Receipt));
}

// An invoice of a company of this client's own.
static ns1__Invoice *own_invoice(struct soap *soap, const std::string &number)
{
    ns1__Invoice *invoice = new_invoice(soap);
    invoice->CompanyCode = NAME;
    invoice->Number = number;
    return invoice;
}

static void snapshot(Bridge &bridge)
{
    struct soap *soap = bridge.soap;
    _ns1__SubmitInvoices both;
    _ns1__SubmitInvoicesResponse of_both;
    both.MessageId = NAME + "-5";
    both.Invoice = {own_invoice(soap, "S1"), own_invoice(soap, "S2")};
    call(bridge, [&] { return bridge.SubmitInvoices(&both, of_both); });

    _ns1__BeginSnapshot begin;
    _ns1__BeginSnapshotResponse begun;
    begin.RecordType = ns1__RecordType__INVOICE;
    begin.CompanyCode = text(soap, NAME);
    begin.AsOf = time(nullptr) + 60; // counts as now, whatever its fraction
    call(bridge, [&] { return bridge.BeginSnapshot(&begin, begun); });
    std::string id = begun.Snapshot->SnapshotId;
    tell("snapshot.superseded", shown(begun.Snapshot->Superseded));

    _ns1__SubmitInvoices one;
    _ns1__SubmitInvoicesResponse of_one;
    one.MessageId = NAME + "-6";
    one.Invoice.push_back(own_invoice(soap, "S1"));
    one.SnapshotId = text(soap, id);
    call(bridge, [&] { return bridge.SubmitInvoices(&one, of_one); });
    tell("snapshot.told", soap_ns1__Outcome2s(soap, of_one.Receipt->Result.at(0)->Outcome));

    _ns1__CloseSnapshot close;
    _ns1__CloseSnapshotResponse response;
    close.SnapshotId = id;
    close.Count = 2;
    close.Total.push_back(soap_new_ns1__Total(soap));
    close.Total[0]->Currency = "USD";
    close.Total[0]->Amount = "11888.62";
    if (ns1__BridgeFault *fault = fault_of(bridge, [&] { return bridge.CloseSnapshot(&close, response); }))
        tell("snapshot.differs", fault->Code + " " + fault->Violation.at(0)->Path);
    close.Count = 1;
    for (const char *fact : {"closed", "again"}) {
        call(bridge, [&] { return bridge.CloseSnapshot(&close, response); });
        ns1__ClosedSnapshot *closed = response.ClosedSnapshot;
        tell(std::string("snapshot.") + fact, std::to_string(closed->Members) + " "
             + std::to_string(closed->Gone) + (closed->Replayed ? " replayed" : " new"));
    }

    _ns1__GetInvoice asked;
    _ns1__GetInvoiceResponse of_gone;
    asked.CompanyCode = NAME;
    asked.Number = "S2";
    call(bridge, [&] { return bridge.GetInvoice(&asked, of_gone); });
    tell("snapshot.gone", std::string(of_gone.InvoiceView->ErpDeleted ? "true " : "false ")
         + soap_ns1__RecordState2s(soap, of_gone.InvoiceView->State));
}

static void tell_fault(const std::string &step, ns1__BridgeFault *fault)
{
    tell(step + ".code", fault->Code);
    tell(step + ".message", fault->Message);
    tell(step + ".retryable", fault->Retryable ? "true" : "false");
    tell(step + ".retry_after", fault->RetryAfterSeconds ? std::to_string(*fault->RetryAfterSeconds) : "null");
    tell(step + ".correlation_id", fault->CorrelationId);
}

static void fault(Bridge &bridge)
{
    _ns1__SubmitCustomers request;
    _ns1__SubmitCustomersResponse response;
    request.MessageId = NAME + "-1";
    request.Customer.push_back(new_customer(bridge.soap, "Another"));
    if (ns1__BridgeFault *fault = fault_of(bridge, [&] { return bridge.SubmitCustomers(&request, response); }))
        tell_fault("fault", fault);
}

static void limit(Bridge &busy)
{
    tell("limit.first", health_of(busy)->Version);
    _ns1__Ping request;
    _ns1__PingResponse response;
    if (ns1__BridgeFault *fault = fault_of(busy, [&] { return busy.Ping(&request, response); }))
        tell_fault("limit", fault);
}

static void violation(Bridge &bridge)
{
    _ns1__FetchChanges request;
    _ns1__FetchChangesResponse response;
    request.RecordType = ns1__RecordType__CUSTOMER;
    if (ns1__BridgeFault *fault = fault_of(bridge, [&] { return bridge.FetchChanges(&request, response); })) {
        tell_fault("violation", fault);
        ns1__Violation *violation = fault->Violation.at(0);
        tell("violation.path", violation->Path);
        tell("violation.line", violation->Line > 0 ? "known" : "unknown");
        tell("violation.text", violation->Message);
    }
}

static std::string line(struct soap *soap, ns1__Change *change)
{
    std::string text = soap_ns1__RecordType2s(soap, change->RecordType) + (" " + change->Number);
    for (ns1__FieldChange *field : change->Field)
        text += " " + field->Name + ": " + shown(field->OldValue) + " > " + shown(field->NewValue);
    return text;
}

static ns1__ChangePage *fetch(Bridge &bridge, LONG64 after)
{
    _ns1__FetchChanges request;
    static _ns1__FetchChangesResponse response;
    request.RecordType = ns1__RecordType__CUSTOMER;
    request.After = after;
    request.Limit = 1;
    call(bridge, [&] { return bridge.FetchChanges(&request, response); });
    return response.ChangePage;
}

static void feed(Bridge &bridge)
{
    LONG64 after = 0;
    bool more = true;
    for (int number = 1; more && number <= 10; number++) {
        ns1__ChangePage *page = fetch(bridge, after);
        std::string changes;
        for (ns1__Change *change : page->Change)
            changes += (changes.empty() ? "" : "; ") + line(bridge.soap, change);
        tell("feed.page." + std::to_string(number), changes);
        after = page->Next;
        more = page->More;
    }
    _ns1__AcknowledgeChanges request;
    _ns1__AcknowledgeChangesResponse response;
    request.RecordType = ns1__RecordType__CUSTOMER;
    request.UpTo = after;
    call(bridge, [&] { return bridge.AcknowledgeChanges(&request, response); });
    tell("feed.acknowledged", std::to_string(response.Acknowledged));
    tell("feed.left", std::to_string(fetch(bridge, 0)->Change.size()));
}

static void steady(Bridge &bridge)
{
    int pings = 0;
    for (; pings < 200; pings++) {
        _ns1__Ping request;
        _ns1__PingResponse response;
        call(bridge, [&] { return bridge.Ping(&request, response); });
    }
    tell("steady.pings", std::to_string(pings));
}

static void step(const std::string &name, const std::function<void()> &run)
{
    try {
        run();
    } catch (const std::string &error) {
        tell(name + ".error", error);
    } catch (const std::exception &error) {
        tell(name + ".error", error.what());
    }
}

int main()
{
    Bridge bridge(by_basic(NAME, SECRET)), busy(by_basic(getenv("ERP_BUSY_NAME"), getenv("ERP_BUSY_SECRET")));
    step("ping", [&] { ping(bridge); });
    step("refused", [&] { refused("refused.by", by_basic(NAME, "wrong")); });
    step("key", [&] { prove("key", by_key(getenv("ERP_API_KEY")), by_key("1.wrong")); });
    step("token", [&] { prove("token", by_token(SECRET), by_token("wrong")); });
    step("digest", [&] { prove("digest", by_digest(SECRET), by_digest("wrong")); });
    step("submit", [&] { submit(bridge); });
    step("customer", [&] { customer(bridge); });
    step("invoice", [&] { invoice(bridge); });
    step("snapshot", [&] { snapshot(bridge); });
    step("replay", [&] { replay(bridge); });
    step("fault", [&] { fault(bridge); });
    step("violation", [&] { violation(bridge); });
    step("limit", [&] { limit(busy); });
    step("feed", [&] { feed(bridge); });
    step("steady", [&] { steady(bridge); });
    tell("client.end", "reached");
}
