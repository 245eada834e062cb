// What the app needs at an Azure OpenAI account, new or existing: one role, and a base model to compare with.

param accountName string
param appPrincipalId string
param contributorRole string
@description('Empty: no base model is deployed.')
param deploymentName string
param model string
param modelVersion string
param sku string
@description('Thousands of tokens a minute.')
@minValue(1)
param capacity int

resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' existing = {
  name: accountName
}

resource contributes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, contributorRole)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', contributorRole)
  }
}

// Dynamic quota stays off: that is the service's default, and ARM lets nobody set it (dynamicThrottlingEnabled is read-only).
resource base 'Microsoft.CognitiveServices/accounts/deployments@2025-09-01' = if (!empty(deploymentName)) {
  parent: account
  name: empty(deploymentName) ? 'none' : deploymentName
  sku: { name: sku, capacity: capacity }
  properties: {
    model: { format: 'OpenAI', name: model, version: modelVersion }
    raiPolicyName: 'Microsoft.DefaultV2'
    // A comparison with a base model that changes by itself would compare nothing.
    versionUpgradeOption: 'NoAutoUpgrade'
  }
}

output endpoint string = account.properties.endpoint
