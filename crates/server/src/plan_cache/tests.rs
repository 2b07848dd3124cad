//! The plan cache in front of a planner that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use samyama_graph::{Draft, Effect, IndexDefinition, IndexId, IndexKind, Map, TokenKind, Value, View};
use serde_json::json;

use super::*;
use crate::frontend::Frontend;

/// Compiles every text to `RETURN <the first literal>`, slowly; `bad` does not compile.
#[derive(Default)]
struct Counting {
    calls: AtomicUsize,
}

impl Frontend for Counting {
    fn compile(&self, request: &CompileRequest) -> Result<Vec<u8>, CompileError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        if request.text.contains("bad") {
            return Err(CompileError::internal("it is bad"));
        }
        let column = if request.literals.is_empty() { json!(["x"]) } else { json!([0]) };
        let value = if request.literals.is_empty() {
            json!({"op": "Literal", "value": 1})
        } else {
            json!({"op": "AutoParameter", "index": 0})
        };
        let projection =
            json!({"op": "Projection", "input": {"op": "Argument"}, "slots": [0], "expressions": [value]});
        let plan = json!({
            "version": 1, "kind": "r", "mode": "run", "slots": 1, "columns": [{"name": column}], "parameters": [],
            "root": {"op": "ProduceResults", "input": projection, "slots": [0]},
            "cacheable": !request.text.contains("rand"),
            "notifications": warnings(&request.text),
        });
        Ok(rmp_serde::to_vec_named(&plan).expect("JSON fits into MessagePack"))
    }
}

/// One at the word `Label`, which holds as long as the graph has no such label.
fn warnings(text: &str) -> serde_json::Value {
    let Some(byte) = text.find("Label") else { return json!([]) };
    let before = &text[..byte];
    json!([{
        "code": "c", "title": "t", "description": "d", "severity": "WARNING", "category": "UNRECOGNIZED",
        "gql_status": "01N50", "offset": before.chars().count(), "line": 1 + before.matches('\n').count(),
        "column": 1 + before.chars().rev().take_while(|c| *c != '\n').count(),
        "unknown": {"kind": "label", "name": "Label"},
    }])
}

struct Bench {
    frontend: Arc<Counting>,
    cache: PlanCache,
}

impl Bench {
    fn new(bytes_max: usize) -> Self {
        let frontend = Arc::new(Counting::default());
        let planner = Planner::start(Arc::clone(&frontend) as Arc<dyn Frontend>).expect("a thread starts");
        Self { frontend, cache: PlanCache::new(planner, bytes_max) }
    }

    fn calls(&self) -> usize {
        self.frontend.calls.load(Ordering::SeqCst)
    }

    async fn get(&self, text: &str, parameters: &Map, graph: &View) -> Result<Arc<Prepared>, CompileError> {
        self.cache.prepare(&Arc::from(text), parameters, graph).await
    }
}

#[tokio::test]
async fn texts_that_differ_in_literals_share_a_plan_and_keep_their_columns() {
    let (bench, graph) = (Bench::new(1 << 20), View::default());
    let one = bench.get("RETURN 1", &Map::new(), &graph).await.expect("compiles");
    let two = bench.get("RETURN   22", &Map::new(), &graph).await.expect("compiles");
    let text = bench.get("RETURN 'a'", &Map::new(), &graph).await.expect("compiles");
    bench.get("RETURN 1", &Map::new(), &graph).await.expect("compiles");
    assert_eq!(bench.calls(), 2, "the string is another type");
    assert!(Arc::ptr_eq(&one.plan, &two.plan));
    let fields = [&one, &two, &text].map(|p| p.fields[0].to_string());
    assert_eq!(fields, ["1", "22", "'a'"], "a column is named as it was written");
    assert!(matches!(two.literals[0], Value::Integer(22)));
    assert_eq!(bench.cache.metrics.hits_raw.sum(), 1);
    assert_eq!(bench.cache.metrics.hits_stripped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_text_is_compiled_once_however_many_ask() {
    let bench = Arc::new(Bench::new(1 << 20));
    let askers: Vec<_> = (0..50)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { bench.get("RETURN $x", &Map::new(), &View::default()).await.is_ok() })
        })
        .collect();
    for asker in askers {
        assert!(asker.await.expect("ends"));
    }
    assert_eq!(bench.calls(), 1);
    assert!(bench.cache.in_flight.lock().is_empty(), "nothing is left behind");
}

