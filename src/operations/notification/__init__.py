"""Alerts to people: by webhook, by bot, or by Amazon Q Developer."""
