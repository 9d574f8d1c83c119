import erpbridge.*;
import java.math.BigDecimal;
import java.net.URL;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Calendar;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;
import javax.xml.ws.Binding;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.WebServiceException;
import javax.xml.ws.handler.MessageContext;

/** Calls every operation through the classes that wsimport made, and prints what it got. */
public class Client {
    static final String URL = System.getenv("ERP_URL"), NAME = System.getenv("ERP_NAME"),
        SECRET = System.getenv("ERP_SECRET");

    interface Step { void run() throws Exception; }

    public static void main(String[] arguments) throws Exception {
        ErpBridge bridge = connect(SECRET);
        step("ping", () -> ping(bridge));
        step("refused", () -> refused("refused.by", connect("wrong")));
        step("key", () -> key());
        step("token", () -> token("token", false));
        step("digest", () -> token("digest", true));
        step("submit", () -> submit(bridge));
        step("customer", () -> customer(bridge));
        step("invoice", () -> invoice(bridge));
        step("snapshot", () -> snapshot(bridge));
        step("replay", () -> replay(bridge));
        step("fault", () -> fault(bridge));
        step("violation", () -> violation(bridge));
        step("limit", () -> limit());
        step("feed", () -> feed(bridge));
        step("steady", () -> steady(bridge));
        tell("client.end", "reached");
    }

    static ErpBridge connect(String secret) throws Exception {
        return connect(NAME, secret);
    }

    static ErpBridge connect(String name, String secret) throws Exception {
        ErpBridge bridge = newBridge();
        var context = ((BindingProvider) bridge).getRequestContext();
        context.put(BindingProvider.USERNAME_PROPERTY, name);
        context.put(BindingProvider.PASSWORD_PROPERTY, secret);
        return bridge;
    }

    static ErpBridge connectByKey(String key) throws Exception {
        ErpBridge bridge = newBridge();
        ((BindingProvider) bridge).getRequestContext()
            .put(MessageContext.HTTP_REQUEST_HEADERS, Map.of("X-API-Key", List.of(key)));
        return bridge;
    }

    static ErpBridge connectByToken(String secret, boolean digest) throws Exception {
        ErpBridge bridge = newBridge();
        Binding binding = ((BindingProvider) bridge).getBinding();
        binding.setHandlerChain(List.of(new UsernameToken(NAME, secret, digest)));
        return bridge;
    }

