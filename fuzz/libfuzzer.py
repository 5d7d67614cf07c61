"""Building the targets and running libFuzzer: what the commands of campaign.py and findings.py share."""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

FUZZ = pathlib.Path(__file__).resolve().parent
TABLE = {row["name"]: row for row in json.loads((FUZZ / "targets.json").read_text())}
BASELINE = FUZZ / "baseline.json"
# Names a finding: the first word of a panic message behind ORACLE, or the sanitizer's.
LABEL = re.compile(r"ORACLE ([^:\n]+)|ERROR: (AddressSanitizer: [\w-]+|libFuzzer: [\w -]+)|(panicked at [^\n]+)")
# A handshake of two instrumented stacks takes a millisecond; whoever needs seconds hangs.
SECONDS_PER_INPUT = 10
# Where standard error is no terminal.
SECONDS_BETWEEN_LINES = 30
ASAN = "detect_leaks=0:allocator_may_return_null=1"
MEGABYTES = {"none": 2048, "address": 4096}


class Stop(Exception):
    """A failure that is said in one line."""


def compilers():
    """The environment under which the C libraries are built with edges, or why they are not."""
    if all(shutil.which(tool) for tool in ("clang-19", "clang++-19", "llvm-ar-19")):
        return {"CC": "clang-19", "CXX": "clang++-19", "AR": "llvm-ar-19"}, None
    return {}, (
        "fuzz: clang-19 is missing: OpenSSL, AWS-LC and s2n are built BLIND, libFuzzer sees none of their edges.\n"
        "fuzz: `make setup-fuzz` installs what is missing (Debian packages clang-19 and llvm-19)."
    )


def build(san, faults=False, targets=()):
    """Builds the targets in a flavour; the folder with the binaries."""
    if not shutil.which("cargo-fuzz"):
        raise Stop("cargo-fuzz is missing: `make setup-fuzz`")
    found, blind = compilers()
    flavour = san + ("-blind" if blind else "")
    env = dict(os.environ, **found)
    if blind:
        print(blind, file=sys.stderr)
    else:
        flags = "-fsanitize=fuzzer-no-link" + (",address" if san == "address" else "")
        # Whatever the environment brings, OpenSSL's fuzzer mode accepts a wrong Finished.
        env["CFLAGS"] = f"{flags} -UFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
        env["CXXFLAGS"] = ""
    folder = FUZZ / "target" / flavour
    command = ["cargo", "+nightly", "fuzz", "build", "-s", san, "--target-dir", str(folder), *targets]
    if faults:
        command += ["--features", "faults"]
    started = time.monotonic()
    # One after the other where a name is given: cargo-fuzz takes one.
    if subprocess.run(command, cwd=FUZZ.parent, env=env, stdout=sys.stderr).returncode:
        raise Stop("the fuzz targets do not build")
    release = next(folder.glob("*/release"))
    kept = folder / ("faults" if faults else "plain")
    kept.mkdir(exist_ok=True)
    for name in targets or TABLE:
        # A copy: building with other features overwrites the original.
        shutil.copy2(release / name, kept / name)
    print(f"fuzz: built {flavour}{', with faults' if faults else ''} in {time.monotonic() - started:.0f} s", file=sys.stderr)
    return kept


