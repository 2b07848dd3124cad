//! The plan document: bytes written by msgspec (`tests/seam/every_kind.py`) are read whole, and damaged ones are
//! refused with a reason that names what is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use samyama_exec::plan::{Expression, Operator};
use samyama_exec::{NamePiece, Plan, PlanKind, PlanMode};
use samyama_graph::Value;

fn every_kind() -> Vec<u8> {
    let text: String = include_str!("fixtures/every_kind.plan.hex").split_whitespace().collect();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// Replace the one occurrence of `from` in the bytes; both must be of equal length.
fn replaced(from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "the document's lengths must stay true");
    let mut bytes = every_kind();
    let at = bytes.windows(from.len()).position(|w| w == from).expect("the sample holds the text");
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn every_kind_is_read() {
    let plan = Plan::decode(&every_kind()).unwrap();
    assert_eq!(plan.kind(), PlanKind::ReadWrite);
    assert_eq!(plan.mode(), PlanMode::Explain);
    assert_eq!(plan.slots(), 4);
    assert!(!plan.cacheable());
    assert_eq!(plan.columns()[0][1], NamePiece::Literal(0));
    assert_eq!(plan.columns()[1], vec![]);
    assert_eq!(&*plan.parameters()[0], "name");
    assert_eq!(plan.notifications()[0].offset, 3);
    let Operator::Projection(projection) = &plan.root().input else {
        panic!("a projection stands below the root")
    };
    let Operator::Union(union) = &projection.input else { panic!("a union stands below the projection") };
    assert_eq!(union.inputs[1].info().rows, 2.5);
    assert_eq!(&*union.inputs[1].info().details, "details");
    assert_eq!(union.inputs.last().unwrap().name(), "DropConstraint");
}

#[test]
fn literals_keep_type_and_value() {
    let plan = Plan::decode(&every_kind()).unwrap();
    let Operator::Projection(projection) = &plan.root().input else {
        panic!("a projection stands below the root")
    };
    let literals: Vec<&Value> = projection
        .expressions
        .iter()
        .map_while(|e| if let Expression::Literal { value } = e { Some(value) } else { None })
        .collect();
    assert!(matches!(literals[0], Value::Null));
    assert!(matches!(literals[1], Value::Boolean(true)));
    assert!(matches!(literals[4], Value::String(s) if &**s == "é𝄞"));
    assert!(matches!(literals[6], Value::Integer(0)));
    assert!(matches!(literals[15], Value::Integer(i64::MAX)));
    assert!(matches!(literals[16], Value::Integer(i64::MIN)));
    assert!(matches!(literals[17], Value::Float(x) if x.to_bits() == 0.0_f64.to_bits()));
    assert!(matches!(literals[18], Value::Float(x) if x.to_bits() == (-0.0_f64).to_bits()));
    assert!(matches!(literals[23], Value::Float(x) if x.is_nan()));
    assert_eq!(literals.len(), 24);
}

#[test]
fn describe_shows_every_operator() {
    let Value::Map(top) = Plan::decode(&every_kind()).unwrap().describe() else { panic!("a map") };
    let Some(Value::String(name)) = top.get("operatorType") else { panic!("a name") };
    assert_eq!(&**name, "ProduceResults");
    assert!(matches!(top.get("children"), Some(Value::List(children)) if children.len() == 1));
}

#[test]
fn refusals_name_what_is_wrong() {
    let message = |bytes: &[u8]| Plan::decode(bytes).unwrap_err().message;
    let operator = message(&replaced(b"OptionalApply", b"OptionalAppli"));
    assert!(operator.contains("OptionalAppli"), "{operator}");
    let field = message(&replaced(b"lower_included", b"lower_includet"));
    assert!(field.contains("lower_includet"), "{field}");
    let version = message(&replaced(b"\xa7version\x01", b"\xa7version\x02"));
    assert!(version.contains("version 2"), "{version}");
    let slots = message(&replaced(b"\xa5slots\x04", b"\xa5slots\x03"));
    assert!(slots.contains("slot 3") && slots.contains("3 slots"), "{slots}");
}

#[test]
fn a_plan_that_says_it_reads_may_not_write() {
    let mut bytes = every_kind();
    let at = bytes.windows(8).position(|w| w == b"\xa4kind\xa2rw").expect("the plan's kind");
    bytes.splice(at..at + 8, *b"\xa4kind\xa1r");
    let message = Plan::decode(&bytes).unwrap_err().message;
    assert!(message.contains("Create in a plan of kind `r`"), "{message}");
}

#[test]
fn no_prefix_and_no_flipped_byte_panics() {
    let bytes = every_kind();
    for end in (0..bytes.len()).step_by(5) {
        assert!(Plan::decode(&bytes[..end]).is_err(), "a plan cut at byte {end} was read");
    }
    for at in (0..bytes.len()).step_by(5) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x81;
        let _ = Plan::decode(&damaged);
    }
}

/// `operators` times Eager over an Argument below the root, with `expressions` times NOT in a Filter.
fn nested(operators: usize, expressions: usize) -> Vec<u8> {
    let mut bytes = b"\x87\xa7version\x01\xa4kind\xa1r\xa4mode\xa3run\xa5slots\x01".to_vec();
    bytes.extend(
        b"\xa7columns\x90\xaaparameters\x90\xa4root\x83\xa2op\xaeProduceResults\xa5slots\x90\xa5input",
    );
    for _ in 0..operators {
        bytes.extend(b"\x82\xa2op\xa5Eager\xa5input");
    }
    bytes.extend(b"\x83\xa2op\xa6Filter\xa9predicate");
    for _ in 0..expressions {
        bytes.extend(b"\x83\xa2op\xa5Unary\xa8operator\xa3not\xa7operand");
    }
    bytes.extend(b"\x82\xa2op\xa7Literal\xa5value\xc0\xa5input\x81\xa2op\xa8Argument");
    bytes
}

/// A test's thread has 2 MiB of stack, and the debug build's frames are the largest there are.
#[test]
fn depth_is_bounded() {
    assert!(Plan::decode(&nested(240, 0)).is_ok());
    assert!(Plan::decode(&nested(0, 240)).is_ok());
    for (operators, expressions) in [(300, 0), (0, 300), (100_000, 0), (0, 100_000)] {
        let error = Plan::decode(&nested(operators, expressions)).unwrap_err();
        assert!(error.message.contains("levels deep"), "{}", error.message);
    }
}
