//! What the operating system says of this process. Linux only; elsewhere everything is 0.

/// Ticks of `/proc/self/stat` in a second: fixed by Linux for all that read it.
const TICKS_PER_SECOND: u64 = 100;

#[derive(Clone, Copy, Debug, Default)]
pub struct Process {
    pub resident_bytes: u64,
    pub open_fds: u64,
    pub cpu_us: u64,
}

pub fn measure() -> Process {
    let resident_kib = std::fs::read_to_string("/proc/self/status").ok().and_then(|text| {
        text.lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    // The command's name, in parentheses, may hold anything: the numbers are counted behind it.
    let ticks = std::fs::read_to_string("/proc/self/stat").ok().and_then(|text| {
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(user + system)
    });
    // The directory that is being read is one of them.
    let open_fds = std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count().saturating_sub(1));
    Process {
        resident_bytes: resident_kib.unwrap_or_default() * 1024,
        open_fds: open_fds as u64,
        cpu_us: ticks.unwrap_or_default() * (1_000_000 / TICKS_PER_SECOND),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn this_process_has_memory_files_and_a_past() {
        let mut sum = 0_u64;
        let before = super::measure();
        while super::measure().cpu_us <= before.cpu_us {
            sum = sum.wrapping_mul(31).wrapping_add(7);
        }
        assert!(before.resident_bytes > 1 << 20 && before.open_fds > 2, "{before:?} {sum}");
    }
}
