<?php
// Calls every operation through ext-soap, and prints what it got.

ini_set('soap.wsdl_cache_enabled', '0');
$url = getenv('ERP_URL');
$name = getenv('ERP_NAME');

function connect(string $url, string $name, string $secret): SoapClient
{
    return newClient($url, ['login' => $name, 'password' => $secret]);
}

function connectByKey(string $url, string $key): SoapClient
{
    $context = stream_context_create(['http' => ['header' => "X-API-Key: $key"]]);
    return newClient($url, ['stream_context' => $context]);
}

// ext-soap knows no WS-Security: its header is made by hand.
function connectByToken(string $url, string $name, string $secret, bool $digest): SoapClient
{
    $oasis = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';
    $nonce = random_bytes(16);
    $created = gmdate('Y-m-d\TH:i:s\Z');
    $password = $digest ? base64_encode(sha1($nonce . $created . $secret, true)) : $secret;
    $kind = "$oasis-username-token-profile-1.0#" . ($digest ? 'PasswordDigest' : 'PasswordText');
    $coding = "$oasis-soap-message-security-1.0#Base64Binary";
    $soap = getenv('ERP_SOAP') === '1.2'
        ? 'http://www.w3.org/2003/05/soap-envelope'
        : 'http://schemas.xmlsoap.org/soap/envelope/';
    $security = "<wsse:Security xmlns:soap=\"$soap\" soap:mustUnderstand=\"1\""
        . " xmlns:wsse=\"$oasis-wssecurity-secext-1.0.xsd\""
        . " xmlns:wsu=\"$oasis-wssecurity-utility-1.0.xsd\"><wsse:UsernameToken>"
        . "<wsse:Username>$name</wsse:Username>"
        . "<wsse:Password Type=\"$kind\">$password</wsse:Password>"
        . "<wsse:Nonce EncodingType=\"$coding\">" . base64_encode($nonce) . '</wsse:Nonce>'
        . "<wsu:Created>$created</wsu:Created></wsse:UsernameToken></wsse:Security>";
    $client = newClient($url, []);
    $client->__setSoapHeaders(new SoapHeader(
        "$oasis-wssecurity-secext-1.0.xsd",
        'Security',
        new SoapVar($security, XSD_ANYXML),
    ));
    return $client;
}

function newClient(string $url, array $options): SoapClient
{
    return new SoapClient("$url?" . getenv('ERP_WSDL'), $options + [
        'soap_version' => getenv('ERP_SOAP') === '1.2' ? SOAP_1_2 : SOAP_1_1,
        'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
    ]);
}

function ping(SoapClient $bridge): void
{
    $health = $bridge->Ping()->Health;
    tell('ping.version', $health->Version);
    tell('ping.database', $health->Database);
    tell('ping.salesforce', $health->Salesforce);
}

function refused(string $fact, SoapClient $stranger): void
{
    try {
        $stranger->Ping();
        tell($fact, 'by nobody');
    } catch (SoapFault $fault) {
        tell($fact, $fault->detail->BridgeFault->Code ?? $fault->getMessage());
    }
}

function apiKey(string $url, string $key): void
{
    tell('key.version', connectByKey($url, $key)->Ping()->Health->Version);
    refused('key.refused', connectByKey($url, '1.wrong'));
}

function token(string $step, string $url, string $name, string $secret, bool $digest): void
{
    $bridge = connectByToken($url, $name, $secret, $digest);
    tell("$step.version", $bridge->Ping()->Health->Version);
    refused("$step.refused", connectByToken($url, $name, 'wrong', $digest));
}

