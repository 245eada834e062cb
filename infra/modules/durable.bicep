// The Durable Task Scheduler, for teams that choose it instead of Azure Storage.

param name string
param location string
param tags object
@description('host.json names the same hub.')
param hubName string
param appPrincipalId string
param contributorRole string
@description('Days after which the history of a finished run goes; its report stays.')
param retentionDays int = 30

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    // No keys exist: every caller needs a token and a role.
    ipAllowlist: ['0.0.0.0/0']
    publicNetworkAccess: 'Enabled'
    sku: { name: 'Consumption' }
  }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  name: hubName
}

resource retention 'Microsoft.DurableTask/schedulers/retentionPolicies@2026-02-01' = {
  parent: scheduler
  name: 'default'
  properties: { retentionPolicies: [{ retentionPeriodInDays: retentionDays }] }
}

resource works 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, appPrincipalId, contributorRole)
  scope: hub
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', contributorRole)
  }
}

output endpoint string = scheduler.properties.endpoint
