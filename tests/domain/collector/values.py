"""Settings of components, with what is refused of each: by its text, or when the collector starts."""

from typing import Any

REFUSED: list[tuple[str, str, Any, tuple[str, str]]] = [
    (
        "receivers",
        "prometheus",
        {"config": {"scrape_configs": [{"job_name": "a", "bearer_token": "t", "bearer_token_file": "/t"}]}},
        ("not-both", "config/scrape_configs[0]/bearer_token_file"),
    ),
    (
        "receivers",
        "prometheus",
        {"config": {"scrape_configs": [{"job_name": "a", "basic_auth": {"username": "u"}, "bearer_token": "t"}]}},
        ("not-both", "config/scrape_configs[0]/bearer_token"),
    ),
    (
        "receivers",
        "prometheus",
        {
            "config": {
                "scrape_configs": [
                    {"job_name": "a", "basic_auth": {"username": "u", "password": "p", "password_file": "/p"}}
                ]
            }
        },
        ("not-both", "config/scrape_configs[0]/basic_auth/password_file"),
    ),
    (
        "receivers",
        "prometheus",
        {"config": {"scrape_configs": [{"job_name": "a", "authorization": {"type": "Basic", "credentials": "c"}}]}},
        ("not-supported", "config/scrape_configs[0]/authorization/type"),
    ),
    (
        "receivers",
        "prometheus",
        {"config": {"scrape_configs": [{"job_name": "a", "tls_config": {"cert_file": "/c"}}]}},
        ("required", "config/scrape_configs[0]/tls_config/key_file"),
    ),
    (
        "receivers",
        "filelog",
        {"include": ["/a"], "operators": [{"type": "json_parse"}]},
        ("choice", "operators[0]/type"),
    ),
    (
        "receivers",
        "filelog",
        {"include": ["/a"], "operators": [{"type": "regex_parser", "regex": "(a"}]},
        ("bad-form", "operators[0]/regex"),
    ),
    (
        "receivers",
        "filelog",
        {"include": ["/a"], "operators": [{"type": "regex_parser", "regex": "^(a)$"}]},
        ("bad-form", "operators[0]/regex"),
    ),
    (
        "receivers",
        "filelog",
        {"include": ["/a"], "operators": [{"type": "regex_parser"}]},
        ("required", "operators[0]/regex"),
    ),
    (
        "exporters",
        "awsemf",
        {"metric_declarations": [{"dimensions": [["a"]], "metric_name_selectors": ["^b$", "*_total"]}]},
        ("bad-form", "metric_declarations[0]/metric_name_selectors[1]"),
    ),
    (
        "exporters",
        "otlphttp",
        {"endpoint": "https://a", "compression": "snappy", "compression_params": {"level": 3}},
        ("not-both", "compression_params/level"),
    ),
    (
        "processors",
        "filter",
        {"trace_conditions": ['span.name == "a"', "span.name == 'b'"]},
        ("bad-form", "trace_conditions[1]"),
    ),
    (
        "processors",
        "filter",
        {"trace_conditions": [{"context": "trace", "conditions": ['name == "b"']}]},
        ("choice", "trace_conditions[0]/context"),
    ),
    (
        "processors",
        "filter",
        {"trace_conditions": ['span.name == "a"'], "traces": {"span": ['name == "b"']}},
        ("not-both", "trace_conditions"),
    ),
    (
        "processors",
        "filter",
        {
            "metric_conditions": ['metric.name == "a"'],
            "metrics": {"exclude": {"match_type": "strict", "metric_names": ["b"]}},
        },
        ("not-both", "metric_conditions"),
    ),
    ("receivers", "otlp", {"protocols": {}}, ("required", "protocols")),
    ("receivers", "otlp", None, ("required", "protocols")),
    (
        "receivers",
        "jaeger",
        {"protocols": {"thrift_http": {"endpoint": "localhost:0"}}},
        ("bad-form", "protocols/thrift_http/endpoint"),
    ),
    ("receivers", "awsxray", {"endpoint": "localhost"}, ("bad-form", "endpoint")),
    ("receivers", "awsxray", {"transport": "tcp"}, ("choice", "transport")),
    ("receivers", "kafka", {"brokers": []}, ("required", "brokers")),
    ("receivers", "kafka", {"initial_offset": "newest"}, ("choice", "initial_offset")),
    ("receivers", "kafka", {"protocol_version": "two"}, ("bad-form", "protocol_version")),
    ("receivers", "kafka", {"logs": {"topics": ["a"], "exclude_topics": ["b"]}}, ("not-both", "logs/exclude_topics")),
    (
        "receivers",
        "kafka",
        {"auth": {"sasl": {"mechanism": "PLAIN", "username": "u"}}},
        ("required", "auth/sasl/password"),
    ),
    ("receivers", "filelog", {"start_at": "end"}, ("required", "include")),
    ("receivers", "filelog", {"include": ["/a"], "start_at": "middle"}, ("choice", "start_at")),
    ("receivers", "filelog", {"include": ["/a"], "operators": [{"id": "a"}]}, ("required", "operators[0]/type")),
    ("receivers", "filelog", {"include": ["/a"], "max_log_size": "large"}, ("bad-form", "max_log_size")),
    ("receivers", "statsd", {"aggregation_interval": "0s"}, ("not-positive", "aggregation_interval")),
    (
        "receivers",
        "statsd",
        {"timer_histogram_mapping": [{"statsd_type": "timing", "observer_type": "mean"}]},
        ("choice", "timer_histogram_mapping[0]/observer_type"),
    ),
    ("processors", "batch", {"metadata_keys": ["a", "A"]}, ("duplicate", "metadata_keys")),
    ("processors", "memory_limiter", {"check_interval": "1s"}, ("required", "limit_mib")),
    (
        "processors",
        "memory_limiter",
        {"check_interval": "1s", "limit_percentage": 101},
        ("too-large", "limit_percentage"),
    ),
    (
        "processors",
        "attributes",
        {"actions": [{"key": "a", "action": "insert", "value": 1, "from_attribute": "b"}]},
        ("not-both", "actions[0]/from_attribute"),
    ),
    (
        "processors",
        "attributes",
        {"actions": [{"key": "a", "action": "extract", "pattern": "(a)"}]},
        ("bad-form", "actions[0]/pattern"),
    ),
    (
        "processors",
        "attributes",
        {"actions": [{"key": "a", "action": "convert", "converted_type": "bool"}]},
        ("choice", "actions[0]/converted_type"),
    ),
    (
        "processors",
        "attributes",
        {"actions": [{"key": "a", "action": "delete", "value": 1}]},
        ("not-both", "actions[0]/value"),
    ),
    (
        "processors",
        "attributes",
        {"actions": [{"key": "a", "action": "delete"}], "include": {"match_type": "strict"}},
        ("required", "include"),
    ),
    ("processors", "groupbytrace", {"discard_orphans": True}, ("not-supported", "discard_orphans")),
    ("processors", "probabilistic_sampler", {"sampling_precision": 0}, ("not-positive", "sampling_precision")),
    ("processors", "k8sattributes", {"extract": {"metadata": ["pod"]}}, ("bad-form", "extract/metadata[0]")),
    ("processors", "resourcedetection", {"detectors": ["fargate"]}, ("choice", "detectors[0]")),
    ("processors", "span", {"status": {"code": "Bad"}}, ("choice", "status/code")),
    ("exporters", "otlp", {"endpoint": "example.com"}, ("bad-form", "endpoint")),
    ("exporters", "otlp", {"endpoint": "a:1", "balancer_name": "best"}, ("choice", "balancer_name")),
    (
        "exporters",
        "otlp",
        {"endpoint": "a:1", "sending_queue": {"queue_size": 0}},
        ("too-small", "sending_queue/queue_size"),
    ),
    (
        "exporters",
        "otlp",
        {"endpoint": "a:1", "sending_queue": {"sizer": "items", "queue_size": 10, "batch": {"min_size": 11}}},
        ("too-large", "sending_queue/batch/min_size"),
    ),
    (
        "exporters",
        "otlp",
        {"endpoint": "a:1", "sending_queue": {"batch": {"min_size": 9, "max_size": 8}}},
        ("not-below", "sending_queue/batch/max_size"),
    ),
    (
        "exporters",
        "otlp",
        {"endpoint": "a:1", "retry_on_failure": {"max_elapsed_time": "1s"}},
        ("not-below", "retry_on_failure/max_elapsed_time"),
    ),
    (
        "exporters",
        "otlp",
        {"endpoint": "a:1", "retry_on_failure": {"randomization_factor": 2}},
        ("too-large", "retry_on_failure/randomization_factor"),
    ),
    ("exporters", "otlp", {"endpoint": "a:1", "tls": {"min_version": "1.4"}}, ("choice", "tls/min_version")),
    (
        "exporters",
        "otlp",
        {"endpoint": "a:1", "tls": {"min_version": "1.2", "max_version": "1.1"}},
        ("not-below", "tls/max_version"),
    ),
    ("exporters", "otlp", {"endpoint": "a:1", "compression": "rar"}, ("choice", "compression")),
    ("exporters", "otlphttp", {"endpoint": ":4318"}, ("bad-form", "endpoint")),
    ("exporters", "otlphttp", {"endpoint": "http://a", "encoding": "xml"}, ("choice", "encoding")),
    ("exporters", "file", {"path": "/a", "format": "xml"}, ("choice", "format")),
    ("exporters", "file", {"path": "/a", "append": True, "compression": "zstd"}, ("not-both", "compression")),
    ("exporters", "file", {"path": "/a", "group_by": {"enabled": True}}, ("bad-form", "path")),
    ("exporters", "kafka", {"producer": {"compression": "rar"}}, ("choice", "producer/compression")),
    ("exporters", "kafka", {"producer": {"required_acks": 2}}, ("too-large", "producer/required_acks")),
    ("exporters", "loadbalancing", {"protocol": {"otlp": None}}, ("required", "resolver")),
    (
        "exporters",
        "loadbalancing",
        {"resolver": {"static": {"hostnames": []}}},
        ("required", "resolver/static/hostnames"),
    ),
    (
        "exporters",
        "loadbalancing",
        {"resolver": {"static": {"hostnames": ["a"]}, "dns": {"hostname": "a"}}},
        ("not-both", "resolver/dns"),
    ),
    ("exporters", "datadog", {"api": {"key": "k"}, "hostname": "a b"}, ("bad-form", "hostname")),
    (
        "exporters",
        "datadog",
        {"api": {"key": "k"}, "host_metadata": {"reporter_period": "1m"}},
        ("too-small", "host_metadata/reporter_period"),
    ),
    ("exporters", "logzio", {"account_token": "t"}, ("required", "region")),
    ("exporters", "signalfx", {"access_token": "t"}, ("required", "realm")),
    ("extensions", "health_check", {"path": "x"}, ("bad-form", "path")),
    ("extensions", "zpages", {"endpoint": ""}, ("required", "endpoint")),
    ("extensions", "ecs_observer", {"docker_labels": [{}]}, ("required", "docker_labels[0]/port_label")),
    (
        "extensions",
        "file_storage",
        {"directory": "/a", "create_directory": True, "directory_permissions": "9"},
        ("bad-form", "directory_permissions"),
    ),
]