function submit(SoapClient $bridge, string $name): void
{
    $customer = newCustomer($name, 'Łódź Kōbe 東京 🚲');
    $calls = [
        'customer' => ['SubmitCustomers', ['MessageId' => "$name-1", 'Customer' => [$customer]]],
        'invoice' => ['SubmitInvoices', ['MessageId' => "$name-2", 'Invoice' => [newInvoice($name)]]],
        'payment' => ['SubmitPayments', ['MessageId' => "$name-3", 'Payment' => [newPayment($name)]]],
        'credit_memo' => ['SubmitCreditMemos', ['MessageId' => "$name-4", 'CreditMemo' => [newMemo($name)]]],
    ];
    foreach ($calls as $record => [$operation, $arguments]) {
        tell("submit.$record", lineOfReceipt($bridge->$operation($arguments)->Receipt));
    }
}

function newCustomer(string $name, string $title): array
{
    return [
        'Number' => "$name-C",
        'Name' => $title,
        'Billing' => ['Street' => '"1 < 2" & Söhne', 'City' => 'Łódź', 'Country' => 'PL'],
        'Currency' => 'USD',
        'CreditLimit' => '10000000000000.01',
        'Status' => 'ACTIVE',
    ];
}

function newInvoice(string $name): array
{
    return [
        'CompanyCode' => '1000',
        'Number' => "$name-I",
        'CustomerNumber' => "$name-C",
        'IssuedOn' => '2026-02-28',
        'DueOn' => '2026-03-30',
        'Currency' => 'USD',
        'NetAmount' => '11888.625',
        'TaxAmount' => '-0.005',
        'GrossAmount' => '11888.62',
        'OpenAmount' => '11888.62',
        'Status' => 'PARTIALLY_PAID',
        'Line' => [
            [
                'LineNumber' => 1,
                'Description' => '自転車 🚲',
                'Quantity' => '0.0001',
                'NetAmount' => '-0.0001',
            ],
            ['LineNumber' => 2, 'Quantity' => '1', 'NetAmount' => '99999999999999.9999'],
        ],
    ];
}

function newPayment(string $name): array
{
    return [
        'CompanyCode' => '1000',
        'Number' => "$name-P",
        'CustomerNumber' => "$name-C",
        'ReceivedOn' => '2026-03-01',
        'Currency' => 'USD',
        'Amount' => '100',
        'UnappliedAmount' => '0.5',
        'Application' => [['InvoiceNumber' => "$name-I", 'Amount' => '99.5']],
    ];
}

function newMemo(string $name): array
{
    return [
        'CompanyCode' => '1000',
        'Number' => "$name-M",
        'CustomerNumber' => "$name-C",
        'InvoiceNumber' => "$name-I",
        'IssuedOn' => '2026-03-02',
        'Currency' => 'USD',
        'NetAmount' => '10',
        'TaxAmount' => '1.9',
        'GrossAmount' => '11.9',
        'OpenAmount' => '0',
        'Status' => 'PAID',
    ];
}

function customer(SoapClient $bridge): void
{
    $view = $bridge->GetCustomer(['Number' => 'SEED-C'])->CustomerView;
    tell('customer.state', $view->State);
    tell('customer.salesforce_id', $view->SalesforceId);
    tell('customer.name', $view->Erp->Name);
    tell('customer.street', $view->Erp->Billing->Street);
    tell('customer.city', $view->Erp->Billing->City);
    tell('customer.credit_limit', $view->Erp->CreditLimit);
    tell('customer.status', $view->Erp->Status);
    tell('customer.email', $view->Erp->Email ?? null);
    foreach ($view->Field as $field) {
        if ($field->Name === 'Name') {
            tell('customer.crm_name', $field->CrmValue);
        }
    }
}

function invoice(SoapClient $bridge): void
{
    $erp = $bridge->GetInvoice(['CompanyCode' => '1000', 'Number' => 'SEED-I'])->InvoiceView->Erp;
    tell('invoice.issued_on', $erp->IssuedOn);
    tell('invoice.due_on', $erp->DueOn ?? null);
    tell('invoice.net_amount', $erp->NetAmount);
    tell('invoice.tax_amount', $erp->TaxAmount);
    foreach ($erp->Line as $line) {
        $description = $line->Description ?? 'null';
        tell("invoice.line.$line->LineNumber", "$description $line->Quantity $line->NetAmount");
    }
}

