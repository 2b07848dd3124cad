//! The configuration of a node, as `python/samyama/config/schema.py` describes and checks it.
//!
//! Arrives as one JSON document with every value; there are no defaults here, and an unknown or missing key is an error
//! that names it. The only work done here is filling in what follows from other values (advertised addresses, the member
//! list of a lone node).

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole document: the sections of `Settings`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub node: NodeSection,
    pub listen: Listen,
    pub advertise: Advertise,
    pub cluster: Cluster,
    pub raft: Raft,
    pub storage: Storage,
    pub reads: Reads,
    pub limits: Limits,
    pub load: Load,
    pub procedures: ProceduresSection,
    pub log: Log,
    /// Every setting with its value as text, for SHOW SETTINGS.
    #[serde(skip)]
    pub listed: Vec<(String, String)>,
    /// The procedures that are defined from the start, as the front end writes them.
    #[serde(skip)]
    pub defined: Vec<u8>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSection {
    pub id: u64,
    /// Empty: nothing durable, only for a single node.
    pub data_directory: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    pub bolt: String,
    pub peer: String,
    pub http: String,
    /// Checked in Python; named here only so that the document is complete.
    pub insecure: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advertise {
    pub bolt: String,
    pub peer: String,
    pub http: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    pub id: u64,
    pub peer: String,
    pub bolt: String,
    pub http: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Empty: this node alone.
    pub members: Vec<Member>,
    /// HTTP addresses of members of the cluster that this node joins. Asked in Python, for `id`.
    pub join: Vec<String>,
    /// The cluster that this node joins; empty: none, or it stands in the data directory already.
    pub id: String,
    /// Node id (as text, JSON's keys are) to the peer address that this node dials instead of the member's own.
    pub dial: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raft {
    pub election_timeout_ms_min: u64,
    pub election_timeout_ms_max: u64,
    pub heartbeat_interval_ms: u64,
    pub snapshot_log_bytes: u64,
    pub snapshot_log_entries: u64,
    pub snapshot_log_percent: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    pub fsync: bool,
    pub segment_bytes: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Empty: LOAD CSV reads no files.
    pub csv_directory: String,
    /// Empty: nor anything from the web.
    pub csv_web_allowed: Vec<String>,
    pub csv_web_bytes_max: u64,
    pub csv_web_timeout_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProceduresSection {
    /// Read in Python; named here only so that the document is complete.
    pub file: String,
}

/// What a read promises when it does not say it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadLevel {
    Linearizable,
    Bookmark,
    Stale,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    pub level: ReadLevel,
    pub timeout_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub connections_max: usize,
    pub message_bytes_max: usize,
    pub query_memory_bytes_max: usize,
    /// 0: none.
    pub query_timeout_ms: u64,
    pub transactions_max: usize,
    pub plan_cache_bytes_max: usize,
    pub uncommitted_bytes_max: usize,
    pub commit_timeout_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: String,
    /// 0: none is written.
    pub slow_query_ms: u64,
    pub slow_query_parameters: bool,
}

/// The document is wrong: which key, and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(pub String);

impl Config {
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let config: Self = serde_json::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        let document = serde_json::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        let mut listed = Vec::new();
        list_settings("", &document, &mut listed);
        Ok(Self { listed, ..config })
    }

    /// What this node is called by others: `advertise`, or where that is empty the address it listens on.
    pub fn advertised(&self) -> samyama_raft::NodeAddress {
        let or = |advertised: &String, listen: &String| {
            if advertised.is_empty() { listen } else { advertised }.clone()
        };
        samyama_raft::NodeAddress {
            peer: or(&self.advertise.peer, &self.listen.peer),
            bolt: or(&self.advertise.bolt, &self.listen.bolt),
            http: or(&self.advertise.http, &self.listen.http),
        }
    }

    /// It is not one of the first members.
    pub fn joins(&self) -> bool {
        !self.cluster.id.is_empty() || !self.cluster.join.is_empty()
    }

    /// What the raft room is given.
    pub fn raft_config(&self) -> Result<samyama_raft::NodeConfig, ConfigError> {
        let mut members = BTreeMap::new();
        for member in &self.cluster.members {
            let address = samyama_raft::NodeAddress {
                peer: member.peer.clone(),
                bolt: member.bolt.clone(),
                http: member.http.clone(),
            };
            if members.insert(member.id, address).is_some() {
                return Err(ConfigError(format!("cluster.members: id {} stands twice", member.id)));
            }
        }
        if members.is_empty() || self.joins() {
            members.clear();
            members.insert(self.node.id, self.advertised());
        }
        if !members.contains_key(&self.node.id) {
            return Err(ConfigError(format!(
                "cluster.members does not contain this node's id {}: a node that comes later is started with cluster.join \
                 (samyama server --join)",
                self.node.id
            )));
        }
        let mut dial = BTreeMap::new();
        for (id, address) in &self.cluster.dial {
            let id = id.parse().map_err(|_| ConfigError(format!("cluster.dial: `{id}` is not a node id")))?;
            dial.insert(id, address.clone());
        }
        let joins = match self.cluster.id.as_str() {
            "" => None,
            text => Some(
                samyama_raft::parse_cluster_id(text)
                    .map_err(|why| ConfigError(format!("cluster.id: {why}")))?,
            ),
        };
        let directory = &self.node.data_directory;
        if directory.is_empty() && (members.len() > 1 || self.joins()) {
            return Err(ConfigError(
                "node.data_directory is empty: only a lone node may keep nothing on disk".into(),
            ));
        }
        Ok(samyama_raft::NodeConfig {
            node_id: self.node.id,
            listen: self.listen.peer.clone(),
            members,
            joins,
            dial,
            directory: (!directory.is_empty()).then(|| directory.into()),
            election_timeout_ms_min: self.raft.election_timeout_ms_min,
            election_timeout_ms_max: self.raft.election_timeout_ms_max,
            heartbeat_interval_ms: self.raft.heartbeat_interval_ms,
            segment_bytes: self.storage.segment_bytes,
            snapshot_log_bytes: self.raft.snapshot_log_bytes,
            snapshot_log_entries: self.raft.snapshot_log_entries,
            snapshot_log_percent: self.raft.snapshot_log_percent,
            sync: self.storage.fsync,
        })
    }
}

/// The leaves of the document by their dotted names. What looks like a secret is not shown.
fn list_settings(name: &str, value: &serde_json::Value, listed: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                list_settings(&name, value, listed);
            }
        }
        _ if ["password", "secret", "token"].iter().any(|word| name.contains(word)) => {
            listed.push((name.to_owned(), "(hidden)".to_owned()));
        }
        serde_json::Value::String(text) => listed.push((name.to_owned(), text.clone())),
        other => listed.push((name.to_owned(), other.to_string())),
    }
}
