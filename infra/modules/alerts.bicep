// Who hears when runs fail, stand still or never start. The queries read requests, which host.json keeps out of sampling.

param name string
param location string
param tags object
param workspaceId string
param topicId string
param emails array

var rules = [
  {
    key: 'failed-runs'
    severity: 2
    // A run that had begun to spend and then failed cleans up; an orchestration that throws is a defect. A dataset that
    // validation rejects is its dropper's business, and stands in the report.
    text: 'A run failed after it had begun to create things at Azure OpenAI, or an orchestration broke. Read its report.'
    query: 'AppRequests | where Name == "clean_up" or (Name == "run_dataset" and Success == false)'
    window: 'PT15M'
    every: 'PT15M'
    threshold: 0
  }
  {
    key: 'stuck-runs'
    severity: 2
    // A waiting run looks at least every MAX_POLL_SECONDS (ten minutes by default). The last sign of life was a look, and
    // for an hour there has been none: timers or the host stand still.
    text: 'A run waits, and for an hour nothing has looked after it. Look at the host and the task hub.'
    query: 'AppRequests | where Name startswith "check_" or Name in ("probe_deployment", "verify_deployment", "publish_report") | summarize arg_max(TimeGenerated, Name) | where Name != "publish_report" and TimeGenerated < ago(1h)'
    window: 'P2D'
    every: 'PT1H'
    threshold: 0
  }
  {
    key: 'failing-checks'
    severity: 2
    text: 'Looks at files, jobs or deployments fail again and again. Look at the identity, the network and Azure OpenAI.'
    query: 'AppRequests | where Success == false and (Name startswith "check_" or Name in ("probe_deployment", "verify_deployment"))'
    window: 'PT1H'
    every: 'PT15M'
    threshold: 5
  }
  {
    key: 'poison-messages'
    severity: 1
    // Five attempts, then the host moves the event to webjobs-blobtrigger-poison.
    text: 'A dataset never became a run: its event was given up. Look at webjobs-blobtrigger-poison, then drop it again.'
    query: 'union (AppTraces | where Message has "webjobs-blobtrigger-poison" and Message has "moving" | project TimeGenerated), (AppRequests | where Name == "on_dataset_blob" and Success == false | summarize Attempts = count(), TimeGenerated = max(TimeGenerated) | where Attempts >= 5 | project TimeGenerated)'
    window: 'PT1H'
    every: 'PT15M'
    threshold: 0
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${name}-people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'tunedrop'
    emailReceivers: [
      for (email, index) in emails: { name: 'email${index}', emailAddress: email, useCommonAlertSchema: true }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: '${name}-${rule.key}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      description: rule.text
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      // The tables exist only once the app has sent telemetry; until then a query about them would be refused.
      skipQueryValidation: true
      autoMitigate: false
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: rule.threshold
            failingPeriods: { minFailingPeriodsToAlert: 1, numberOfEvaluationPeriods: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]

resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: '${name}-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid could not deliver the event of a dataset for a day. Read the container deadletter, then drop the dataset again.'
    severity: 1
    enabled: true
    scopes: [topicId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead-lettered'
          metricName: 'DeadLetteredCount'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Total'
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}
