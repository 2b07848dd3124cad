//! How much memory a relationship takes and how fast effects are applied: `cargo run --release --example load -- 1000000 10`.

use std::sync::Arc;
use std::time::Instant;

use samyama_graph::*;

fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|p| p.parse::<u64>().ok()).unwrap_or(0) * 4096
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<u64>());
    let nodes = arguments.next().and_then(Result::ok).unwrap_or(1_000_000);
    let degree = arguments.next().and_then(Result::ok).unwrap_or(10);
    let mut draft = Draft::default();
    for kind in [TokenKind::Label, TokenKind::RelationshipType] {
        apply(&mut draft, &Effect::CreateToken { kind, id: 0, name: Arc::from("T") });
    }
    let (start, empty) = (Instant::now(), resident_bytes());
    for id in 0..nodes {
        apply(
            &mut draft,
            &Effect::CreateNode { id: NodeId(id), labels: vec![LabelId(0)], properties: vec![] },
        );
    }
    let after_nodes = resident_bytes();
    println!(
        "{nodes} nodes: {:.0} ns and {:.1} bytes each",
        start.elapsed().as_nanos() as f64 / nodes as f64,
        (after_nodes - empty) as f64 / nodes as f64
    );
    let (start, count, mut seed) = (Instant::now(), nodes * degree, 1_u64);
    for id in 0..count {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (a, b) = ((seed >> 33) % nodes, (seed >> 13) % nodes);
        let effect = Effect::CreateRelationship {
            id: RelationshipId(id),
            start: NodeId(a),
            end: NodeId(b),
            type_id: TypeId(0),
            properties: vec![],
        };
        apply(&mut draft, &effect);
    }
    println!(
        "{count} relationships: {:.0} ns and {:.1} bytes each",
        start.elapsed().as_nanos() as f64 / count as f64,
        (resident_bytes() - after_nodes) as f64 / count as f64
    );
    let view = draft.freeze();
    let (start, mut paths, rounds) = (Instant::now(), 0_u64, 10_000);
    for round in 0..rounds {
        let from = NodeId(round * 7919 % nodes);
        for one in view.adjacency(from, Direction::Outgoing, None).flatten() {
            for two in view.adjacency(one.neighbour(), Direction::Outgoing, None).flatten() {
                paths += view.degree(two.neighbour(), Direction::Outgoing, None);
            }
        }
    }
    println!(
        "3-hop count: {:.2} us for {} paths on average",
        start.elapsed().as_micros() as f64 / rounds as f64,
        paths / rounds
    );
}

fn apply(draft: &mut Draft, effect: &Effect) {
    if let Err(error) = draft.apply(effect) {
        panic!("{error}");
    }
}
