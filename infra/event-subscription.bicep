// Sends the events of datasets to the app's blob trigger. Deployed by scripts/postdeploy, because the webhook's key
// (blobs_extension) exists only once the code has run.
targetScope = 'resourceGroup'

param topicName string
@description('Resource id of the account with the container for dead letters.')
param storageAccountId string
@description('https://<app>/runtime/webhooks/blobs?functionName=Host.Functions.<trigger>&code=<key>')
@secure()
param endpointUrl string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource datasets 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'datasets'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: endpointUrl
        // One dataset an invocation: an event that fails does not bring its neighbours back.
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      // A report or the app's own state must not start a run.
      subjectBeginsWith: '/blobServices/default/containers/datasets/blobs/'
      subjectEndsWith: '.jsonl'
      isSubjectCaseSensitive: false
      // One event per finished upload: an account with directories also tells of the empty file at its start (CreateFile).
      advancedFilters: [
        {
          operatorType: 'StringIn'
          key: 'data.api'
          values: ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose']
        }
      ]
    }
    // A day, the most that Event Grid offers; what is left then is in the container.
    retryPolicy: { eventTimeToLiveInMinutes: 1440, maxDeliveryAttempts: 30 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: storageAccountId, blobContainerName: 'deadletter' }
      }
    }
  }
}
