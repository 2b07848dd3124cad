//! Runs seeds, and says what they found and how to see it again.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use samyama_sim::report::{Report, Total};
use samyama_sim::run::{Options, run_seed};

const USAGE: &str = "\
samyama-sim: seeded simulation of whole clusters

  --seeds N      run N seeds (200)
  --first S      the first of them (1)
  --hours H      go on for H hours of this machine's time instead
  --seed S       run one seed, and say what it did
  --trace FILE   with --seed: write everything that happened to FILE
  --threads T    run as many at a time (the machine's cores)
  --replay K     run every Kth seed twice and compare the traces (20); 0: none

A seed that finds something prints the command that shows it again.";

struct Arguments {
    seeds: u64,
    first: u64,
    limit: Option<Duration>,
    seed: Option<u64>,
    trace: Option<String>,
    threads: usize,
    replay: u64,
}

fn parse() -> Result<Arguments, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut arguments =
        Arguments { seeds: 200, first: 1, limit: None, seed: None, trace: None, threads, replay: 20 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is no number"));
        match word.as_str() {
            "--seeds" => arguments.seeds = number(value()?)?,
            "--first" => arguments.first = number(value()?)?,
            "--seed" => arguments.seed = Some(number(value()?)?),
            "--trace" => arguments.trace = Some(value()?),
            "--threads" => arguments.threads = number(value()?)?.max(1) as usize,
            "--replay" => arguments.replay = number(value()?)?,
            "--hours" => {
                let hours: f64 = value()?.parse().map_err(|_| "--hours needs a number".to_owned())?;
                arguments.limit = Some(Duration::from_secs_f64(hours.max(0.0) * 3600.0));
            }
            "--help" | "-h" => return Err(USAGE.into()),
            _ => return Err(format!("{word} is not known\n\n{USAGE}")),
        }
    }
    Ok(arguments)
}

fn main() -> ExitCode {
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let is_good = match arguments.seed {
        Some(seed) => show(seed, arguments.trace.as_deref()),
        None => campaign(&arguments),
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One seed, in detail.
fn show(seed: u64, trace: Option<&str>) -> bool {
    let report = run_seed(seed, Options { defect: None, is_traced: trace.is_some() });
    if let Some(path) = trace
        && let Err(error) = File::create(path).and_then(|mut file| file.write_all(&report.trace))
    {
        eprintln!("{path}: {error}");
        return false;
    }
    let mut total = Total::default();
    total.add(&report);
    print!("{total}");
    tell(&report);
    report.findings.is_empty()
}

fn tell(report: &Report) {
    for finding in &report.findings {
        println!("seed {}: {finding}", report.seed);
    }
    if !report.findings.is_empty() {
        println!("  again: cargo run --release -p samyama-sim -- --seed {} --trace seed.trace", report.seed);
    }
}

/// Where two traces part, with the last line they share.
fn first_difference(one: &[u8], other: &[u8]) -> Option<String> {
    if one == other {
        return None;
    }
    let (mut ours, mut theirs) = (one.split(|byte| *byte == b'\n'), other.split(|byte| *byte == b'\n'));
    let (mut number, mut before) = (0_u64, String::new());
    loop {
        number += 1;
        let (a, b) = (ours.next(), theirs.next());
        let text = |line: Option<&[u8]>| {
            line.map_or("(end)".into(), |line| String::from_utf8_lossy(line).into_owned())
        };
        if a != b {
            return Some(format!(
                "line {number}: after {before:?} once {:?} and once {:?}",
                text(a),
                text(b)
            ));
        }
        before = text(a);
    }
}

/// Many seeds, some of them twice.
fn campaign(arguments: &Arguments) -> bool {
    let began = Instant::now();
    let next = AtomicU64::new(arguments.first);
    let sum = Mutex::new((Total::default(), 0_u64));
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let is_done = match arguments.limit {
                        Some(limit) => began.elapsed() > limit,
                        None => seed >= arguments.first + arguments.seeds,
                    };
                    if is_done {
                        return;
                    }
                    let is_twice = arguments.replay > 0 && seed.is_multiple_of(arguments.replay);
                    let options = Options { defect: None, is_traced: is_twice };
                    let mut report = run_seed(seed, options);
                    if is_twice {
                        let again = run_seed(seed, options);
                        if let Some(difference) = first_difference(&report.trace, &again.trace) {
                            report.findings.push(format!("two runs of it differ: {difference}"));
                        }
                    }
                    note(&sum, &report, is_twice, began);
                }
            });
        }
    });
    let (total, broken) = match sum.into_inner() {
        Ok(sum) => sum,
        Err(poisoned) => poisoned.into_inner(),
    };
    if io::stderr().is_terminal() {
        eprintln!();
    }
    print!("{total}");
    println!("{:.0} s of this machine's time", began.elapsed().as_secs_f64());
    if total.void > 0 {
        println!("void seeds prove nothing: the setup must be drawn so that there are none");
    }
    println!(
        "{}",
        if broken == 0 { "no invariant broken".into() } else { format!("{broken} seeds found something") }
    );
    broken == 0 && total.void == 0
}

fn note(sum: &Mutex<(Total, u64)>, report: &Report, is_twice: bool, began: Instant) {
    let mut sum = match sum.lock() {
        Ok(sum) => sum,
        Err(poisoned) => poisoned.into_inner(),
    };
    sum.0.add(report);
    sum.0.replayed += u64::from(is_twice);
    if report.is_void() {
        println!("seed {} was void", report.seed);
    }
    if !report.findings.is_empty() {
        sum.1 += 1;
        tell(report);
    }
    if !io::stderr().is_terminal() {
        return;
    }
    let virtual_minutes = sum.0.elapsed.as_secs_f64() / 60.0;
    eprint!(
        "\r{} seeds, {virtual_minutes:.1} virtual minutes in {:.0} s, {} found something ",
        sum.0.seeds,
        began.elapsed().as_secs_f64(),
        sum.1
    );
    drop(io::stderr().flush());
}
