//! Random effects, valid and not, on a draft and on a plain model; afterwards both must tell the same story, older views
//! must be as they were, the self-check must pass, and bytes must read back to the same graph.

#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use samyama_graph::*;

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    nodes: BTreeMap<u64, (BTreeSet<u16>, BTreeMap<u32, Value>)>,
    relationships: BTreeMap<u64, (u64, u64, u16, BTreeMap<u32, Value>)>,
}

fn read_back(graph: &Graph) -> Model {
    let mut model = Model::default();
    let mut ids = Vec::new();
    graph.nodes_from(NodeId(0), usize::MAX, &mut ids);
    for id in ids {
        let labels = graph.labels(id).map(|l| l.0).collect();
        let properties = graph.node_properties(id).map(|(k, v)| (k.0, v)).collect();
        model.nodes.insert(id.0, (labels, properties));
    }
    let mut ids = Vec::new();
    graph.relationships_from(None, RelationshipId(0), usize::MAX, &mut ids);
    for id in ids {
        let ends = graph.relationship(id).expect("a scanned relationship exists");
        let properties = graph.relationship_properties(id).map(|(k, v)| (k.0, v)).collect();
        model.relationships.insert(id.0, (ends.start.0, ends.end.0, ends.type_id.0, properties));
    }
    model
}

#[derive(Clone, Debug)]
enum Step {
    CreateNode { gap: u8, labels: u8, value: Option<Value> },
    DeleteNode(u8),
    CreateRelationship { start: u8, end: u8, type_id: u8, value: Option<Value> },
    DeleteRelationship(u8),
    SetNode { id: u8, key: u8, value: Value },
    SetRelationship { id: u8, key: u8, value: Value },
    Label { id: u8, label: u8, add: bool },
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..6_i64).prop_map(Value::Integer),
        (0..6_i64).prop_map(|x| Value::Float(x as f64)),
        Just(Value::Float(f64::NAN)),
        "[ab]{0,2}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop::collection::vec((0..3_i64).prop_map(Value::Integer), 0..3).prop_map(Value::from),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8, 0..8_u8, prop::option::of(value()))
            .prop_map(|(gap, labels, value)| Step::CreateNode { gap, labels, value }),
        1 => any::<u8>().prop_map(Step::DeleteNode),
        4 => (any::<u8>(), any::<u8>(), 0..3_u8, prop::option::of(value()))
            .prop_map(|(start, end, type_id, value)| Step::CreateRelationship { start, end, type_id, value }),
        2 => any::<u8>().prop_map(Step::DeleteRelationship),
        3 => (any::<u8>(), 0..3_u8, prop_oneof![value(), Just(Value::Null)])
            .prop_map(|(id, key, value)| Step::SetNode { id, key, value }),
        1 => (any::<u8>(), 0..3_u8, prop_oneof![value(), Just(Value::Null)])
            .prop_map(|(id, key, value)| Step::SetRelationship { id, key, value }),
        2 => (any::<u8>(), 0..3_u8, any::<bool>()).prop_map(|(id, label, add)| Step::Label { id, label, add }),
    ]
}

fn prepared() -> Draft {
    let mut draft = Draft::default();
    for kind in [TokenKind::Label, TokenKind::RelationshipType, TokenKind::PropertyKey] {
        for (id, name) in (0..).zip(["A", "B", "C"]) {
            draft.apply(&Effect::CreateToken { kind, id, name: Arc::from(name) }).expect("a fresh token");
        }
    }
    let index = |id: u32, name: &str, entity, keys: &[u32], owner: Option<&str>| IndexDefinition {
        id: IndexId(id),
        name: Arc::from(name),
        kind: IndexKind::Range,
        entity,
        keys: keys.iter().map(|k| KeyId(*k)).collect(),
        owner: owner.map(Arc::from),
    };
    let node = EntityKind::Node(LabelId(0));
    draft.apply(&Effect::CreateIndex(index(0, "single", node, &[0], None))).expect("a fresh index");
    draft.apply(&Effect::CreateIndex(index(1, "pair", node, &[1, 0], None))).expect("a fresh index");
    let on_type = EntityKind::Relationship(TypeId(1));
    draft.apply(&Effect::CreateIndex(index(2, "rel", on_type, &[0], None))).expect("a fresh index");
    let fulltext = |others| IndexKind::Fulltext { others, analyzer: Arc::from("standard") };
    let other_label = fulltext(vec![EntityKind::Node(LabelId(2))]);
    let words = IndexDefinition { kind: other_label, ..index(4, "words", node, &[0, 1], None) };
    let other_type = fulltext(vec![EntityKind::Relationship(TypeId(2))]);
    let notes = IndexDefinition { kind: other_type, ..index(5, "notes", on_type, &[2], None) };
    let unique = EntityKind::Node(LabelId(1));
    let constraint = ConstraintDefinition {
        name: Arc::from("one"),
        kind: ConstraintKind::Unique,
        entity: unique,
        keys: vec![KeyId(2)],
        index: Some(IndexId(3)),
    };
    let index = index(3, "one_index", unique, &[2], Some("one"));
    draft.apply(&Effect::CreateConstraint { constraint, index: Some(index) }).expect("a fresh constraint");
    draft.apply(&Effect::CreateIndex(words)).expect("a fresh full-text index");
    draft.apply(&Effect::CreateIndex(notes)).expect("a fresh full-text index");
    draft
}

