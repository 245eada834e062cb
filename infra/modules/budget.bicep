// A monthly budget of the resource group that tells people; it stops nothing. MAX_USD_PER_RUN and MAX_USD_PER_DAY do.

param name string
@minValue(1)
param amount int
param emails array
@description('First day of a month.')
param startDate string

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: name
  properties: {
    amount: amount
    category: 'Cost'
    timeGrain: 'Monthly'
    timePeriod: { startDate: startDate }
    notifications: {
      forecast: {
        contactEmails: emails
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
      }
      mostOfIt: {
        contactEmails: emails
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
      }
    }
  }
}