function snapshot(SoapClient $bridge, string $name): void
{
    // ext-soap writes an array that stands twice in a call, as both invoices' lines do, with ids and
    // references to them, which no literal message may hold
    foreach (['S1', 'S2'] as $number) {
        $invoice = ownInvoice($name, $number);
        $bridge->SubmitInvoices(['MessageId' => "$name-5-$number", 'Invoice' => [$invoice]]);
    }
    // a minute ahead counts as now, whatever its fraction
    $soon = gmdate('Y-m-d\TH:i:s\Z', time() + 60);
    $arguments = ['RecordType' => 'INVOICE', 'CompanyCode' => $name, 'AsOf' => $soon];
    $begun = $bridge->BeginSnapshot($arguments)->Snapshot;
    tell('snapshot.superseded', $begun->Superseded ?? null);
    $receipt = $bridge->SubmitInvoices([
        'MessageId' => "$name-6",
        'Invoice' => [ownInvoice($name, 'S1')],
        'SnapshotId' => $begun->SnapshotId,
    ])->Receipt;
    tell('snapshot.told', $receipt->Result[0]->Outcome);
    $totals = [['Currency' => 'USD', 'Amount' => '11888.62']];
    $arguments = ['SnapshotId' => $begun->SnapshotId, 'Count' => 2, 'Total' => $totals];
    try {
        $bridge->CloseSnapshot($arguments);
    } catch (SoapFault $fault) {
        $detail = $fault->detail->BridgeFault;
        $violation = is_array($detail->Violation) ? $detail->Violation[0] : $detail->Violation;
        tell('snapshot.differs', "$detail->Code $violation->Path");
    }
    foreach (['closed', 'again'] as $fact) {
        $closed = $bridge->CloseSnapshot(['Count' => 1] + $arguments)->ClosedSnapshot;
        $how = $closed->Replayed ? 'replayed' : 'new';
        tell("snapshot.$fact", "$closed->Members $closed->Gone $how");
    }
    $view = $bridge->GetInvoice(['CompanyCode' => $name, 'Number' => 'S2'])->InvoiceView;
    tell('snapshot.gone', ($view->ErpDeleted ? 'true' : 'false') . " $view->State");
}

// An invoice of a company of this client's own.
function ownInvoice(string $name, string $number): array
{
    return ['CompanyCode' => $name, 'Number' => $number] + newInvoice($name);
}

function replay(SoapClient $bridge, string $name): void
{
    $arguments = ['MessageId' => "$name-2", 'Invoice' => [newInvoice($name)]];
    tell('replay.again', lineOfReceipt($bridge->SubmitInvoices($arguments)->Receipt));
    tell('receipt.found', lineOfReceipt($bridge->GetReceipt(['MessageId' => "$name-2"])->Receipt));
}

function fault(SoapClient $bridge, string $name): void
{
    try {
        $other = newCustomer($name, 'Another');
        $bridge->SubmitCustomers(['MessageId' => "$name-1", 'Customer' => [$other]]);
    } catch (SoapFault $fault) {
        tellFault('fault', $fault->detail->BridgeFault);
    }
}

function violation(SoapClient $bridge): void
{
    try {
        $bridge->FetchChanges(['RecordType' => 'CUSTOMER', 'After' => 0, 'Limit' => 0]);
    } catch (SoapFault $fault) {
        tellFault('violation', $fault->detail->BridgeFault);
        $found = $fault->detail->BridgeFault->Violation;
        $violation = is_array($found) ? $found[0] : $found;
        tell('violation.path', $violation->Path);
        tell('violation.line', $violation->Line > 0 ? 'known' : 'unknown');
        tell('violation.text', $violation->Message);
    }
}

