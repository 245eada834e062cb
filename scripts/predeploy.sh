#!/bin/sh
# Refuse a host.json that belongs to another Durable backend than the one that was provisioned; azd runs this before the code.
set -eu

backend=${DURABLE_BACKEND:-AzureStorage}
if grep -q '"azureManaged"' host.json; then
    written=DurableTaskScheduler
else
    written=AzureStorage
fi
if [ "$backend" != "$written" ]; then
    echo "predeploy: DURABLE_BACKEND is $backend, but host.json is written for $written. See docs/deploy.md, Durable Task Scheduler." >&2
    exit 1
fi