fn effect_of(step: &Step, graph: &Graph) -> Effect {
    let node = |id: u8| NodeId(u64::from(id) % (graph.next_node_id().0 + 1));
    let relationship = |id: u8| RelationshipId(u64::from(id) % (graph.next_relationship_id().0 + 1));
    let properties = |value: &Option<Value>| value.iter().map(|v| (KeyId(2), v.clone())).collect::<Vec<_>>();
    match step {
        Step::CreateNode { gap, labels, value } => Effect::CreateNode {
            id: NodeId(graph.next_node_id().0 + u64::from(*gap)),
            labels: (0..3).filter(|l| labels >> l & 1 == 1).map(LabelId).collect(),
            properties: properties(value),
        },
        Step::DeleteNode(id) => Effect::DeleteNode { id: node(*id) },
        Step::CreateRelationship { start, end, type_id, value } => Effect::CreateRelationship {
            id: graph.next_relationship_id(),
            start: node(*start),
            end: node(*end),
            type_id: TypeId(u16::from(*type_id)),
            properties: properties(value),
        },
        Step::DeleteRelationship(id) => Effect::DeleteRelationship { id: relationship(*id) },
        Step::SetNode { id, key, value } => {
            Effect::SetNodeProperty { id: node(*id), key: KeyId(u32::from(*key)), value: value.clone() }
        }
        Step::SetRelationship { id, key, value } => Effect::SetRelationshipProperty {
            id: relationship(*id),
            key: KeyId(u32::from(*key)),
            value: value.clone(),
        },
        Step::Label { id, label, add: true } => {
            Effect::AddLabel { id: node(*id), label: LabelId(u16::from(*label)) }
        }
        Step::Label { id, label, add: false } => {
            Effect::RemoveLabel { id: node(*id), label: LabelId(u16::from(*label)) }
        }
    }
}

fn apply_to_model(model: &mut Model, effect: &Effect) {
    let set = |properties: &mut BTreeMap<u32, Value>, key: &KeyId, value: &Value| {
        if value.is_null() {
            properties.remove(&key.0)
        } else {
            properties.insert(key.0, value.clone())
        };
    };
    let as_map = |list: &[(KeyId, Value)]| list.iter().map(|(k, v)| (k.0, v.clone())).collect();
    match effect {
        Effect::CreateNode { id, labels, properties } => {
            model.nodes.insert(id.0, (labels.iter().map(|l| l.0).collect(), as_map(properties)));
        }
        Effect::DeleteNode { id } => {
            model.nodes.remove(&id.0);
        }
        Effect::CreateRelationship { id, start, end, type_id, properties } => {
            model.relationships.insert(id.0, (start.0, end.0, type_id.0, as_map(properties)));
        }
        Effect::DeleteRelationship { id } => {
            model.relationships.remove(&id.0);
        }
        Effect::SetNodeProperty { id, key, value } => {
            set(&mut model.nodes.get_mut(&id.0).expect("accepted").1, key, value);
        }
        Effect::SetRelationshipProperty { id, key, value } => {
            set(&mut model.relationships.get_mut(&id.0).expect("accepted").3, key, value);
        }
        Effect::AddLabel { id, label } => {
            model.nodes.get_mut(&id.0).expect("accepted").0.insert(label.0);
        }
        Effect::RemoveLabel { id, label } => {
            model.nodes.get_mut(&id.0).expect("accepted").0.remove(&label.0);
        }
        other => panic!("no such step: {other:?}"),
    }
}

fn uniqueness_broken(model: &Model) -> bool {
    let values =
        model.nodes.values().filter(|(labels, _)| labels.contains(&1)).filter_map(|(_, p)| p.get(&2));
    let mut seen = BTreeSet::new();
    values.map(|v| Equivalent(v.clone())).any(|v| !seen.insert(v))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_draft_is_its_model(steps in prop::collection::vec(step(), 0..120)) {
        let mut draft = prepared();
        let (mut model, mut log) = (Model::default(), Vec::new());
        let mut older = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            if number % 20 == 0 {
                older.push((draft.view(), model.clone(), draft.fingerprint()));
            }
            let effect = effect_of(step, &draft);
            let before = (draft.fingerprint(), draft.next_node_id());
            match draft.apply(&effect) {
                Ok(()) => {
                    apply_to_model(&mut model, &effect);
                    log.push(effect);
                }
                Err(_) => prop_assert_eq!((draft.fingerprint(), draft.next_node_id()), before),
            }
            prop_assert!(!uniqueness_broken(&model));
        }
        draft.verify().map_err(TestCaseError::fail)?;
        prop_assert_eq!(read_back(&draft), model);
        for (view, model, fingerprint) in older {
            view.verify().map_err(TestCaseError::fail)?;
            prop_assert_eq!(read_back(&view), model);
            prop_assert_eq!(view.fingerprint(), fingerprint);
        }
        let view = draft.view();
        replayed_effects_give_the_same_graph(&log, &view)?;
        snapshots_give_the_same_graph(&view)?;
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_effect(&mut &bytes[..]);
        let _ = read_snapshot(&mut &bytes[..]);
    }
}

