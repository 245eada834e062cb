#!/bin/sh
# Subscribe the app's blob trigger to the events of datasets; azd runs this after each deployment of the code.
# The webhook's key (blobs_extension) goes through a file that only this user can read: never an argument, never the output.
set -eu

for name in AZURE_SUBSCRIPTION_ID AZURE_RESOURCE_GROUP AZURE_FUNCTION_NAME AZURE_FUNCTION_URL EVENT_TOPIC_NAME DATASETS_ACCOUNT_ID; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
        echo "postdeploy: $name is not set. Run 'azd provision', then 'azd deploy'." >&2
        exit 1
    fi
done
if ! command -v az >/dev/null; then
    echo "postdeploy: the Azure CLI (az) is needed, signed in with 'az login'." >&2
    exit 1
fi

# The host makes the key when it first loads the code: minutes after a first deployment.
key=
attempts=0
while [ -z "$key" ]; do
    key=$(az functionapp keys list --subscription "$AZURE_SUBSCRIPTION_ID" --resource-group "$AZURE_RESOURCE_GROUP" \
        --name "$AZURE_FUNCTION_NAME" --query systemKeys.blobs_extension --output tsv 2>/dev/null) || key=
    [ -n "$key" ] && break
    attempts=$((attempts + 1))
    if [ "$attempts" -ge 30 ]; then
        echo "postdeploy: after $attempts attempts the app has no key blobs_extension. Is the code deployed, and are you signed in (az login)?" >&2
        exit 1
    fi
    echo "postdeploy: waiting for the app's blob trigger ($attempts of 30)"
    sleep 10
done

umask 077
parameters=$(mktemp)
trap 'rm -f "$parameters"' EXIT
trap 'exit 1' HUP INT TERM
# printf is the shell's own: no process has the key among its arguments.
printf '{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "contentVersion": "1.0.0.0", "parameters": {"endpointUrl": {"value": "%s/runtime/webhooks/blobs?functionName=Host.Functions.on_dataset_blob&code=%s"}}}\n' \
    "$AZURE_FUNCTION_URL" "$key" >"$parameters"

az deployment group create --subscription "$AZURE_SUBSCRIPTION_ID" --resource-group "$AZURE_RESOURCE_GROUP" \
    --name event-subscription --template-file infra/event-subscription.bicep \
    --parameters "@$parameters" \
    --parameters "topicName=$EVENT_TOPIC_NAME" "storageAccountId=$DATASETS_ACCOUNT_ID" \
    --output none
echo "postdeploy: datasets dropped into the container 'datasets' start runs now."
