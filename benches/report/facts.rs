//! What was measured with: the machine and the libraries.

use std::fs;

use shakedown::engine::backends;

fn of_file(path: &str, key: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
}

pub fn facts() -> Vec<Vec<String>> {
    let pair = |name: &str, value: String| vec![name.to_owned(), value];
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut rows = vec![
        pair("processor", format!("{}, {cores} cores", of_file("/proc/cpuinfo", "model name"))),
        pair("memory", of_file("/proc/meminfo", "MemTotal")),
        pair("kernel", kernel.trim().to_owned()),
        pair("measured", jiff::Zoned::now().strftime("%Y-%m-%d").to_string()),
    ];
    for stack in backends().values() {
        rows.push(pair(stack.id(), stack.version()));
    }
    rows.push(pair("conditions", shakedown::bench::golden::conditions()));
    rows
}
