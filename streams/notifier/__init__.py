"""The notifier (`promises notify`): sends the alerts of promise.alerts to a webhook."""