    static ErpBridge newBridge() throws Exception {
        URL wsdl = new URL(URL + "?" + System.getenv("ERP_WSDL"));
        ErpBridge bridge = new ErpBridgeService(wsdl).getPort(ErpBridge.class);
        ((BindingProvider) bridge).getRequestContext()
            .put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, URL);
        return bridge;
    }

    static void ping(ErpBridge bridge) throws Exception {
        Health health = bridge.ping();
        tell("ping.version", health.getVersion());
        tell("ping.database", health.getDatabase());
        tell("ping.salesforce", health.getSalesforce());
    }

    static void refused(String fact, ErpBridge stranger) throws Exception {
        try {
            stranger.ping();
            tell(fact, "by nobody");
        } catch (BridgeFaultException fault) {
            tell(fact, fault.getFaultInfo().getCode());
        } catch (WebServiceException error) {
            tell(fact, error.getMessage().contains("401") ? "HTTP 401" : error.toString());
        }
    }

    static void key() throws Exception {
        tell("key.version", connectByKey(System.getenv("ERP_API_KEY")).ping().getVersion());
        refused("key.refused", connectByKey("1.wrong"));
    }

    static void token(String step, boolean digest) throws Exception {
        tell(step + ".version", connectByToken(SECRET, digest).ping().getVersion());
        refused(step + ".refused", connectByToken("wrong", digest));
    }

    static void submit(ErpBridge bridge) throws Exception {
        Customer customer = customerNamed("Łódź Kōbe 東京 🚲");
        tell("submit.customer", line(bridge.submitCustomers(NAME + "-1", List.of(customer), null)));
        tell("submit.invoice", line(bridge.submitInvoices(NAME + "-2", List.of(newInvoice()), null)));
        Receipt ofPayment = bridge.submitPayments(NAME + "-3", List.of(newPayment()), null);
        tell("submit.payment", line(ofPayment));
        Receipt ofMemo = bridge.submitCreditMemos(NAME + "-4", List.of(newMemo()), null);
        tell("submit.credit_memo", line(ofMemo));
    }

    static Customer customerNamed(String name) {
        Billing billing = new Billing();
        billing.setStreet("\"1 < 2\" & Söhne");
        billing.setCity("Łódź");
        billing.setCountry("PL");
        Customer customer = new Customer();
        customer.setNumber(NAME + "-C");
        customer.setName(name);
        customer.setBilling(billing);
        customer.setCurrency("USD");
        customer.setCreditLimit(new BigDecimal("10000000000000.01"));
        customer.setStatus(CustomerStatus.ACTIVE);
        return customer;
    }

    static Invoice newInvoice() throws Exception {
        Invoice invoice = new Invoice();
        invoice.setCompanyCode("1000");
        invoice.setNumber(NAME + "-I");
        invoice.setCustomerNumber(NAME + "-C");
        invoice.setIssuedOn(day("2026-02-28"));
        invoice.setDueOn(day("2026-03-30"));
        invoice.setCurrency("USD");
        invoice.setNetAmount(new BigDecimal("11888.625"));
        invoice.setTaxAmount(new BigDecimal("-0.005"));
        invoice.setGrossAmount(new BigDecimal("11888.62"));
        invoice.setOpenAmount(new BigDecimal("11888.62"));
        invoice.setStatus(DocumentStatus.PARTIALLY_PAID);
        invoice.getLine().add(documentLine(1, "自転車 🚲", "0.0001", "-0.0001"));
        invoice.getLine().add(documentLine(2, null, "1", "99999999999999.9999"));
        return invoice;
    }

    static DocumentLine documentLine(int number, String description, String quantity, String net) {
        DocumentLine line = new DocumentLine();
        line.setLineNumber(number);
        line.setDescription(description);
        line.setQuantity(new BigDecimal(quantity));
        line.setNetAmount(new BigDecimal(net));
        return line;
    }

    static Payment newPayment() throws Exception {
        PaymentApplication application = new PaymentApplication();
        application.setInvoiceNumber(NAME + "-I");
        application.setAmount(new BigDecimal("99.5"));
        Payment payment = new Payment();
        payment.setCompanyCode("1000");
        payment.setNumber(NAME + "-P");
        payment.setCustomerNumber(NAME + "-C");
        payment.setReceivedOn(day("2026-03-01"));
        payment.setCurrency("USD");
        payment.setAmount(new BigDecimal("100"));
        payment.setUnappliedAmount(new BigDecimal("0.5"));
        payment.getApplication().add(application);
        return payment;
    }

    static CreditMemo newMemo() throws Exception {
        CreditMemo memo = new CreditMemo();
        memo.setCompanyCode("1000");
        memo.setNumber(NAME + "-M");
        memo.setCustomerNumber(NAME + "-C");
        memo.setInvoiceNumber(NAME + "-I");
        memo.setIssuedOn(day("2026-03-02"));
        memo.setCurrency("USD");
        memo.setNetAmount(new BigDecimal("10"));
        memo.setTaxAmount(new BigDecimal("1.9"));
        memo.setGrossAmount(new BigDecimal("11.9"));
        memo.setOpenAmount(new BigDecimal("0"));
        memo.setStatus(DocumentStatus.PAID);
        return memo;
    }

    static void customer(ErpBridge bridge) throws Exception {
        CustomerView view = bridge.getCustomer("SEED-C");
        Customer erp = view.getErp();
        tell("customer.state", view.getState());
        tell("customer.salesforce_id", view.getSalesforceId());
        tell("customer.name", erp.getName());
        tell("customer.street", erp.getBilling().getStreet());
        tell("customer.city", erp.getBilling().getCity());
        tell("customer.credit_limit", erp.getCreditLimit().toPlainString());
        tell("customer.status", erp.getStatus());
        tell("customer.email", erp.getEmail());
        for (FieldVersions field : view.getField())
            if (field.getName().equals("Name"))
                tell("customer.crm_name", field.getCrmValue());
    }

    static void invoice(ErpBridge bridge) throws Exception {
        Invoice erp = bridge.getInvoice("1000", "SEED-I").getErp();
        tell("invoice.issued_on", erp.getIssuedOn());
        tell("invoice.due_on", erp.getDueOn());
        tell("invoice.net_amount", erp.getNetAmount().toPlainString());
        tell("invoice.tax_amount", erp.getTaxAmount().toPlainString());
        for (DocumentLine line : erp.getLine())
            tell("invoice.line." + line.getLineNumber(), line.getDescription() + " "
                + line.getQuantity().toPlainString() + " " + line.getNetAmount().toPlainString());
    }

    static void snapshot(ErpBridge bridge) throws Exception {
        bridge.submitInvoices(NAME + "-5", List.of(ownInvoice("S1"), ownInvoice("S2")), null);
        GregorianCalendar soon = new GregorianCalendar();
        soon.add(Calendar.MINUTE, 1); // counts as now, whatever its fraction
        Snapshot begun = bridge.beginSnapshot(RecordType.INVOICE, NAME,
            DatatypeFactory.newInstance().newXMLGregorianCalendar(soon));
        String id = begun.getSnapshotId();
        tell("snapshot.superseded", begun.getSuperseded());
        Receipt receipt = bridge.submitInvoices(NAME + "-6", List.of(ownInvoice("S1")), id);
        tell("snapshot.told", receipt.getResult().get(0).getOutcome());
        Total total = new Total();
        total.setCurrency("USD");
        total.setAmount(new BigDecimal("11888.62"));
        try {
            bridge.closeSnapshot(id, 2, List.of(total));
        } catch (BridgeFaultException fault) {
            BridgeFault detail = fault.getFaultInfo();
            String figure = detail.getViolation().get(0).getPath();
            tell("snapshot.differs", detail.getCode() + " " + figure);
        }
        for (String fact : List.of("closed", "again")) {
            ClosedSnapshot closed = bridge.closeSnapshot(id, 1, List.of(total));
            tell("snapshot." + fact, closed.getMembers() + " " + closed.getGone()
                + (closed.isReplayed() ? " replayed" : " new"));
        }
        InvoiceView view = bridge.getInvoice(NAME, "S2");
        tell("snapshot.gone", view.isErpDeleted() + " " + view.getState());
    }

    /** An invoice of a company of this client's own. */
    static Invoice ownInvoice(String number) throws Exception {
        Invoice invoice = newInvoice();
        invoice.setCompanyCode(NAME);
        invoice.setNumber(number);
        return invoice;
    }

    static void replay(ErpBridge bridge) throws Exception {
        tell("replay.again", line(bridge.submitInvoices(NAME + "-2", List.of(newInvoice()), null)));
        tell("receipt.found", line(bridge.getReceipt(NAME + "-2")));
    }

    static void fault(ErpBridge bridge) throws Exception {
        try {
            bridge.submitCustomers(NAME + "-1", List.of(customerNamed("Another")), null);
        } catch (BridgeFaultException fault) {
            tellFault("fault", fault.getFaultInfo());
        }
    }

    static void violation(ErpBridge bridge) throws Exception {
        try {
            bridge.fetchChanges(RecordType.CUSTOMER, 0, 0);
        } catch (BridgeFaultException fault) {
            tellFault("violation", fault.getFaultInfo());
            Violation violation = fault.getFaultInfo().getViolation().get(0);
            tell("violation.path", violation.getPath());
            tell("violation.line", violation.getLine() > 0 ? "known" : "unknown");
            tell("violation.text", violation.getMessage());
        }
    }

    static void limit() throws Exception {
        ErpBridge busy = connect(System.getenv("ERP_BUSY_NAME"), System.getenv("ERP_BUSY_SECRET"));
        tell("limit.first", busy.ping().getVersion());
        try {
            busy.ping();
        } catch (BridgeFaultException fault) {
            tellFault("limit", fault.getFaultInfo());
        }
    }

    static void tellFault(String step, BridgeFault fault) {
        tell(step + ".code", fault.getCode());
        tell(step + ".message", fault.getMessage());
        tell(step + ".retryable", fault.isRetryable());
        tell(step + ".retry_after", fault.getRetryAfterSeconds());
        tell(step + ".correlation_id", fault.getCorrelationId());
    }

    static void feed(ErpBridge bridge) throws Exception {
        long after = 0;
        int number = 0;
        ChangePage page;
        do {
            page = bridge.fetchChanges(RecordType.CUSTOMER, after, 1);
            tell("feed.page." + ++number, page.getChange().stream()
                .map(Client::line).collect(Collectors.joining("; ")));
            after = page.getNext();
        } while (page.isMore() && number < 10);
        tell("feed.acknowledged", bridge.acknowledgeChanges(RecordType.CUSTOMER, after));
        page = bridge.fetchChanges(RecordType.CUSTOMER, 0, 1);
        tell("feed.left", page.getChange().size());
    }

    static void steady(ErpBridge bridge) throws Exception {
        int pings = 0;
        while (pings < 200) {
            bridge.ping();
            pings++;
        }
        tell("steady.pings", pings);
    }

    static String line(Change change) {
        return change.getRecordType() + " " + change.getNumber() + change.getField().stream()
            .map(field -> " " + field.getName() + ": " + field.getOldValue() + " > " + field.getNewValue())
            .collect(Collectors.joining());
    }

    static String line(Receipt receipt) {
        Instant received = receipt.getReceivedAt().toGregorianCalendar().toInstant();
        String results = receipt.getResult().stream()
            .map(result -> result.getNumber() + " " + result.getOutcome() + " " + result.getCode())
            .collect(Collectors.joining(", "));
        return receipt.getMessageId() + " " + received.truncatedTo(ChronoUnit.SECONDS)
            + (receipt.isReplayed() ? " replayed " : " new ") + results;
    }

    static XMLGregorianCalendar day(String text) throws Exception {
        return DatatypeFactory.newInstance().newXMLGregorianCalendar(text);
    }

    static void step(String name, Step step) {
        try {
            step.run();
        } catch (Exception error) {
            tell(name + ".error", error);
        }
    }

    static void tell(String fact, Object value) {
        System.out.println("{\"fact\": " + quoted(fact) + ", \"value\": " + quoted("" + value) + "}");
    }

    static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
