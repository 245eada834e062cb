// Where telemetry goes: a workspace and Application Insights, both without keys that work.

param name string
param location string
param tags object
param appPrincipalId string
param publisherRole string
param retentionDays int = 30

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: '${name}-logs'
  location: location
  tags: tags
  properties: {
    features: { disableLocalAuth: true }
    retentionInDays: retentionDays
    sku: { name: 'PerGB2018' }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${name}-insights'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: workspace.id
  }
}

resource publishes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, appPrincipalId, publisherRole)
  scope: insights
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', publisherRole)
  }
}

output workspaceId string = workspace.id
// It says where telemetry goes; with local authentication off, its instrumentation key opens nothing.
output connectionString string = insights.properties.ConnectionString
