using System;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Text;
using System.Web.Services.Protocols;
using System.Xml;

/// Calls every operation through the proxy that wsdl.exe made, and prints what it got.
static class Client
{
    static readonly string Url = Environment.GetEnvironmentVariable("ERP_URL");
    static readonly string Name = Environment.GetEnvironmentVariable("ERP_NAME");
    static readonly string Secret = Environment.GetEnvironmentVariable("ERP_SECRET");

    static void Main()
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        ErpBridgeService bridge = Connect(Name, Secret);
        Step("ping", () => AskHealth(bridge));
        Step("refused", () => BeRefused("refused.by", Connect(Name, "wrong")));
        Step("key", UseKey);
        Step("token", () => UseToken("token", UsernameToken.OfText));
        Step("digest", () => UseToken("digest", UsernameToken.OfDigest));
        Step("submit", () => Submit(bridge));
        Step("customer", () => ReadCustomer(bridge));
        Step("invoice", () => ReadInvoice(bridge));
        Step("snapshot", () => TellAll(bridge));
        Step("replay", () => Replay(bridge));
        Step("fault", () => ReuseMessageId(bridge));
        Step("violation", () => BreakContract(bridge));
        Step("limit", CallTooOften);
        Step("feed", () => TakeChanges(bridge));
        Step("steady", () => StaySteady(bridge));
        Tell("client.end", "reached");
        // Mono now and then crashes while it shuts down, and prints so: this leaves nothing to do.
        Process.GetCurrentProcess().Kill();
    }

    static ErpBridgeService Connect(string name, string secret)
    {
        return new ErpBridgeService { Url = Url, Credentials = new NetworkCredential(name, secret) };
    }

    static ErpBridgeService ConnectByToken(UsernameToken token)
    {
        var security = new Security { UsernameToken = token, MustUnderstand = true };
        return new ErpBridgeService { Url = Url, Security = security };
    }

    static void AskHealth(ErpBridgeService bridge)
    {
        Health health = bridge.Ping();
        Tell("ping.version", health.Version);
        Tell("ping.database", health.Database);
        Tell("ping.salesforce", health.Salesforce);
    }

    static void BeRefused(string fact, ErpBridgeService stranger)
    {
        try
        {
            stranger.Ping();
            Tell(fact, "by nobody");
        }
        catch (SoapException fault)
        {
            Tell(fact, Field(fault, "Code"));
        }
        catch (WebException error)
        {
            var response = error.Response as HttpWebResponse;
            Tell(fact, response == null ? error.Message : "HTTP " + (int)response.StatusCode);
        }
    }

    static void UseKey()
    {
        string key = Environment.GetEnvironmentVariable("ERP_API_KEY");
        Tell("key.version", new ErpBridgeService { Url = Url, ApiKey = key }.Ping().Version);
        BeRefused("key.refused", new ErpBridgeService { Url = Url, ApiKey = "1.wrong" });
    }

    static void UseToken(string step, Func<string, string, UsernameToken> tokenOf)
    {
        Tell(step + ".version", ConnectByToken(tokenOf(Name, Secret)).Ping().Version);
        BeRefused(step + ".refused", ConnectByToken(tokenOf(Name, "wrong")));
    }

    static void Submit(ErpBridgeService bridge)
    {
        Customer customer = NewCustomer("Łódź Kōbe 東京 🚲");
        Tell("submit.customer", Line(bridge.SubmitCustomers(Name + "-1", new[] { customer }, null)));
        Tell("submit.invoice", Line(bridge.SubmitInvoices(Name + "-2", new[] { NewInvoice() }, null)));
        Tell("submit.payment", Line(bridge.SubmitPayments(Name + "-3", new[] { NewPayment() }, null)));
        Tell("submit.credit_memo", Line(bridge.SubmitCreditMemos(Name + "-4", new[] { NewMemo() }, null)));
    }

    static Customer NewCustomer(string name)
    {
        return new Customer
        {
            Number = Name + "-C",
            Name = name,
            Billing = new Billing { Street = "\"1 < 2\" & Söhne", City = "Łódź", Country = "PL" },
            Currency = "USD",
            CreditLimit = 10000000000000.01m,
            CreditLimitSpecified = true,
            Status = CustomerStatus.ACTIVE,
        };
    }

    static Invoice NewInvoice()
    {
        return new Invoice
        {
            CompanyCode = "1000",
            Number = Name + "-I",
            CustomerNumber = Name + "-C",
            IssuedOn = new DateTime(2026, 2, 28),
            DueOn = new DateTime(2026, 3, 30),
            DueOnSpecified = true,
            Currency = "USD",
            NetAmount = 11888.625m,
            TaxAmount = -0.005m,
            GrossAmount = 11888.62m,
            OpenAmount = 11888.62m,
            Status = DocumentStatus.PARTIALLY_PAID,
            Line = new[]
            {
                new DocumentLine { LineNumber = 1, Description = "自転車 🚲", Quantity = 0.0001m, NetAmount = -0.0001m },
                new DocumentLine { LineNumber = 2, Quantity = 1, NetAmount = 99999999999999.9999m },
            },
        };
    }

    static Payment NewPayment()
    {
        return new Payment
        {
            CompanyCode = "1000",
            Number = Name + "-P",
            CustomerNumber = Name + "-C",
            ReceivedOn = new DateTime(2026, 3, 1),
            Currency = "USD",
            Amount = 100,
            UnappliedAmount = 0.5m,
            Application = new[] { new PaymentApplication { InvoiceNumber = Name + "-I", Amount = 99.5m } },
        };
    }

    static CreditMemo NewMemo()
    {
        return new CreditMemo
        {
            CompanyCode = "1000",
            Number = Name + "-M",
            CustomerNumber = Name + "-C",
            InvoiceNumber = Name + "-I",
            IssuedOn = new DateTime(2026, 3, 2),
            Currency = "USD",
            NetAmount = 10,
            TaxAmount = 1.9m,
            GrossAmount = 11.9m,
            OpenAmount = 0,
            Status = DocumentStatus.PAID,
        };
    }

    static void ReadCustomer(ErpBridgeService bridge)
    {
        CustomerView view = bridge.GetCustomer("SEED-C");
        Tell("customer.state", view.State);
        Tell("customer.salesforce_id", view.SalesforceId);
        Tell("customer.name", view.Erp.Name);
        Tell("customer.street", view.Erp.Billing.Street);
        Tell("customer.city", view.Erp.Billing.City);
        Tell("customer.credit_limit", Text(view.Erp.CreditLimit));
        Tell("customer.status", view.Erp.Status);
        Tell("customer.email", view.Erp.Email);
        Tell("customer.crm_name", view.Field.Single(field => field.Name == "Name").CrmValue);
    }

    static void ReadInvoice(ErpBridgeService bridge)
    {
        Invoice erp = bridge.GetInvoice("1000", "SEED-I").Erp;
        Tell("invoice.issued_on", erp.IssuedOn.ToString("yyyy-MM-dd"));
        Tell("invoice.due_on", erp.DueOnSpecified ? erp.DueOn.ToString("yyyy-MM-dd") : null);
        Tell("invoice.net_amount", Text(erp.NetAmount));
        Tell("invoice.tax_amount", Text(erp.TaxAmount));
        foreach (DocumentLine line in erp.Line)
            Tell("invoice.line." + line.LineNumber,
                Shown(line.Description) + " " + Text(line.Quantity) + " " + Text(line.NetAmount));
    }

    static void TellAll(ErpBridgeService bridge)
    {
        bridge.SubmitInvoices(Name + "-5", new[] { OwnInvoice("S1"), OwnInvoice("S2") }, null);
        // a minute ahead counts as now, whatever its fraction
        Snapshot begun = bridge.BeginSnapshot(RecordType.INVOICE, Name, DateTime.Now.AddMinutes(1));
        Tell("snapshot.superseded", begun.Superseded);
        Receipt receipt = bridge.SubmitInvoices(Name + "-6", new[] { OwnInvoice("S1") }, begun.SnapshotId);
        Tell("snapshot.told", receipt.Result[0].Outcome);
        var totals = new[] { new Total { Currency = "USD", Amount = 11888.62m } };
        try
        {
            bridge.CloseSnapshot(begun.SnapshotId, 2, totals);
        }
        catch (SoapException fault)
        {
            XmlElement violation = fault.Detail["BridgeFault"]["Violation"];
            Tell("snapshot.differs", Field(fault, "Code") + " " + violation["Path"].InnerText);
        }
        foreach (string fact in new[] { "closed", "again" })
        {
            ClosedSnapshot closed = bridge.CloseSnapshot(begun.SnapshotId, 1, totals);
            Tell("snapshot." + fact,
                closed.Members + " " + closed.Gone + (closed.Replayed ? " replayed" : " new"));
        }
        InvoiceView view = bridge.GetInvoice(Name, "S2");
        Tell("snapshot.gone", (view.ErpDeleted ? "true " : "false ") + view.State);
    }

    /// An invoice of a company of this client's own.
    static Invoice OwnInvoice(string number)
    {
        Invoice invoice = NewInvoice();
        invoice.CompanyCode = Name;
        invoice.Number = number;
        return invoice;
    }

    static void Replay(ErpBridgeService bridge)
    {
        Tell("replay.again", Line(bridge.SubmitInvoices(Name + "-2", new[] { NewInvoice() }, null)));
        Tell("receipt.found", Line(bridge.GetReceipt(Name + "-2")));
    }

    static void ReuseMessageId(ErpBridgeService bridge)
    {
        try
        {
            bridge.SubmitCustomers(Name + "-1", new[] { NewCustomer("Another") }, null);
        }
        catch (SoapException fault)
        {
            TellFault("fault", fault);
        }
    }

    static void BreakContract(ErpBridgeService bridge)
    {
        try
        {
            bridge.FetchChanges(RecordType.CUSTOMER, 0, 0);
        }
        catch (SoapException fault)
        {
            TellFault("violation", fault);
            XmlElement violation = fault.Detail["BridgeFault"]["Violation"];
            Tell("violation.path", violation["Path"].InnerText);
            Tell("violation.line", int.Parse(violation["Line"].InnerText) > 0 ? "known" : "unknown");
            Tell("violation.text", violation["Message"].InnerText);
        }
    }

    static void CallTooOften()
    {
        ErpBridgeService busy = Connect(
            Environment.GetEnvironmentVariable("ERP_BUSY_NAME"),
            Environment.GetEnvironmentVariable("ERP_BUSY_SECRET"));
        Tell("limit.first", busy.Ping().Version);
        try
        {
            busy.Ping();
        }
        catch (SoapException fault)
        {
            TellFault("limit", fault);
        }
    }

    static void TellFault(string step, SoapException fault)
    {
        Tell(step + ".code", Field(fault, "Code"));
        Tell(step + ".message", Field(fault, "Message"));
        Tell(step + ".retryable", Field(fault, "Retryable"));
        Tell(step + ".retry_after", Field(fault, "RetryAfterSeconds"));
        Tell(step + ".correlation_id", Field(fault, "CorrelationId"));
    }

    /// wsdl.exe makes no classes of faults: .NET hands their detail out as XML.
    static string Field(SoapException fault, string name)
    {
        XmlElement field = fault.Detail["BridgeFault"][name];
        return field == null ? null : field.InnerText;
    }

    static void TakeChanges(ErpBridgeService bridge)
    {
        long after = 0;
        int number = 0;
        ChangePage page;
        do
        {
            page = bridge.FetchChanges(RecordType.CUSTOMER, after, 1);
            Tell("feed.page." + ++number, string.Join("; ", (page.Change ?? new Change[0]).Select(Line)));
            after = page.Next;
        } while (page.More && number < 10);
        Tell("feed.acknowledged", bridge.AcknowledgeChanges(RecordType.CUSTOMER, after));
        page = bridge.FetchChanges(RecordType.CUSTOMER, 0, 1);
        Tell("feed.left", page.Change == null ? 0 : page.Change.Length);
    }

    static void StaySteady(ErpBridgeService bridge)
    {
        int pings = 0;
        for (; pings < 200; pings++)
            bridge.Ping();
        Tell("steady.pings", pings);
    }

    static string Line(Change change)
    {
        return change.RecordType + " " + change.Number + string.Concat(change.Field.Select(
            field => " " + field.Name + ": " + Shown(field.OldValue) + " > " + Shown(field.NewValue)));
    }

    static string Line(Receipt receipt)
    {
        string received = receipt.ReceivedAt.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ");
        return receipt.MessageId + " " + received + (receipt.Replayed ? " replayed " : " new ")
            + string.Join(", ", receipt.Result.Select(
                result => result.Number + " " + result.Outcome + " " + Shown(result.Code)));
    }

    static string Text(decimal number)
    {
        return number.ToString(CultureInfo.InvariantCulture);
    }

    static string Shown(object value)
    {
        return value == null ? "null" : value.ToString();
    }

    static void Step(string name, Action step)
    {
        try
        {
            step();
        }
        catch (Exception error)
        {
            Tell(name + ".error", error.GetType().Name + ": " + error.Message);
        }
    }

    static void Tell(string fact, object value)
    {
        Console.WriteLine("{\"fact\": " + Quoted(fact) + ", \"value\": " + Quoted(Shown(value)) + "}");
    }

    static string Quoted(string text)
    {
        return '"' + text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n") + '"';
    }
}
