<?php
// Prints the functions and types that ext-soap makes of the WSDL.

ini_set('soap.wsdl_cache_enabled', '0');
$client = new SoapClient($argv[1]);
echo implode("\n", [...$client->__getFunctions(), ...$client->__getTypes()]), "\n";
