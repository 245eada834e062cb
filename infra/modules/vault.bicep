// A vault for what an identity cannot replace, such as the key of an account that accepts nothing else; empty at first.

param name string
param location string
param tags object
param networkIsolation bool
param appPrincipalId string
param readerRole string
@description('Once on, it cannot be turned off, and a deleted vault keeps its name until its retention ends.')
param purgeProtection bool

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    enablePurgeProtection: purgeProtection ? true : null
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    networkAcls: { bypass: 'AzureServices', defaultAction: networkIsolation ? 'Deny' : 'Allow' }
    publicNetworkAccess: networkIsolation ? 'Disabled' : 'Enabled'
    sku: { family: 'A', name: 'standard' }
    tenantId: subscription().tenantId
  }
}

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, readerRole)
  scope: vault
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', readerRole)
  }
}

output id string = vault.id
output uri string = vault.properties.vaultUri
