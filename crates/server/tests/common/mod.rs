//! The settings of a node in memory, ports from the kernel.

pub const SETTINGS: &str = r#"{
    "node": {"id": 1, "data_directory": ""},
    "listen": {"bolt": "127.0.0.1:0", "peer": "127.0.0.1:0", "http": "127.0.0.1:0", "insecure": false},
    "advertise": {"bolt": "", "peer": "", "http": ""},
    "cluster": {"members": [], "join": [], "id": "", "dial": {}},
    "raft": {"election_timeout_ms_min": 150, "election_timeout_ms_max": 300, "heartbeat_interval_ms": 50,
             "snapshot_log_bytes": 67108864, "snapshot_log_entries": 1000000, "snapshot_log_percent": 25},
    "storage": {"fsync": true, "segment_bytes": 67108864},
    "reads": {"level": "linearizable", "timeout_ms": 5000},
    "limits": {"connections_max": 10, "message_bytes_max": 1048576, "query_memory_bytes_max": 1048576,
               "query_timeout_ms": 0, "transactions_max": 10, "plan_cache_bytes_max": 1048576,
               "uncommitted_bytes_max": 1048576, "commit_timeout_ms": 5000},
    "load": {"csv_directory": "", "csv_web_allowed": [], "csv_web_bytes_max": 1048576, "csv_web_timeout_ms": 1000}, "procedures": {"file": ""}, "log": {"level": "error", "format": "text",
    "slow_query_ms": 0, "slow_query_parameters": false}
}"#;
