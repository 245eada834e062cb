# Subscribe the app's blob trigger to the events of datasets; azd runs this after each deployment of the code.
# The webhook's key (blobs_extension) goes through a file in the user's own folder: never an argument, never the output.
$ErrorActionPreference = 'Stop'

foreach ($name in 'AZURE_SUBSCRIPTION_ID', 'AZURE_RESOURCE_GROUP', 'AZURE_FUNCTION_NAME', 'AZURE_FUNCTION_URL', 'EVENT_TOPIC_NAME', 'DATASETS_ACCOUNT_ID') {
    if (-not [Environment]::GetEnvironmentVariable($name)) {
        [Console]::Error.WriteLine("postdeploy: $name is not set. Run 'azd provision', then 'azd deploy'.")
        exit 1
    }
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    [Console]::Error.WriteLine("postdeploy: the Azure CLI (az) is needed, signed in with 'az login'.")
    exit 1
}

# The host makes the key when it first loads the code: minutes after a first deployment.
$key = ''
for ($attempt = 1; $attempt -le 30; $attempt++) {
    $key = az functionapp keys list --subscription $env:AZURE_SUBSCRIPTION_ID --resource-group $env:AZURE_RESOURCE_GROUP `
        --name $env:AZURE_FUNCTION_NAME --query systemKeys.blobs_extension --output tsv 2>$null
    if ($key) { break }
    Write-Output "postdeploy: waiting for the app's blob trigger ($attempt of 30)"
    Start-Sleep -Seconds 10
}
if (-not $key) {
    [Console]::Error.WriteLine("postdeploy: after 30 attempts the app has no key blobs_extension. Is the code deployed, and are you signed in (az login)?")
    exit 1
}

$parameters = New-TemporaryFile
try {
    $endpoint = "$env:AZURE_FUNCTION_URL/runtime/webhooks/blobs?functionName=Host.Functions.on_dataset_blob&code=$key"
    @{
        '$schema'      = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#'
        contentVersion = '1.0.0.0'
        parameters     = @{ endpointUrl = @{ value = $endpoint } }
    } | ConvertTo-Json -Depth 4 | Set-Content -Path $parameters -Encoding utf8
    az deployment group create --subscription $env:AZURE_SUBSCRIPTION_ID --resource-group $env:AZURE_RESOURCE_GROUP `
        --name event-subscription --template-file infra/event-subscription.bicep `
        --parameters "@$parameters" `
        --parameters "topicName=$env:EVENT_TOPIC_NAME" "storageAccountId=$env:DATASETS_ACCOUNT_ID" `
        --output none
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}
finally {
    Remove-Item -Path $parameters -Force
}
Write-Output "postdeploy: datasets dropped into the container 'datasets' start runs now."