#[tokio::test]
async fn types_of_parameters_and_indexes_are_part_of_the_key() {
    let bench = Bench::new(1 << 20);
    let graph = View::default();
    let with = |value: Value| Map::from_pairs([(Arc::from("x"), value)]);
    for value in [Value::Integer(1), Value::Integer(2), Value::from("a")] {
        bench.get("RETURN $x", &with(value), &graph).await.expect("compiles");
    }
    assert_eq!(bench.calls(), 2);
    let mut draft = Draft::new(&graph);
    let names = [
        Effect::CreateToken { kind: TokenKind::Label, id: 0, name: Arc::from("L") },
        Effect::CreateToken { kind: TokenKind::PropertyKey, id: 0, name: Arc::from("k") },
    ];
    names.iter().for_each(|effect| draft.apply(effect).expect("a first token"));
    bench.get("RETURN $x", &with(Value::Integer(1)), &draft.view()).await.expect("compiles");
    assert_eq!(bench.calls(), 2, "names alone make no plan wrong");
    let index = IndexDefinition {
        id: IndexId(0),
        name: Arc::from("i"),
        kind: IndexKind::Range,
        entity: samyama_graph::EntityKind::Node(samyama_graph::LabelId(0)),
        keys: vec![samyama_graph::KeyId(0)],
        owner: None,
    };
    draft.apply(&Effect::CreateIndex(index)).expect("a first index");
    bench.get("RETURN $x", &with(Value::Integer(1)), &draft.view()).await.expect("compiles");
    assert_eq!(bench.calls(), 3, "an index may make a better plan");
}

#[tokio::test]
async fn procedures_defined_anew_make_plans_anew() {
    let (bench, graph) = (Bench::new(1 << 20), View::default());
    let ask = async || {
        bench.get("RETURN $x", &Map::new(), &graph).await.expect("compiles");
        bench.calls()
    };
    assert_eq!((ask().await, ask().await), (1, 1));
    bench.cache.define_procedures(Arc::from(*b"procedures"));
    assert_eq!((ask().await, ask().await), (2, 2));
}

#[tokio::test]
async fn a_thread_keeps_plans_of_its_own_as_long_as_they_hold() {
    let (bench, graph) = (Bench::new(1 << 20), View::default());
    let text = Arc::from("RETURN 1");
    let remembered = |bench: &Bench| bench.cache.remembered(&text, &Map::new(), &graph);
    assert!(remembered(&bench).is_none(), "nobody has asked for it yet");
    let made = bench.get("RETURN 1", &Map::new(), &graph).await.expect("compiles");
    let (first, second) = (remembered(&bench).expect("kept"), remembered(&bench).expect("kept"));
    assert!(Arc::ptr_eq(&first, &second), "the second time it is the thread's own");
    assert_eq!((&first.fields, first.plan.describe()), (&made.fields, made.plan.describe()));
    assert!(
        !Arc::ptr_eq(&first.fields, &made.fields) && !Arc::ptr_eq(&first.plan, &made.plan),
        "what each run counts is counted by one thread"
    );
    assert_eq!(bench.cache.metrics.hits_raw.sum(), 2);
    let other = std::thread::scope(|scope| scope.spawn(|| remembered(&bench)).join().expect("ends"));
    assert!(!Arc::ptr_eq(&first, &other.expect("kept")), "another thread has another");

    let elsewhere = Bench::new(1 << 20);
    assert!(remembered(&elsewhere).is_none(), "another database has not seen the text");
    assert!(remembered(&bench).is_some(), "and this one has not forgotten it");
    bench.cache.define_procedures(Arc::from(*b"procedures"));
    assert!(remembered(&bench).is_none(), "it was made with other procedures");
}

