"""What is sent to a webhook, when it is tried again and when it is given up: pure, the time is an argument."""
