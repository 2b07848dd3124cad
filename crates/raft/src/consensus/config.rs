//! openraft's settings, each with its reason.

use openraft::{Config, SnapshotPolicy};

use crate::NodeConfig;

pub(crate) fn build(config: &NodeConfig) -> Result<Config, String> {
    Config {
        cluster_name: "samyama".into(),
        election_timeout_min: config.election_timeout_ms_min,
        election_timeout_max: config.election_timeout_ms_max,
        heartbeat_interval: config.heartbeat_interval_ms,
        max_payload_entries: 4096,
        max_append_entries: Some(4096),
        api_channel_size: Some(8192),
        // Both by entries and bytes, which openraft does not count: the watcher asks for them.
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: u64::MAX,
        // The time of a whole transfer, not of a chunk.
        install_snapshot_timeout: 60_000,
        // A node that was cut off must not depose the leader when it returns.
        enable_pre_vote: Some(true),
        // A restarted leader would go on in its old term on an older applied state: a lane opened there passes every fence.
        enable_leader_restore: Some(false),
        // Without it a leader that lost its quorum can block the others' election for ever (openraft#2080).
        quorum_loss_probe_interval: Some(2 * config.election_timeout_ms_max),
        // How soon a follower that returns is seen.
        backoff: "20ms 40ms 80ms ...300ms".into(),
        ..Config::default()
    }
    .validate()
    .map_err(|error| error.to_string())
}