#[tokio::test]
async fn a_thread_keeps_some_plans_and_finds_the_others_all_the_same() {
    let (bench, graph) = (Bench::new(1 << 24), View::default());
    let texts: Vec<Arc<str>> = (0..2 * THREAD_PLANS_MAX).map(|i| Arc::from(format!("RETURN {i}"))).collect();
    for text in &texts {
        bench.cache.prepare(text, &Map::new(), &graph).await.expect("compiles");
    }
    for _ in 0..2 {
        for text in &texts {
            let found = bench.cache.remembered(text, &Map::new(), &graph).expect("it was asked before");
            assert_eq!(format!("RETURN {}", found.fields[0]), **text);
        }
    }
    OWN.with_borrow(|own| assert_eq!(own.plans.len(), THREAD_PLANS_MAX));
    for _ in 0..THREAD_PLANS_QUESTIONS {
        bench.cache.remembered(&texts[0], &Map::new(), &graph).expect("kept");
    }
    OWN.with_borrow(|own| assert_eq!(own.plans.len(), 1, "a new set, of what is asked now"));
}

#[tokio::test]
async fn errors_and_uncacheable_plans_are_made_anew() {
    let (bench, graph) = (Bench::new(1 << 20), View::default());
    for _ in 0..2 {
        assert!(bench.get("bad", &Map::new(), &graph).await.is_err());
        assert!(bench.get("RETURN rand()", &Map::new(), &graph).await.is_ok());
    }
    assert_eq!(bench.calls(), 4);
}

#[tokio::test]
async fn memory_is_bounded() {
    let bench = Bench::new(20_000);
    for i in 0..60 {
        bench.get(&format!("RETURN $x{i}"), &Map::new(), &View::default()).await.expect("compiles");
    }
    assert!(bench.cache.bytes() <= 22_000, "{} bytes", bench.cache.bytes());
    assert!(bench.cache.evictions() > 0);
}

#[tokio::test]
async fn warnings_stand_where_their_words_stand_in_each_text() {
    let bench = Bench::new(1 << 20);
    let graph = View::default();
    let texts = [
        "MATCH (n {x: 1}) RETURN n:Label",
        "MATCH (n {x: 123456}) RETURN n:Label",
        "MATCH /* é */ (n {x: 7})\n\n  RETURN n:Label",
        "MATCH (n {x: 1})\tRETURN n:Label // more",
    ];
    for text in texts {
        let prepared = bench.get(text, &Map::default(), &graph).await.expect("it compiles");
        let [warning] = &*prepared.notifications else { panic!("one warning: {text}") };
        let at: String = text.chars().skip(warning.offset as usize).take(5).collect();
        assert_eq!(at, "Label", "{text}");
        let line = text.lines().nth(warning.line as usize - 1).expect("there is such a line");
        assert_eq!(
            line.chars().skip(warning.column as usize - 1).take(5).collect::<String>(),
            "Label",
            "{text}"
        );
    }
    assert_eq!(bench.calls(), 1, "they share a plan");
}

#[tokio::test]
async fn a_name_that_the_graph_has_by_now_is_not_warned_of() {
    let bench = Bench::new(1 << 20);
    let empty = View::default();
    let text = "MATCH (n) RETURN n:Label";
    let prepared = bench.get(text, &Map::default(), &empty).await.expect("it compiles");
    assert_eq!(prepared.notifications.len(), 1);
    let mut draft = Draft::new(&empty);
    let token = Effect::CreateToken { kind: TokenKind::Label, id: 0, name: Arc::from("Label") };
    draft.apply(&token).expect("a label");
    let prepared = bench.get(text, &Map::default(), &draft.view()).await.expect("it is cached");
    assert!(prepared.notifications.is_empty());
    assert_eq!(bench.calls(), 1, "the plan is the same");
}
