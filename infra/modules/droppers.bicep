// What droppers may do: write datasets, read reports, and nothing else in the account.

param accountName string
param principalId string
@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string
param writerRole string
param readerRole string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: account
  name: 'default'
}

resource datasets 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: blobs
  name: 'datasets'
}

resource reports 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: blobs
  name: 'reports'
}

resource writesDatasets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(datasets.id, principalId, writerRole)
  scope: datasets
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', writerRole)
  }
}

resource readsReports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(reports.id, principalId, readerRole)
  scope: reports
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', readerRole)
  }
}
