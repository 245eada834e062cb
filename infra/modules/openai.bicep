// A new Azure OpenAI account, without keys, in a region that can fine-tune.

param name string
param location string
param tags object
param networkIsolation bool

resource account 'Microsoft.CognitiveServices/accounts@2025-09-01' = {
  name: name
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: { name: 'S0' }
  properties: {
    // Entra tokens need an endpoint of the account's own.
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: networkIsolation ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: networkIsolation ? 'Deny' : 'Allow' }
  }
}

output id string = account.id
output name string = account.name
