// The whole service in one resource group: `azd up` deploys this, then the code, then event-subscription.bicep.
targetScope = 'resourceGroup'

var roles = loadJsonContent('roles.json')
var models = loadJsonContent('models.json')

@description('Name of the azd environment, a tag of every resource.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of everything but Azure OpenAI; it must offer Flex Consumption with Python 3.13.')
param location string = resourceGroup().location

// ── Azure OpenAI

@description('Region of the Azure OpenAI account, new or existing. These three train in their own region.')
@allowed(['eastus2', 'northcentralus', 'swedencentral'])
param openAiLocation string = 'swedencentral'

@description('Resource id of an account that exists; empty creates one.')
param existingOpenAiAccountId string = ''

@description('Name of a secret in the vault with the key of an existing account that accepts no Entra token; empty: identity alone.')
param openAiKeySecretName string = ''

@description('Name of the deployment of a base model that runs are compared with; empty deploys none.')
param baseDeploymentName string = 'gpt-4o'
param baseDeploymentModel string = 'gpt-4o'
param baseDeploymentVersion string = '2024-08-06'
@allowed(['DataZoneStandard', 'GlobalStandard', 'Standard'])
param baseDeploymentSku string = 'Standard'
@description('Thousands of tokens a minute.')
@minValue(1)
param baseDeploymentCapacity int = 10

// ── What a run is without options of its own

@allowed([
  'gpt-4.1-2025-04-14'
  'gpt-4.1-mini-2025-04-14'
  'gpt-4.1-nano-2025-04-14'
  'gpt-4o-2024-08-06'
  'gpt-4o-mini-2024-07-18'
])
param defaultBaseModel string = 'gpt-4o-mini-2024-07-18'
@allowed(['dpo', 'supervised'])
param defaultMethod string = 'supervised'
@allowed(['GlobalStandard', 'Standard', 'developerTier'])
param defaultTrainingType string = 'GlobalStandard'
@allowed(['DeveloperTier', 'GlobalStandard', 'Standard'])
param defaultSku string = 'GlobalStandard'
@description('Thousands of tokens a minute of a fine-tuned deployment.')
@minValue(1)
param defaultCapacity int = 10

// ── Bounds on every run

@description('Names with commas between them.')
param allowedBaseModels string = 'gpt-4o-mini-2024-07-18,gpt-4o-2024-08-06,gpt-4.1-2025-04-14,gpt-4.1-mini-2025-04-14,gpt-4.1-nano-2025-04-14'
param allowedMethods string = 'supervised'
param allowedTrainingTypes string = 'GlobalStandard,Standard,developerTier'
param allowedSkus string = 'GlobalStandard,Standard,DeveloperTier'
@minValue(1)
param maxEpochs int = 10
@minValue(1)
param maxCapacity int = 50
@description('The service takes 512,000,000 bytes at most.')
@minValue(1)
@maxValue(512000000)
param maxFileBytes int = 512000000
@minValue(1)
param maxTrainingTokens int = 200000000
@description('Estimated US dollars.')
@minValue(1)
param maxUsdPerRun int = 100
@minValue(1)
param maxUsdPerDay int = 300
@description('The service queues twenty jobs of an account; it trains three of them at a time.')
@minValue(1)
param maxRunsAtOnce int = 20

// ── Storage, Durable Functions, network, people

@description('Keeps datasets, reports and state apart from the host\'s own storage: Microsoft\'s advice for production.')
param separateDatasetsAccount bool = false
@description('Directories in the datasets\' account, for droppers that write through abfss; needs separateDatasetsAccount.')
param hierarchicalNamespace bool = false
@description('Who may drop datasets and read reports: the object id of a user, a group or an application; empty: nobody yet.')
param dropperPrincipalId string = ''
@allowed(['Group', 'ServicePrincipal', 'User'])
param dropperPrincipalType string = 'User'

@description('Where Durable Functions keeps its state. DurableTaskScheduler needs another host.json: see docs/deploy.md.')
@allowed(['AzureStorage', 'DurableTaskScheduler'])
param durableBackend string = 'AzureStorage'

@description('Reaches storage, vault and a new Azure OpenAI account through private endpoints alone.')
param networkIsolation bool = false
@description('With network isolation: public addresses or ranges that may still reach storage, with commas between them.')
param allowedIpRanges string = ''
param networkAddressPrefix string = '10.80.0.0/24'

@allowed([2048, 4096])
param instanceMemoryMB int = 2048
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40
param vaultPurgeProtection bool = false

@description('Addresses for alerts and the budget, with commas between them; empty: neither alerts nor a budget.')
param alertEmails string = ''
@description('Monthly, in the currency of the subscription\'s bill.')
@minValue(1)
param budgetAmount int = 300
param budgetStartDate string = '${utcNow('yyyy-MM')}-01'