TAKEN: list[tuple[str, str, Any]] = [
    ("receivers", "zipkin", {"endpoint": "0.0.0.0:²"}),  # a name to Go, which looks its number up
    ("receivers", "zipkin", {"endpoint": "[::1]:00009411"}),
    ("receivers", "zipkin", {"endpoint": "${env:HOST}:9411", "tls": {"cert_file": "/c", "key_file": "${env:KEY}"}}),
    ("exporters", "otlp", {"endpoint": "example.com:1", "tls": {"insecure": "${env:PLAIN}", "cert_file": "/c"}}),
    (
        "receivers",
        "prometheus",
        {
            "config": {
                "scrape_configs": [
                    {
                        "job_name": "a",
                        "basic_auth": {"password": "${env:P}", "password_file": "${env:F}"},
                        "tls_config": {"cert_file": "${env:C}"},
                    }
                ]
            }
        },
    ),
    (
        "processors",
        "tail_sampling",
        {
            "policies": [
                {"name": "a", "type": "status_code", "status_code": "${env:CODES}"},
                {"name": "b", "type": "ottl_condition", "ottl_condition": "${file:/x}"},
                {"name": "c", "type": "ottl_condition", "ottl_condition": {"span": [500 * "(" + "true" + 500 * ")"]}},
            ]
        },
    ),
    (
        "processors",
        "filter",
        {"trace_conditions": ["${env:C}", {"context": "span", "conditions": ['name == "a"']}]},
    ),
    (
        "receivers",
        "prometheus",
        {"config": {"scrape_configs": [{"job_name": "a", "proxy_url": "http://proxy.example.com:3128"}]}},
    ),
    (
        "receivers",
        "prometheus",
        {
            "config": {
                "scrape_configs": [
                    {"job_name": "a", "bearer_token": "t", "tls_config": {"cert_file": "/c", "key_file": "/k"}}
                ]
            }
        },
    ),
    (
        "receivers",
        "prometheus",
        {
            "config": {
                "scrape_configs": [
                    {"job_name": "a", "basic_auth": {"username": "u", "password": "p"}, "authorization": None}
                ]
            }
        },
    ),
    (
        "receivers",
        "filelog",
        {"include": ["/a"], "operators": [{"type": "regex_parser", "regex": "^(?P<a>.*)$"}, {"type": "my_own"}]},
    ),
    ("exporters", "awsemf", {"metric_declarations": [{"label_matchers": [{"label_names": ["a"], "regex": "("}]}]}),
    ("exporters", "otlphttp", {"endpoint": "https://a", "compression": "zstd", "compression_params": {"level": 30}}),
    ("processors", "filter", {"trace_conditions": ['span.attributes["a"] == "b"', 'not IsMatch(span.name, "^x")']}),
    ("processors", "filter", {"trace_conditions": [{"context": "span", "conditions": ['name == "b"']}]}),
    ("processors", "filter", {"log_conditions": ['log.body == "b"'], "traces": {"span": ['name == "b"']}}),
    ("receivers", "otlp", {"protocols": {"http": None}}),
    ("receivers", "awsxray", {"endpoint": ""}),
    ("receivers", "kafka", {"protocol_version": "2.8.0", "auth": {"sasl": {"mechanism": "AWS_MSK_IAM_OAUTHBEARER"}}}),
    ("receivers", "filelog", {"include": ["/a"], "max_log_size": "1MiB", "fingerprint_size": 1000}),
    ("receivers", "prometheus", {"config": {"scrape_configs": [{"job_name": "a", "scrape_interval": "1d"}]}}),
    ("processors", "batch", {"send_batch_size": 10, "send_batch_max_size": 0, "timeout": 0}),
    ("processors", "memory_limiter", {"check_interval": "1s", "limit_percentage": 80, "spike_limit_percentage": 20}),
    ("processors", "attributes", {"actions": [{"key": "a", "action": "UPSERT", "from_context": "b"}]}),
    ("processors", "attributes", {"actions": [{"pattern": "^a", "action": "delete"}]}),
    ("processors", "attributes", {"actions": [{"key": "a", "action": "extract", "pattern": "(?P<b>.*)"}]}),
    ("processors", "span", {"name": {"to_attributes": {"rules": ["^/(?P<a>.*)$"]}}}),
    (
        "processors",
        "tail_sampling",
        {
            "policies": [
                {"name": "slow", "type": "latency", "latency": {"threshold_ms": -1}},
                {"name": "all", "type": "always_sample"},
                {"name": "one", "type": "status_code", "status_code": {"status_codes": ["ERROR", "UNSET"]}},
                {"name": "two", "type": "ottl_condition", "ottl_condition": {"span": ['name == "a"']}},
                {"name": "both", "type": "and", "and": {"and_sub_policy": [{"name": "all", "type": "always_sample"}]}},
            ]
        },
    ),
    ("receivers", "otlp", {"protocols": {"grpc": {"endpoint": "[::]:4317"}, "http": {"endpoint": ":4318"}}}),
    ("receivers", "otlp", {"protocols": {"grpc": {"endpoint": "/run/otlp.sock", "transport": "unix"}}}),
    ("receivers", "otlp", {"protocols": {"grpc": {"tls": {"cert_file": "/c", "key_file": "/k"}}}}),
    ("exporters", "otlp", {"endpoint": "example.com:4317", "tls": {"insecure": True, "cert_file": "/c"}}),
    (
        "exporters",
        "otlp",
        {"endpoint": "https://example.com:4317", "sending_queue": {"enabled": False, "queue_size": 0}},
    ),
    (
        "exporters",
        "otlp",
        {"endpoint": "unix:///tmp/otlp.sock", "retry_on_failure": {"enabled": False, "multiplier": -1}},
    ),
    ("exporters", "otlphttp", {"traces_endpoint": "https://example.com/v1/traces"}),
    ("exporters", "awsemf", {"log_retention": 3653, "tags": {"team": "shop"}}),
    ("exporters", "kafka", {"producer": {"required_acks": "all"}}),
    ("exporters", "signalfx", {"access_token": "t", "ingest_url": "https://a", "api_url": "https://b"}),
    ("extensions", "file_storage", {"create_directory": True}),
]