class Run:
    """One libFuzzer process, read line by line."""

    STATUS = re.compile(r"#(\d+)\s+(\w+)(?:\s+cov: (\d+) ft: (\d+) corp: (\d+)/\S+)?")

    def __init__(self, binary, target, seconds, seed, corpus, san="none", fault=None, extra=()):
        row = TABLE[target]
        self.target, self.executions, self.cov, self.initial, self.corpus = target, 0, 0, None, 0
        self.rss, self.label, self.artifact, self.new_at, self.said_at = 0, None, None, 0.0, 0.0
        # What a planted fault is found by is no finding.
        artifacts = FUZZ / "runs" / "faults" / "artifacts" if fault else FUZZ / "artifacts" / san / target
        artifacts.mkdir(parents=True, exist_ok=True)
        corpus.mkdir(parents=True, exist_ok=True)
        command = [str(binary / target), str(corpus)]
        command += [str(folder) for folder in inputs(target)]
        command += [f"-max_total_time={seconds}", f"-max_len={row['max_len']}", f"-seed={seed}"]
        command += [f"-artifact_prefix={artifacts}/", f"-timeout={SECONDS_PER_INPUT}"]
        command += [f"-rss_limit_mb={MEGABYTES[san]}", "-print_final_stats=1", *extra]
        if row["dictionary"]:
            command.append(f"-dict={FUZZ / 'tls.dict'}")
        env = dict(os.environ, RUST_BACKTRACE="0", ASAN_OPTIONS=ASAN)
        env.pop("SHAKEDOWN_FAULT", None)
        if fault:
            env["SHAKEDOWN_FAULT"] = fault
        self.command, self.env = command, env

    def play(self, progress=None):
        """Runs to the end; whether it was clean. `progress` is called about once a second."""
        started = shown = time.monotonic()
        log = collections.deque(maxlen=400)
        process = subprocess.Popen(
            self.command, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        try:
            for line in process.stderr:
                log.append(line)
                self.read(line, time.monotonic() - started)
                if progress and time.monotonic() - shown >= 1:
                    shown = time.monotonic()
                    progress(self, shown - started)
        finally:
            process.kill()
            code = process.wait()
        self.seconds = time.monotonic() - started
        self.log = "".join(log)
        if code not in (0, 77, 1, -9) and self.label is None:
            self.label = f"exit status {code}"
        if code and self.label is None and self.artifact is None:
            self.label = f"exit status {code}"
        if code and self.label and self.artifact is None and "INFO: " not in self.log:
            raise Stop(f"{self.target} did not start: {self.log.strip()[-300:]}")
        return code == 0

    def read(self, line, at):
        if match := self.STATUS.match(line):
            self.executions = int(match[1])
            if match[3]:
                if match[2] == "NEW":
                    self.new_at = at
                self.cov, self.corpus = int(match[3]), int(match[5])
                if match[2] == "INITED":
                    self.initial = self.cov
        elif line.startswith("stat::number_of_executed_units:"):
            self.executions = int(line.split()[-1])
        elif line.startswith("stat::peak_rss_mb:"):
            self.rss = int(line.split()[-1])
        elif "Test unit written to" in line:
            self.artifact = line.split()[-1]
        if self.label is None and (match := LABEL.search(line)):
            self.label = (match[1] and f"ORACLE {match[1]}") or match[2]
            self.where = match[3]

    def result(self):
        rate = self.executions / self.seconds if self.seconds else 0
        return {
            "target": self.target,
            "executions": self.executions,
            "per_second": round(rate),
            "initial_coverage": self.initial,
            "coverage": self.cov,
            "corpus": self.corpus,
            "peak_rss_mb": self.rss,
            "seconds": round(self.seconds, 1),
            "finding": self.label if self.artifact or self.label else None,
            "artifact": self.artifact and os.path.relpath(self.artifact, FUZZ.parent),
        }


def inputs(target):
    """The folders with what every run begins with."""
    folders = [folder for kind in ("seeds", "corpus", "regressions") if (folder := FUZZ / kind / target).is_dir()]
    longest = TABLE[target]["max_len"]
    for path in (path for folder in folders for path in folder.iterdir()):
        # libFuzzer would read its beginning alone, and say nothing.
        # A saved form beside a regression is no input.
        is_input = path.suffix != ".toml" or path.parent.parent.name != "regressions"
        if is_input and path.stat().st_size > longest:
            raise Stop(
                f"{path.relative_to(FUZZ.parent)} has {path.stat().st_size} bytes, {target} reads {longest}: take it out, "
                "or raise max_len in harness/src/fuzzing/mod.rs and `make fuzz-seeds`"
            )
    return folders


def show(run, elapsed):
    """Progress: over and over in one line on a terminal, else a line now and then."""
    said = f"{run.target}: {run.executions} executions, coverage {run.cov}, new {elapsed - run.new_at:.0f} s ago"
    if sys.stderr.isatty():
        print(f"\r{said}   ", end="", file=sys.stderr, flush=True)
    elif elapsed - run.said_at >= SECONDS_BETWEEN_LINES:
        run.said_at = elapsed
        print(f"fuzz: {said}", file=sys.stderr, flush=True)


def finished(run):
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return run.result()


def table(rows):
    head = ("target", "executions", "/s", "initial", "cov", "corpus", "MiB", "finding")
    keys = ("target", "executions", "per_second", "initial_coverage", "coverage", "corpus", "peak_rss_mb", "finding")
    lines = [head] + [tuple(str(row[key] if row[key] is not None else "-") for key in keys) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def chosen(name):
    if name not in TABLE:
        raise Stop(f"no target {name!r}; there are {', '.join(TABLE)}")
    return name


def corpus_of(target):
    return FUZZ / "runs" / "corpus" / target