fn replayed_effects_give_the_same_graph(log: &[Effect], view: &View) -> Result<(), TestCaseError> {
    let mut bytes = Vec::new();
    log.iter().for_each(|effect| encode_effect(effect, &mut bytes));
    let (mut rest, mut again) = (&bytes[..], prepared());
    while !rest.is_empty() {
        let effect = decode_effect(&mut rest).map_err(|e| TestCaseError::fail(e.to_string()))?;
        again.apply(&effect).map_err(|e| TestCaseError::fail(e.to_string()))?;
    }
    prop_assert_eq!(again.fingerprint(), view.fingerprint());
    prop_assert_eq!(again.next_node_id(), view.next_node_id());
    Ok(())
}

fn snapshots_give_the_same_graph(view: &View) -> Result<(), TestCaseError> {
    let mut bytes = Vec::new();
    write_snapshot(view, &mut bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
    let loaded = read_snapshot(&mut &bytes[..]).map_err(|e| TestCaseError::fail(e.to_string()))?;
    loaded.verify().map_err(TestCaseError::fail)?;
    prop_assert_eq!(loaded.fingerprint(), view.fingerprint());
    prop_assert_eq!(loaded.next_node_id(), view.next_node_id());
    prop_assert_eq!(loaded.next_relationship_id(), view.next_relationship_id());
    prop_assert_eq!(loaded.indexes().collect::<Vec<_>>(), view.indexes().collect::<Vec<_>>());
    for at in (0..bytes.len()).step_by(1 + bytes.len() / 40) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        prop_assert!(read_snapshot(&mut &flipped[..]).is_err(), "a flipped bit at {} was not found", at);
        prop_assert!(read_snapshot(&mut &bytes[..at]).is_err(), "a cut at {} was not found", at);
    }
    Ok(())
}

#[test]
fn an_index_is_about_nodes_or_about_relationships() {
    let mut draft = prepared();
    let others = vec![EntityKind::Relationship(TypeId(0))];
    let mixed = IndexDefinition {
        id: draft.next_index_id(),
        name: Arc::from("mixed"),
        kind: IndexKind::Fulltext { others, analyzer: Arc::from("standard") },
        entity: EntityKind::Node(LabelId(0)),
        keys: vec![KeyId(0)],
        owner: None,
    };
    let before = draft.fingerprint();
    assert!(draft.apply(&Effect::CreateIndex(mixed)).is_err());
    assert_eq!(draft.fingerprint(), before);
}

#[test]
fn index_look_ups_are_what_a_scan_would_find() {
    let mut draft = prepared();
    let values = [
        Value::Integer(1),
        Value::Float(1.0),
        Value::Float(1.5),
        Value::Integer(2),
        Value::from("a"),
        Value::from("ab"),
        Value::from("b"),
        Value::from(true),
        Value::Float(f64::NAN),
    ];
    for (id, value) in (0..).zip(values) {
        let properties = vec![(KeyId(0), value)];
        draft
            .apply(&Effect::CreateNode { id: NodeId(id), labels: vec![LabelId(0)], properties })
            .expect("valid");
    }
    let seek = |equal: &[Value], lower: Bound, upper: Bound, prefix: Option<&str>| {
        let mut out = Vec::new();
        let range = IndexRange { equal: equal.to_vec(), lower, upper, prefix: prefix.map(Arc::from) };
        draft.index_seek(IndexId(0), &range, &mut out);
        out
    };
    let all = || Bound::Unbounded;
    assert_eq!(seek(&[Value::Integer(1)], all(), all(), None), [0, 1]);
    assert_eq!(seek(&[Value::Float(f64::NAN)], all(), all(), None), [] as [u64; 0]);
    assert_eq!(seek(&[Value::Null], all(), all(), None), [] as [u64; 0]);
    assert_eq!(seek(&[], Bound::Excluded(Value::Integer(1)), all(), None), [2, 3]);
    assert_eq!(seek(&[], all(), Bound::Included(Value::Float(1.5)), None), [0, 1, 2]);
    assert_eq!(seek(&[], Bound::Included(Value::from("ab")), all(), None), [5, 6]);
    assert_eq!(seek(&[], all(), all(), Some("a")), [4, 5]);
    assert_eq!(seek(&[], all(), all(), None).len(), 9);
}