AT_START: list[tuple[str, str, Any, tuple[str, str]]] = [
    ("receivers", "zipkin", {"endpoint": "0.0.0.0:99999999"}, ("bad-form", "endpoint")),
    ("receivers", "zipkin", {"endpoint": "0.0.0.0:" + 5000 * "9"}, ("bad-form", "endpoint")),
    ("receivers", "statsd", {"endpoint": "localhost"}, ("bad-form", "endpoint")),
    ("extensions", "health_check", {"endpoint": "localhost"}, ("bad-form", "endpoint")),
    ("extensions", "zpages", {"endpoint": "http://localhost:55679"}, ("bad-form", "endpoint")),
    (
        "receivers",
        "otlp/2",
        {"protocols": {"http": {"endpoint": "http://0.0.0.0:4318"}}},
        ("bad-form", "http/endpoint"),
    ),
    ("receivers", "otlp/2", {"protocols": {"grpc": {"endpoint": "localhost"}}}, ("bad-form", "grpc/endpoint")),
    ("receivers", "otlp/2", {"protocols": {"grpc": {"endpoint": "0.0.0.0:99999"}}}, ("bad-form", "grpc/endpoint")),
    ("receivers", "zipkin", {"tls": {"cert_file": "/c"}}, ("required", "tls/key_file")),
    ("receivers", "zipkin", {"endpoint": "localhost:9411/api"}, ("bad-form", "endpoint")),
    ("exporters", "otlp", {"endpoint": "example.com:1", "tls": {"key_pem": "k"}}, ("required", "tls/cert_file")),
    ("processors", "tail_sampling", {"policies": [{"type": "always_sample"}]}, ("required", "policies[0]/name")),
    ("processors", "tail_sampling", {"policies": [{"name": "a"}]}, ("required", "policies[0]/type")),
    ("processors", "tail_sampling", {"policies": [{"name": "a", "type": "errors"}]}, ("choice", "policies[0]/type")),
    (
        "processors",
        "tail_sampling",
        {"policies": [{"name": "a", "type": "always_sample"}, {"name": "a", "type": "always_sample"}]},
        ("duplicate", "policies[1]/name"),
    ),
    (
        "processors",
        "tail_sampling",
        {"policies": [{"name": "a", "type": "status_code", "status_code": {"status_codes": ["ERROR", "error"]}}]},
        ("choice", "policies[0]/status_code/status_codes[1]"),
    ),
    (
        "processors",
        "tail_sampling",
        {"policies": [{"name": "a", "type": "status_code"}]},
        ("required", "policies[0]/status_code/status_codes"),
    ),
    (
        "processors",
        "tail_sampling",
        {"policies": [{"name": "a", "type": "ottl_condition", "ottl_condition": {"span": ["name = 'a'"]}}]},
        ("bad-form", "policies[0]/ottl_condition/span[0]"),
    ),
    (
        "processors",
        "tail_sampling",
        {"policies": [{"name": "a", "type": "and", "and": {"and_sub_policy": [{"name": "b", "type": "slow"}]}}]},
        ("choice", "policies[0]/and/and_sub_policy[0]/type"),
    ),
]
