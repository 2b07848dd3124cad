use std::sync::Arc;

use samyama_graph::{Effect, KeyId, LabelId, NodeId, RelationshipId, Value};

use super::lookups::Lookups;
use super::*;
use samyama_graph::{Draft, TokenKind, View};

/// A graph with label L (0), key k (0), and a node 0 of that label with k = 1.
fn graph() -> Draft {
    let mut draft = Draft::new(&View::default());
    for (kind, name) in
        [(TokenKind::Label, "L"), (TokenKind::PropertyKey, "k"), (TokenKind::RelationshipType, "T")]
    {
        draft
            .apply(&Effect::CreateToken { kind, id: 0, name: Arc::from(name) })
            .expect("the first token of its kind");
    }
    draft.apply(&create(0, Value::Integer(1))).expect("the first node");
    draft
}

fn create(id: u64, value: Value) -> Effect {
    let properties = if value.is_null() { Vec::new() } else { vec![(KeyId(0), value)] };
    Effect::CreateNode { id: NodeId(id), labels: vec![LabelId(0)], properties }
}

/// Of reads on the graph of one node, and one effect since.
fn changed(read: Read, effect: Effect) -> bool {
    changed_from(&graph(), read, &[effect])
}

fn changed_from(before: &Draft, read: Read, effects: &[Effect]) -> bool {
    let mut after = before.clone();
    effects.iter().for_each(|effect| after.apply(effect).expect("an effect that fits"));
    let mut set = ReadSet::default();
    set.add(read);
    set.changed_by(effects, before, &after)
}

fn index(equal: &[i64], keys: &[&str]) -> Read {
    let lookup = Lookup {
        keys: keys.iter().map(|key| Arc::from(*key)).collect(),
        equal: equal.iter().map(|value| Value::Integer(*value)).collect(),
    };
    Read::Index { label: Arc::from("L"), lookup }
}

fn equal(value: i64) -> Read {
    index(&[value], &["k"])
}

fn set(key: u32, value: i64) -> Effect {
    Effect::SetNodeProperty { id: NodeId(0), key: KeyId(key), value: Value::Integer(value) }
}

const UNLABEL: Effect = Effect::RemoveLabel { id: NodeId(0), label: LabelId(0) };
const DELETE: Effect = Effect::DeleteNode { id: NodeId(0) };

#[test]
fn an_exact_look_up_is_changed_by_its_own_value_only() {
    assert!(changed(equal(7), create(1, Value::Integer(7))));
    assert!(!changed(equal(7), create(1, Value::Integer(8))));
    assert!(changed(equal(7), create(1, Value::Float(7.0))), "7 = 7.0 in Cypher");
    assert!(changed(equal(1), UNLABEL) && !changed(equal(2), UNLABEL));
    assert!(changed(equal(1), DELETE) && !changed(equal(2), DELETE));
    assert!(changed(equal(1), set(0, 9)), "it was found");
    assert!(changed(equal(9), set(0, 9)), "it will be found");
    assert!(!changed(equal(2), set(0, 9)));
}

#[test]
fn a_range_is_changed_by_any_value_of_its_key() {
    let range = || index(&[], &["k"]);
    assert!(changed(range(), set(0, 9)) && changed(range(), DELETE) && changed(range(), UNLABEL));
    assert!(changed(range(), create(1, Value::Integer(7))));
    assert!(!changed(range(), create(1, Value::Null)), "what lacks the key is not found");
}

#[test]
fn of_a_composite_look_up_every_key_counts() {
    let mut before = graph();
    let name = Effect::CreateToken { kind: TokenKind::PropertyKey, id: 1, name: Arc::from("j") };
    before.apply(&name).expect("a second key");
    let changed = |read: Read, effects: &[Effect]| changed_from(&before, read, effects);
    assert!(changed(index(&[1, 3], &["k", "j"]), &[set(1, 3)]), "the second key makes it found");
    assert!(!changed(index(&[1, 3], &["k", "j"]), &[set(1, 4)]));
    assert!(
        !changed(index(&[1, 3], &["k", "j"]), &[UNLABEL]),
        "it was not found, for want of the second key"
    );
    assert!(changed(index(&[1], &["k", "j"]), &[set(1, 4)]), "any value of the second key");
    assert!(!changed(index(&[1, 3], &["k", "j"]), &[create(1, Value::Integer(1))]));
    // Step by step: no effect alone makes it found, the last one does.
    let steps = [
        create(1, Value::Null),
        Effect::SetNodeProperty { id: NodeId(1), key: KeyId(1), value: Value::Integer(3) },
        Effect::SetNodeProperty { id: NodeId(1), key: KeyId(0), value: Value::Integer(1) },
    ];
    assert!(changed(index(&[1, 3], &["k", "j"]), &steps));
    let later = [UNLABEL, set(1, 3), Effect::AddLabel { id: NodeId(0), label: LabelId(0) }];
    assert!(changed(index(&[1, 3], &["k", "j"]), &later));
}