function limit(SoapClient $busy): void
{
    tell('limit.first', $busy->Ping()->Health->Version);
    try {
        $busy->Ping();
    } catch (SoapFault $fault) {
        tellFault('limit', $fault->detail->BridgeFault);
    }
}

// ext-soap reads a fault's detail by the types that stand in it, not by the WSDL's: Retryable is a
// boolean, numbers are texts, and a single violation is no array.
function tellFault(string $step, object $fault): void
{
    tell("$step.code", $fault->Code);
    tell("$step.message", $fault->Message);
    tell("$step.retryable", $fault->Retryable ? 'true' : 'false');
    tell("$step.retry_after", $fault->RetryAfterSeconds ?? null);
    tell("$step.correlation_id", $fault->CorrelationId);
}

function feed(SoapClient $bridge): void
{
    $after = 0;
    $number = 0;
    do {
        $page = fetch($bridge, $after);
        tell('feed.page.' . ++$number, implode('; ', array_map('lineOfChange', $page->Change ?? [])));
        $after = $page->Next;
    } while ($page->More && $number < 10);
    $done = $bridge->AcknowledgeChanges(['RecordType' => 'CUSTOMER', 'UpTo' => $after]);
    tell('feed.acknowledged', $done->Acknowledged);
    tell('feed.left', count(fetch($bridge, 0)->Change ?? []));
}

function fetch(SoapClient $bridge, int $after): object
{
    $arguments = ['RecordType' => 'CUSTOMER', 'After' => $after, 'Limit' => 1];
    return $bridge->FetchChanges($arguments)->ChangePage;
}

function lineOfChange(object $change): string
{
    $line = "$change->RecordType $change->Number";
    foreach ($change->Field as $field) {
        $line .= " $field->Name: " . ($field->OldValue ?? 'null') . ' > ' . ($field->NewValue ?? 'null');
    }
    return $line;
}

function lineOfReceipt(object $receipt): string
{
    $received = new DateTime($receipt->ReceivedAt);
    $received->setTimezone(new DateTimeZone('UTC'));
    $results = array_map(
        fn (object $result) => "$result->Number $result->Outcome " . ($result->Code ?? 'null'),
        $receipt->Result ?? [],
    );
    return "$receipt->MessageId " . $received->format('Y-m-d\TH:i:s\Z')
        . ($receipt->Replayed ? ' replayed ' : ' new ') . implode(', ', $results);
}

function step(string $step, callable $run): void
{
    try {
        $run();
    } catch (Throwable $error) {
        tell("$step.error", get_class($error) . ': ' . $error->getMessage());
    }
}

function tell(string $fact, mixed $value): void
{
    $line = ['fact' => $fact, 'value' => (string) ($value ?? 'null')];
    echo json_encode($line, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
}

function steady(SoapClient $bridge): void
{
    for ($pings = 0; $pings < 200; $pings++) {
        $bridge->Ping();
    }
    tell('steady.pings', $pings);
}

$bridge = connect($url, $name, getenv('ERP_SECRET'));
step('ping', fn () => ping($bridge));
step('refused', fn () => refused('refused.by', connect($url, $name, 'wrong')));
step('key', fn () => apiKey($url, getenv('ERP_API_KEY')));
step('token', fn () => token('token', $url, $name, getenv('ERP_SECRET'), false));
step('digest', fn () => token('digest', $url, $name, getenv('ERP_SECRET'), true));
step('submit', fn () => submit($bridge, $name));
step('customer', fn () => customer($bridge));
step('invoice', fn () => invoice($bridge));
step('snapshot', fn () => snapshot($bridge, $name));
step('replay', fn () => replay($bridge, $name));
step('fault', fn () => fault($bridge, $name));
step('violation', fn () => violation($bridge));
step('limit', fn () => limit(connect($url, getenv('ERP_BUSY_NAME'), getenv('ERP_BUSY_SECRET'))));
step('feed', fn () => feed($bridge));
step('steady', fn () => steady($bridge));
tell('client.end', 'reached');
