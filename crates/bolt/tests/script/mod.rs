//! A backend that does what the query's text says.

#![allow(clippy::expect_used)] // A test that cannot set itself up has failed.

use std::sync::Arc;

use samyama_bolt::{
    Announced, Auth, Backend, CommitReply, ConnectionInfo, Entities, Failure, NodeRecord, PullReply, Records,
    RelationshipRecord, RoutingTable, RunReply, Session, TransactionOptions,
};
use samyama_graph::{Map, NodeId, RelationshipId, Value};
use tokio::sync::watch;

pub struct Script;

/// `announced` gives how many statements were announced, `rows N` gives N numbers, `long` one string of 200,000 bytes, `fail` fails, `hang` waits to be interrupted.
pub struct ScriptSession {
    query: Arc<str>,
    given: i64,
    in_transaction: bool,
    announced: i64,
    raised: watch::Sender<bool>,
}

struct NoGraph;

impl Entities for NoGraph {
    fn node(&self, _: NodeId) -> NodeRecord {
        NodeRecord { labels: vec![Arc::from("L")], properties: Vec::new() }
    }
    fn relationship(&self, _: RelationshipId) -> Option<RelationshipRecord> {
        None
    }
    fn database_uuid(&self) -> &str {
        "u"
    }
}

impl Backend for Script {
    type Session = ScriptSession;

    fn connect(&self, _: ConnectionInfo) -> ScriptSession {
        ScriptSession {
            query: Arc::from(""),
            given: 0,
            in_transaction: false,
            announced: 0,
            raised: watch::channel(false).0,
        }
    }

    async fn route(&self, _: &Map, _: &[Arc<str>], _: Option<&str>) -> Result<RoutingTable, Failure> {
        Err(Failure::new("Neo.ClientError.Database.DatabaseNotFound", "22000", "there is none"))
    }
}

impl Session for ScriptSession {
    async fn authenticate(&mut self, _: Auth) -> Result<(), Failure> {
        Ok(())
    }

    async fn begin(&mut self, _: TransactionOptions) -> Result<Map, Failure> {
        self.in_transaction = true;
        Ok(Map::new())
    }

    async fn run(
        &mut self,
        query: Arc<str>,
        _: Arc<Map>,
        options: Option<TransactionOptions>,
    ) -> Result<RunReply, Failure> {
        assert_eq!(options.is_none(), self.in_transaction, "options come with auto-commit statements only");
        if query.as_ref() == "fail" {
            return Err(Failure::new("Neo.ClientError.Statement.SyntaxError", "42001", "as was asked"));
        }
        (self.query, self.given) = (query, 0);
        Ok(RunReply {
            fields: Arc::from([Arc::from("n")]),
            qid: self.in_transaction.then_some(0),
            extra: Map::new(),
        })
    }

    async fn pull<R: Records>(
        &mut self,
        _: Option<i64>,
        n: Option<u64>,
        discard: bool,
        records: &mut R,
    ) -> Result<PullReply, Failure> {
        match self.query.as_ref() {
            "hang" => {
                self.raised.subscribe().wait_for(|raised| *raised).await.expect("the sender lives here");
                return Err(Failure::terminated());
            }
            "announced" => records.record(&[Value::Integer(self.announced)], &NoGraph),
            "long" => records.record(&["x".repeat(200_000).into()], &NoGraph),
            query => {
                let all: i64 = query.trim_start_matches("rows ").parse().expect("a number of rows");
                let until = n.map_or(all, |n| all.min(self.given + n as i64));
                for i in self.given..until {
                    if !discard {
                        records.record(&[Value::Integer(i)], &NoGraph);
                    }
                }
                self.given = until;
                if self.given < all {
                    return Ok(PullReply::HasMore);
                }
            }
        }
        let status = Map::from_pairs([(Arc::from("gql_status"), "00000".into())]);
        let statuses: Value = vec![status.into()].into();
        let none: Value = Vec::<Value>::new().into();
        Ok(PullReply::Done(Map::from_pairs([
            (Arc::from("statuses"), statuses),
            (Arc::from("notifications"), none),
        ])))
    }

    fn announce(&mut self, ahead: Vec<Announced>) {
        self.announced += ahead.len() as i64;
    }

    async fn commit(&mut self, _: Value) -> Result<CommitReply, Failure> {
        self.in_transaction = false;
        Ok(CommitReply { bookmark: Arc::from("b") })
    }

    async fn rollback(&mut self) -> Result<(), Failure> {
        self.in_transaction = false;
        Ok(())
    }

    async fn reset(&mut self) {
        self.in_transaction = false;
        self.raised.send_replace(false);
    }

    fn interrupter(&self) -> Arc<dyn Fn() + Send + Sync> {
        let raised = self.raised.clone();
        Arc::new(move || {
            raised.send_replace(true);
        })
    }

    fn logoff(&mut self) {}
}
