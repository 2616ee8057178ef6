collector_tag = "latest"
