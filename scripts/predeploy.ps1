# Refuse a host.json that belongs to another Durable backend than the one that was provisioned; azd runs this before the code.
$ErrorActionPreference = 'Stop'

$backend = if ($env:DURABLE_BACKEND) { $env:DURABLE_BACKEND } else { 'AzureStorage' }
$written = if (Select-String -Path host.json -Pattern '"azureManaged"' -SimpleMatch -Quiet) { 'DurableTaskScheduler' } else { 'AzureStorage' }
if ($backend -ne $written) {
    [Console]::Error.WriteLine("predeploy: DURABLE_BACKEND is $backend, but host.json is written for $written. See docs/deploy.md, Durable Task Scheduler.")
    exit 1
}