/// Nodes 0 and 1, and a relationship of type T from 0 to 1.
fn pair() -> (Draft, Effect) {
    let mut draft = graph();
    draft.apply(&create(1, Value::Null)).expect("a second node");
    let relationship = Effect::CreateRelationship {
        id: RelationshipId(0),
        start: NodeId(0),
        end: NodeId(1),
        type_id: samyama_graph::TypeId(0),
        properties: Vec::new(),
    };
    (draft, relationship)
}

fn side(node: u64, direction: Direction, types: Option<&[&str]>) -> Read {
    let types = types.map(|names| names.iter().map(|name| Arc::from(*name)).collect());
    Read::Adjacency(Side { node: NodeId(node), direction, types })
}

#[test]
fn nodes_labels_sides_and_types_are_told_apart() {
    assert!(changed(Read::Label(Arc::from("L")), create(1, Value::Null)));
    assert!(!changed(Read::Label(Arc::from("M")), create(1, Value::Null)));
    assert!(!changed(Read::Node(NodeId(0)), create(1, Value::Null)));
    let (without, create) = pair();
    let mut with = without.clone();
    with.apply(&create).expect("a first relationship");
    let delete = Effect::DeleteRelationship { id: RelationshipId(0) };
    let touched = |read: &dyn Fn() -> Read| {
        let made = changed_from(&without, read(), std::slice::from_ref(&create));
        let gone = changed_from(&with, read(), std::slice::from_ref(&delete));
        assert_eq!(made, gone, "whether it comes or goes");
        made
    };
    assert!(touched(&|| side(0, Direction::Outgoing, None)));
    assert!(touched(&|| side(1, Direction::Incoming, Some(&["T"]))));
    assert!(touched(&|| side(0, Direction::Outgoing, Some(&["S", "T"]))));
    assert!(!touched(&|| side(0, Direction::Outgoing, Some(&["S"]))));
    assert!(!touched(&|| side(0, Direction::Incoming, None)));
    assert!(!touched(&|| side(1, Direction::Outgoing, None)));
    assert!(touched(&|| Read::RelationshipType(Some(Arc::from("T")))));
    assert!(!touched(&|| Read::RelationshipType(Some(Arc::from("S")))));
    assert!(!touched(&|| Read::Node(NodeId(0))), "a relationship is no property of its ends");
}

#[test]
fn too_many_reads_become_everything_and_the_same_again_is_no_more() {
    let mut set = ReadSet::default();
    let changed = |set: &ReadSet, effect: Effect| set.changed_by(&[effect], &graph(), &graph());
    let far = || create(1 << 30, Value::Null);
    for _ in 0..3 {
        for id in 0..ReadSet::READS_MAX as u64 {
            set.add(Read::Node(NodeId(id)));
        }
        set.add(Read::Label(Arc::from("M")));
    }
    assert!(!changed(&set, far()));
    set.add(Read::Node(NodeId(1 << 20)));
    assert!(changed(&set, far()));
    assert!(!set.changed_by(&[], &graph(), &graph()));
    let name = Effect::CreateToken { kind: TokenKind::Label, id: 1, name: Arc::from("M") };
    assert!(!changed(&set, name), "nothing bears it yet");
}

#[test]
fn many_look_ups_in_an_index_become_all_of_it() {
    let mut set = ReadSet::default();
    let changed = |set: &ReadSet, effect: Effect| set.changed_by(&[effect], &graph(), &graph());
    for value in 10..10 + Lookups::EACH_MAX as i64 {
        set.add(equal(value));
    }
    assert!(changed(&set, create(1, Value::Integer(10))) && !changed(&set, create(1, Value::Integer(7))));
    set.add(equal(9));
    assert!(changed(&set, create(1, Value::Integer(7))));
    assert!(!changed(&set, create(1, Value::Null)), "it does not stand in the index");
    let mut both = ReadSet::default();
    both.extend(&set);
    assert!(changed(&both, create(1, Value::Integer(7))));
}

#[test]
fn a_new_name_changes_only_which_names_there_are() {
    let name = |kind, id| Effect::CreateToken { kind, id, name: Arc::from("new") };
    assert!(changed(Read::PropertyKeys, name(TokenKind::PropertyKey, 1)));
    assert!(!changed(Read::PropertyKeys, name(TokenKind::Label, 1)));
    assert!(!changed(Read::AllNodes, name(TokenKind::PropertyKey, 1)));
    let mut set = ReadSet::default();
    set.add(Read::PropertyKeys);
    set.add(Read::Everything);
    let (before, after) = (graph(), graph());
    assert!(set.changed_by(&[name(TokenKind::PropertyKey, 1)], &before, &after), "it reads names as well");
}
