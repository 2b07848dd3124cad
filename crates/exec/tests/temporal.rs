//! Temporal values, row by row: construction, text, truncation, arithmetic, differences, parts, clocks.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use samyama_exec::plan::{BinaryOperator as B, Expression as E};

fn of(name: &str, text: &str) -> E {
    call(name, [literal(text)])
}

#[test]
fn texts_are_read_and_written() {
    for (name, text, expected) in [
        ("date", "2015-07-21", "2015-07-21"),
        ("date", "20150721", "2015-07-21"),
        ("date", "2015-W30-2", "2015-07-21"),
        ("date", "2015W302", "2015-07-21"),
        ("date", "2015-202", "2015-07-21"),
        ("date", "2015-Q3-21", "2015-07-21"),
        ("date", "2015", "2015-01-01"),
        ("date", "-999999999-01-01", "-999999999-01-01"),
        ("date", "+999999999-12-31", "+999999999-12-31"),
        ("localtime", "214032,142", "21:40:32.142"),
        ("localtime", "21", "21:00"),
        ("time", "21:40:32-0100", "21:40:32-01:00"),
        ("time", "2140Z", "21:40Z"),
        ("localdatetime", "2015-07-21T21:40:32.000001", "2015-07-21T21:40:32.000001"),
        (
            "datetime",
            "2015-07-21T21:40:32.142[Europe/London]",
            "2015-07-21T21:40:32.142+01:00[Europe/London]",
        ),
        (
            "datetime",
            "1818-07-21T21:40:32.142[Europe/Stockholm]",
            "1818-07-21T21:40:32.142+00:53:28[Europe/Stockholm]",
        ),
        ("datetime", "2017-03-26T02:30[Europe/Stockholm]", "2017-03-26T03:30+02:00[Europe/Stockholm]"),
        ("datetime", "2017-10-29T02:30[Europe/Stockholm]", "2017-10-29T02:30+02:00[Europe/Stockholm]"),
        ("datetime", "2017-10-29T02:30+01:00[Europe/Stockholm]", "2017-10-29T02:30+01:00[Europe/Stockholm]"),
        ("duration", "P0.75M", "P22DT19H51M49.5S"),
        ("duration", "P2.5W", "P17DT12H"),
        ("duration", "-P1DT0.5S", "P-1DT-0.5S"),
        ("duration", "P2012-02-02T14:37:21.545", "P2012Y2M2DT14H37M21.545S"),
        ("duration", "PT0S", "PT0S"),
    ] {
        assert_eq!(text_of(&of(name, text)), expected, "{name}('{text}')");
    }
}

fn text_of(expression: &E) -> String {
    text(&call("tostring", [expression.clone()])).trim_matches('\'').to_owned()
}

#[test]
fn what_does_not_exist_is_refused() {
    for (name, bad) in [
        ("date", "2015-02-29"),
        ("date", "2015-13-01"),
        ("date", "2015-W54"),
        ("date", "2015-366"),
        ("date", "+1000000000-01-01"),
        ("date", ""),
        ("date", "é015-01-01"),
        ("localtime", "24:00"),
        ("localtime", "12:60"),
        ("time", "12:00+19:00"),
        ("datetime", "2015-07-21T21:40[Nowhere/Land]"),
        ("datetime", "2015-07-21T21:40+05:00[Europe/London]"),
        ("duration", "P"),
        ("duration", "1Y"),
        ("duration", "P1D1Y"),
    ] {
        assert_eq!(text(&of(name, bad)), "ArgumentError: InvalidArgumentValue", "{name}('{bad}')");
    }
    golden([
        (
            call("date", [map([("year", literal(2015)), ("day", literal(3))])]),
            "ArgumentError: InvalidArgumentValue",
        ),
        (call("date", [map([("hour", literal(1))])]), "ArgumentError: InvalidArgumentValue"),
        (call("date", [literal(1)]), "TypeError: InvalidArgumentValue"),
        (call("duration", [map([("years", literal(i64::MAX))])]), "ArithmeticError: IntegerOverflow"),
        (call("date", [null()]), "null"),
        (call("date", [map([("year", null())])]), "null"),
    ]);
}

#[test]
fn maps_build_values_over_a_base() {
    let base = |text: &str| call("date", [literal(text)]);
    let zoned = || of("time", "12:31:14+01:00");
    for (expression, expected) in [
        (call("date", [map([("date", base("1984-11-11")), ("week", literal(1))])]), "1984-01-08"),
        (
            call(
                "date",
                [map([("date", base("1816-12-30")), ("week", literal(2)), ("dayOfWeek", literal(3))])],
            ),
            "1817-01-08",
        ),
        (call("time", [map([("time", zoned()), ("timezone", literal("+05:00"))])]), "16:31:14+05:00"),
        (call("time", [map([("time", zoned()), ("second", literal(42))])]), "12:31:42+01:00"),
        (call("localtime", [map([("hour", literal(1)), ("minute", literal(2))])]), "01:02"),
    ] {
        assert_eq!(text_of(&expression), expected, "of {expression:?}");
    }
}