// ── What cannot work is refused here, all of it at once, before anything is made

var isNewAccount = empty(existingOpenAiAccountId)
var accountIdParts = split(existingOpenAiAccountId, '/')
// A malformed id must reach its refusal, not an index that does not exist.
var isAccountId = length(accountIdParts) == 9
var model = models[defaultBaseModel]
var refusals = filter(
  [
    defaultTrainingType == 'Standard' && !contains(model.standardTraining, openAiLocation)
      ? '${defaultBaseModel} has no Standard training in ${openAiLocation}, but in ${join(model.standardTraining, ', ')}; or choose defaultTrainingType GlobalStandard.'
      : ''
    defaultSku == 'Standard' && !contains(model.standardDeployment, openAiLocation)
      ? 'A fine-tuned ${defaultBaseModel} has no Standard deployment in ${openAiLocation}, but in ${join(model.standardDeployment, ', ')}; or choose defaultSku GlobalStandard.'
      : ''
    defaultSku == 'DeveloperTier' && !model.developerDeployment
      ? 'A fine-tuned ${defaultBaseModel} has no DeveloperTier deployment; choose defaultSku GlobalStandard or a model of the gpt-4.1 family.'
      : ''
    !contains(model.methods, defaultMethod)
      ? '${defaultBaseModel} cannot be trained with the method ${defaultMethod}, but with ${join(model.methods, ', ')}.'
      : ''
    !contains(split(allowedBaseModels, ','), defaultBaseModel) ? 'allowedBaseModels must contain defaultBaseModel.' : ''
    !contains(split(allowedMethods, ','), defaultMethod) ? 'allowedMethods must contain defaultMethod.' : ''
    !contains(split(allowedTrainingTypes, ','), defaultTrainingType)
      ? 'allowedTrainingTypes must contain defaultTrainingType.'
      : ''
    !contains(split(allowedSkus, ','), defaultSku) ? 'allowedSkus must contain defaultSku.' : ''
    defaultCapacity > maxCapacity ? 'defaultCapacity must not be above maxCapacity.' : ''
    hierarchicalNamespace && !separateDatasetsAccount
      ? 'hierarchicalNamespace needs separateDatasetsAccount: the host\'s own account must be flat.'
      : ''
    !isNewAccount && !isAccountId
      ? 'existingOpenAiAccountId must be /subscriptions/…/resourceGroups/…/providers/Microsoft.CognitiveServices/accounts/….'
      : ''
    isNewAccount && !empty(openAiKeySecretName)
      ? 'openAiKeySecretName goes with existingOpenAiAccountId: a new account has its keys turned off.'
      : ''
    networkIsolation && durableBackend == 'DurableTaskScheduler'
      ? 'networkIsolation goes with durableBackend AzureStorage: the scheduler made here has a public endpoint.'
      : ''
  ],
  refusal => !empty(refusal)
)
// fail() stops the deployment at its validation. Every module is placed by this value, so that none goes around it.
var region = empty(refusals) ? location : fail(join(refusals, ' '))

// ── Names

var token = uniqueString(resourceGroup().id)
var name = 'tunedrop-${token}'
var tags = { 'azd-env-name': environmentName }
var packageContainer = 'deploymentpackage'
var deadLetterContainer = 'deadletter'
// host.json names the same hub.
var hubName = 'tunedrop'
var dataContainers = ['datasets', 'reports', 'tunedrop', deadLetterContainer]
var emails = filter(map(split(alertEmails, ','), email => trim(email)), email => !empty(email))
var ipRanges = filter(map(split(allowedIpRanges, ','), address => trim(address)), address => !empty(address))

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-identity'
  location: region
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: name
    location: region
    tags: tags
    appPrincipalId: identity.properties.principalId
    publisherRole: roles.monitoringMetricsPublisher.id
  }
}

module hostStorage 'modules/storage.bicep' = {
  name: 'host-storage'
  params: {
    name: 'td${token}host'
    location: region
    tags: tags
    containers: separateDatasetsAccount ? [packageContainer] : concat([packageContainer], dataContainers)
    networkIsolation: networkIsolation
    allowedIpRanges: ipRanges
    assignments: [
      { principalId: identity.properties.principalId, role: roles.storageBlobDataOwner.id }
      { principalId: identity.properties.principalId, role: roles.storageQueueDataContributor.id }
      { principalId: identity.properties.principalId, role: roles.storageTableDataContributor.id }
    ]
  }
}

module separateStorage 'modules/storage.bicep' = if (separateDatasetsAccount) {
  name: 'datasets-storage'
  params: {
    name: 'td${token}data'
    location: region
    tags: tags
    containers: dataContainers
    hierarchicalNamespace: hierarchicalNamespace
    networkIsolation: networkIsolation
    allowedIpRanges: ipRanges
    assignments: [
      { principalId: identity.properties.principalId, role: roles.storageBlobDataOwner.id }
      { principalId: identity.properties.principalId, role: roles.storageQueueDataContributor.id }
    ]
  }
}

// What follows reads the datasets' account from here, whichever of the two it is.
var datasetsAccountName = separateDatasetsAccount ? separateStorage!.outputs.name : hostStorage.outputs.name
var datasetsAccountId = separateDatasetsAccount ? separateStorage!.outputs.id : hostStorage.outputs.id

module droppers 'modules/droppers.bicep' = if (!empty(dropperPrincipalId)) {
  name: 'droppers'
  params: {
    accountName: datasetsAccountName
    principalId: dropperPrincipalId
    principalType: dropperPrincipalType
    writerRole: roles.storageBlobDataContributor.id
    readerRole: roles.storageBlobDataReader.id
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  params: {
    name: '${name}-events'
    location: region
    tags: tags
    accountName: datasetsAccountName
    deadLetterContainer: deadLetterContainer
    writerRole: roles.storageBlobDataContributor.id
  }
}

module newAccount 'modules/openai.bicep' = if (isNewAccount) {
  name: 'openai'
  params: {
    name: '${name}-openai'
    // Named here too: the refusals guard the account before all else.
    location: empty(refusals) ? openAiLocation : fail(join(refusals, ' '))
    tags: tags
    networkIsolation: networkIsolation
  }
}

var openAiAccountId = isNewAccount ? newAccount!.outputs.id : existingOpenAiAccountId

module openAiAccess 'modules/openai-access.bicep' = {
  name: 'openai-access-${token}'
  // An existing account may lie in another group or subscription of the same tenant.
  scope: resourceGroup(
    isAccountId ? accountIdParts[2] : subscription().subscriptionId,
    isAccountId ? accountIdParts[4] : resourceGroup().name
  )
  params: {
    accountName: isAccountId ? accountIdParts[8] : newAccount!.outputs.name
    appPrincipalId: identity.properties.principalId
    contributorRole: roles.cognitiveServicesOpenAIContributor.id
    deploymentName: baseDeploymentName
    model: baseDeploymentModel
    modelVersion: baseDeploymentVersion
    sku: baseDeploymentSku
    capacity: baseDeploymentCapacity
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: 'td-${token}-kv'
    location: region
    tags: tags
    networkIsolation: networkIsolation
    appPrincipalId: identity.properties.principalId
    readerRole: roles.keyVaultSecretsUser.id
    purgeProtection: vaultPurgeProtection
  }
}

module scheduler 'modules/durable.bicep' = if (durableBackend == 'DurableTaskScheduler') {
  name: 'durable'
  params: {
    name: '${name}-scheduler'
    location: region
    tags: tags
    hubName: hubName
    appPrincipalId: identity.properties.principalId
    contributorRole: roles.durableTaskDataContributor.id
  }
}

module network 'modules/network.bicep' = if (networkIsolation) {
  name: 'network'
  params: { name: '${name}-network', location: region, tags: tags, addressPrefix: networkAddressPrefix }
}

var storageSuffix = environment().suffixes.storage
var alwaysPrivate = [
  { name: '${name}-host-blob', resourceId: hostStorage.outputs.id, group: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
  { name: '${name}-host-queue', resourceId: hostStorage.outputs.id, group: 'queue', zone: 'privatelink.queue.${storageSuffix}' }
  { name: '${name}-host-table', resourceId: hostStorage.outputs.id, group: 'table', zone: 'privatelink.table.${storageSuffix}' }
  { name: '${name}-vault', resourceId: vault.outputs.id, group: 'vault', zone: 'privatelink.vaultcore.azure.net' }
]
var privateDatasets = separateDatasetsAccount
  ? [
      { name: '${name}-data-blob', resourceId: datasetsAccountId, group: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
      { name: '${name}-data-queue', resourceId: datasetsAccountId, group: 'queue', zone: 'privatelink.queue.${storageSuffix}' }
    ]
  : []
var privateDirectories = hierarchicalNamespace
  ? [{ name: '${name}-data-dfs', resourceId: datasetsAccountId, group: 'dfs', zone: 'privatelink.dfs.${storageSuffix}' }]
  : []
// An existing account keeps the network that its owner gave it.
var privateOpenAi = isNewAccount
  ? [{ name: '${name}-openai', resourceId: openAiAccountId, group: 'account', zone: 'privatelink.openai.azure.com' }]
  : []

module privateEndpoints 'modules/private-endpoints.bicep' = if (networkIsolation) {
  name: 'private-endpoints'
  params: {
    location: region
    tags: tags
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointsSubnetId
    targets: concat(alwaysPrivate, privateDatasets, privateDirectories, privateOpenAi)
  }
}

// ── The app and its settings: the names are those of shared/settings.py, of the Functions host and of the SDKs

var clientId = identity.properties.clientId
var settings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: clientId
  AzureWebJobsStorage__blobServiceUri: hostStorage.outputs.blobEndpoint
  AzureWebJobsStorage__queueServiceUri: hostStorage.outputs.queueEndpoint
  AzureWebJobsStorage__tableServiceUri: hostStorage.outputs.tableEndpoint
  DATASETS_STORAGE__credential: 'managedidentity'
  DATASETS_STORAGE__clientId: clientId
  DATASETS_STORAGE__blobServiceUri: separateDatasetsAccount ? separateStorage!.outputs.blobEndpoint : hostStorage.outputs.blobEndpoint
  // The blob trigger keeps its poison queue beside the blobs.
  DATASETS_STORAGE__queueServiceUri: separateDatasetsAccount ? separateStorage!.outputs.queueEndpoint : hostStorage.outputs.queueEndpoint
  DATASETS_TRIGGER_SOURCE: 'EventGrid'
  REPORTS_CONTAINER: 'reports'
  STATE_CONTAINER: 'tunedrop'
  AZURE_CLIENT_ID: clientId
  AZURE_OPENAI_ENDPOINT: openAiAccess.outputs.endpoint
  AZURE_OPENAI_RESOURCE_ID: openAiAccountId
  BASE_DEPLOYMENT: baseDeploymentName
  DEFAULT_BASE_MODEL: defaultBaseModel
  DEFAULT_METHOD: defaultMethod
  DEFAULT_TRAINING_TYPE: defaultTrainingType
  DEFAULT_SKU: defaultSku
  DEFAULT_CAPACITY: string(defaultCapacity)
  PRICE_REGION: openAiLocation
  ALLOWED_BASE_MODELS: allowedBaseModels
  ALLOWED_METHODS: allowedMethods
  ALLOWED_TRAINING_TYPES: allowedTrainingTypes
  ALLOWED_SKUS: allowedSkus
  MAX_EPOCHS: string(maxEpochs)
  MAX_CAPACITY: string(maxCapacity)
  MAX_FILE_BYTES: string(maxFileBytes)
  MAX_TRAINING_TOKENS: string(maxTrainingTokens)
  MAX_USD_PER_RUN: string(maxUsdPerRun)
  MAX_USD_PER_DAY: string(maxUsdPerDay)
  MAX_RUNS_AT_ONCE: string(maxRunsAtOnce)
  APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
  AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: '1'
}
var schedulerSettings = durableBackend == 'DurableTaskScheduler'
  ? {
      DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${scheduler!.outputs.endpoint};Authentication=ManagedIdentity;ClientID=${clientId}'
    }
  : {}
// A reference that the platform resolves with the app's identity: the key itself stays in the vault.
var keySettings = empty(openAiKeySecretName)
  ? {}
  : { AZURE_OPENAI_API_KEY: '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/${openAiKeySecretName})' }

module app 'modules/function.bicep' = {
  name: 'app'
  params: {
    name: '${name}-app'
    location: region
    tags: tags
    identityId: identity.id
    packageContainerUrl: '${hostStorage.outputs.blobEndpoint}${packageContainer}'
    appSettings: union(settings, schedulerSettings, keySettings)
    subnetId: networkIsolation ? network!.outputs.appSubnetId : ''
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
  }
  // Without its private endpoints the app could not read its own package.
  dependsOn: [privateEndpoints]
}

module alerts 'modules/alerts.bicep' = if (!empty(emails)) {
  name: 'alerts'
  params: {
    name: name
    location: region
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    topicId: events.outputs.id
    emails: emails
  }
}

module budget 'modules/budget.bicep' = if (!empty(emails)) {
  name: 'budget'
  params: { name: '${name}-budget', amount: budgetAmount, emails: emails, startDate: budgetStartDate }
}

// ── What scripts/postdeploy and people need; no output is a secret

output AZURE_RESOURCE_GROUP string = resourceGroup().name
output AZURE_FUNCTION_NAME string = app.outputs.name
output AZURE_FUNCTION_URL string = app.outputs.url
output DATASETS_ACCOUNT_NAME string = datasetsAccountName
output DATASETS_ACCOUNT_ID string = datasetsAccountId
output EVENT_TOPIC_NAME string = events.outputs.name
output AZURE_OPENAI_ENDPOINT string = openAiAccess.outputs.endpoint
output KEY_VAULT_URI string = vault.outputs.uri