#[test]
fn truncation_keeps_the_fields_of_the_unit() {
    let truncate =
        |unit: &str, value: E, parts: E| call("localdatetime.truncate", [literal(unit), value, parts]);
    let value = || of("localdatetime", "1984-01-01T12:31:14.645876123");
    for (expression, expected) in [
        (truncate("weekYear", value(), map([])), "1983-01-03T00:00"),
        (truncate("weekYear", value(), map([("day", literal(5))])), "1983-01-05T00:00"),
        (truncate("millennium", value(), map([])), "1000-01-01T00:00"),
        (
            truncate("millisecond", value(), map([("nanosecond", literal(2))])),
            "1984-01-01T12:31:14.645000002",
        ),
        (truncate("day", value(), map([("hour", literal(3))])), "1984-01-01T03:00"),
    ] {
        assert_eq!(text_of(&expression), expected, "of {expression:?}");
    }
}

#[test]
fn arithmetic_moves_the_calendar_and_the_clock() {
    let stockholm = |text: &str| of("datetime", &format!("{text}[Europe/Stockholm]"));
    let plus = |value: E, duration: &str| binary(value, B::Add, of("duration", duration));
    for (expression, expected) in [
        (plus(of("date", "2011-01-31"), "P1M"), "2011-02-28"),
        (plus(of("date", "2011-01-31"), "PT47H"), "2011-02-01"),
        (plus(of("localtime", "23:00"), "P1DT2H"), "01:00"),
        (plus(stockholm("2017-10-28T12:00"), "P1D"), "2017-10-29T12:00+01:00[Europe/Stockholm]"),
        (plus(stockholm("2017-10-28T12:00"), "PT24H"), "2017-10-29T11:00+01:00[Europe/Stockholm]"),
        (binary(of("date", "2012-02-29"), B::Sub, of("duration", "P1Y")), "2011-02-28"),
        (binary(of("duration", "P1M"), B::Div, literal(2)), "P15DT5H14M33S"),
        (binary(of("duration", "PT1S"), B::Mul, literal(0.5)), "PT0.5S"),
        (binary(of("duration", "PT-1S"), B::Add, of("duration", "PT0.999S")), "PT-0.001S"),
    ] {
        assert_eq!(text_of(&expression), expected, "of {expression:?}");
    }
    golden([
        (
            binary(of("date", "+999999999-12-31"), B::Add, of("duration", "P1D")),
            "ArgumentError: InvalidArgumentValue",
        ),
        (binary(of("date", "2011-01-31"), B::Add, literal(1)), "TypeError: InvalidArgumentType"),
        (binary(of("duration", "P1D"), B::Div, literal(0)), "ArithmeticError: DivisionByZero"),
    ]);
}

#[test]
fn differences_borrow_what_a_side_lacks() {
    let stockholm = |text: &str| of("datetime", &format!("{text}[Europe/Stockholm]"));
    for (a, b, expected) in [
        (of("date", "1984-10-11"), of("date", "2015-06-24"), "P30Y8M13D"),
        (of("date", "2015-06-24"), of("date", "1984-10-11"), "P-30Y-8M-13D"),
        (of("localtime", "14:30"), of("date", "2015-06-24"), "PT-14H-30M"),
        (stockholm("2017-10-29T00:00"), of("localtime", "04:00"), "PT5H"),
        (stockholm("2017-10-29T00:00"), stockholm("2017-10-30T00:00"), "P1D"),
        (of("date", "-999999999-01-01"), of("date", "+999999999-12-31"), "P1999999998Y11M30D"),
    ] {
        assert_eq!(text_of(&call("duration.between", [a.clone(), b.clone()])), expected, "{a:?} to {b:?}");
    }
    let day = call("duration.inseconds", [stockholm("2017-10-29T00:00"), stockholm("2017-10-30T00:00")]);
    assert_eq!(text_of(&day), "PT25H");
}

#[test]
fn parts_have_names() {
    let value = || of("datetime", "1984-11-11T12:31:14.645876123[Europe/Stockholm]");
    let negative = || of("duration", "PT-23H-59M-59.9S");
    golden([
        (property(value(), "weekYear"), "1984"),
        (property(value(), "microsecond"), "645876"),
        (property(value(), "timezone"), "'Europe/Stockholm'"),
        (property(value(), "offset"), "'+01:00'"),
        (property(value(), "epochMillis"), "469020674645"),
        (property(value(), "nonsense"), "null"),
        (property(negative(), "seconds"), "-86400"),
        (property(negative(), "nanosecondsOfSecond"), "100000000"),
    ]);
}

#[test]
fn clocks_are_the_draws_of_the_statement() {
    assert_eq!(text_of(&call("datetime", [])), "2026-11-24T02:30:00.123456789Z");
    assert_eq!(text_of(&call("datetime.transaction", [])), "2026-11-24T02:29:59.123456789Z");
    assert_eq!(text_of(&call("date", [])), "2026-11-24");
    assert_eq!(text_of(&call("localtime.statement", [literal("Asia/Tokyo")])), "11:30:00.123456789");
    assert_eq!(text(&call("timestamp", [])), "1795487400123");
}
