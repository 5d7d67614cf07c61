#!/usr/bin/env python3
"""Fuzz campaigns: builds the targets, runs them, and says what came of it. `make fuzz` and its like call this.

Everything that a run makes lies below fuzz/target, fuzz/corpus-run, fuzz/artifacts and fuzz/runs, none of it committed.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

FUZZ = pathlib.Path(__file__).resolve().parent
TABLE = {row["name"]: row for row in json.loads((FUZZ / "targets.json").read_text())}
BASELINE = FUZZ / "baseline.json"
# Names a finding: the first word of a panic message behind ORACLE, or the sanitizer's.
LABEL = re.compile(r"ORACLE ([^:\n]+)|ERROR: (AddressSanitizer: [\w-]+|libFuzzer: [\w -]+)|(panicked at [^\n]+)")
# A handshake of two instrumented stacks takes a millisecond; whoever needs seconds hangs.
SECONDS_PER_INPUT = 10
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
        self.rss, self.label, self.artifact, self.new_at = 0, None, None, 0.0
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
                if int(match[3]) > self.cov:
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
    folders = [FUZZ / kind / target for kind in ("seeds", "corpus", "regressions")]
    return [folder for folder in folders if folder.is_dir()]


def show(run, elapsed):
    if sys.stderr.isatty():
        since = elapsed - run.new_at
        print(
            f"\r{run.target}: {run.executions} executions, coverage {run.cov}, new {since:.0f} s ago   ",
            end="", file=sys.stderr, flush=True,
        )


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


def cmd_run(args):
    target = chosen(args.target)
    binary = build(args.san, targets=[target])
    run = Run(binary, target, args.time, args.seed, corpus_of(target), args.san)
    clean = run.play(show)
    row = finished(run)
    table([row])
    if clean and not row["executions"]:
        raise Stop(f"{target}: not one execution")
    if not clean:
        print(tail(run.log))
        print(f"fuzz: {row['finding']}; `make fuzz-triage` says more. Input: {row['artifact']}")
        return 1
    return 0


def tail(log):
    """The finding in its own words, without libFuzzer's."""
    at = max(log.find("panicked at"), log.find("ERROR:"))
    return log[at:at + 4000] if at >= 0 else log[-2000:]


def cmd_all(args):
    binary = build(args.san)
    if not (BASELINE.exists() or args.smoke or args.write_baseline):
        raise Stop("fuzz/baseline.json is missing: nothing to compare with; --write-baseline makes one")
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() and not args.smoke else {}
    rows, red = [], []
    log = FUZZ / "runs" / "all.jsonl"
    log.parent.mkdir(exist_ok=True)
    with open(log, "w") as lines:
        for target, row in TABLE.items():
            corpus = FUZZ / "runs" / "smoke" / target if args.smoke else corpus_of(target)
            if args.smoke:
                shutil.rmtree(corpus, ignore_errors=True)
            run = Run(binary, target, args.time, args.seed, corpus, args.san)
            clean = run.play(show)
            row_of = finished(run)
            rows.append(row_of)
            lines.write(json.dumps(row_of) + "\n")
            lines.flush()
            print(f"fuzz: {target}: {row_of['executions']} executions, {row_of['per_second']}/s, "
                  f"coverage {row_of['coverage']}{', ' + row_of['finding'] if row_of['finding'] else ''}", file=sys.stderr)
            if row["must_crash"]:
                if row_of["finding"] != "ORACLE self-test":
                    red.append(f"{target}: {row_of['finding'] or 'found nothing'}, and has to find its own crash")
            elif not clean:
                red.append(f"{target}: {row_of['finding']}")
            elif not row_of["executions"] or not row_of["initial_coverage"]:
                red.append(f"{target}: not one execution, or no coverage")
            red += worse(row_of, baseline.get(f"{args.san}/{target}"))
    table(rows)
    if args.write_baseline:
        kept = {f"{args.san}/{r['target']}": {k: r[k] for k in ("per_second", "initial_coverage")} for r in rows
                if not TABLE[r["target"]]["must_crash"]}
        BASELINE.write_text(json.dumps(kept, indent=1) + "\n")
    for line in red:
        print(f"fuzz: RED: {line}")
    return 1 if red else 0


def worse(row, old):
    if not old:
        return []
    red = []
    if row["per_second"] < old["per_second"] / 2:
        red.append(f"{row['target']}: {row['per_second']} executions a second, were {old['per_second']}")
    if row["initial_coverage"] and row["initial_coverage"] < old["initial_coverage"] * 0.95:
        red.append(f"{row['target']}: seeds and corpus reach {row['initial_coverage']} edges, were {old['initial_coverage']}")
    return red


def identity(binary):
    """Names the binaries of a folder by what is in them."""
    digest = hashlib.sha256()
    for path in sorted(binary.iterdir()):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def unplanted(binary, args):
    """The same binaries without a fault find nothing in what every run begins with."""
    for target in sorted({fault["target"] for fault in json.loads((FUZZ / "faults.json").read_text())}):
        run = Run(binary, target, 5, args.seed, FUZZ / "runs" / "faults" / f"none-{target}", args.san)
        clean = run.play(show)
        row = finished(run)
        if not clean or not row["executions"]:
            raise Stop(f"{target} without a fault: {row['finding'] or 'not one execution'}: mend that first")


def cmd_faults(args):
    """Every planted fault with every seed. Writes its table as it goes, and goes on where it stopped."""
    binary = build(args.san, faults=True)
    faults = json.loads((FUZZ / "faults.json").read_text())
    unplanted(binary, args)
    kept = FUZZ / "runs" / "faults.jsonl"
    kept.parent.mkdir(exist_ok=True)
    if args.fresh:
        kept.unlink(missing_ok=True)
    # What another build found says nothing of this one.
    build_id = identity(binary)
    done = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            row = json.loads(line)
            if row.get("build") == build_id:
                done[row["fault"], row["seed"], row["budget"]] = row
    with open(kept, "a") as lines:
        for fault in faults:
            for seed in range(1, args.seeds + 1):
                budget = args.budget * (10 if fault["target"] == "mitm" else 1)
                key = (fault["id"], seed, budget)
                if key in done:
                    continue
                corpus = FUZZ / "runs" / "faults" / f"{fault['id']}-{seed}"
                shutil.rmtree(corpus, ignore_errors=True)
                run = Run(binary, fault["target"], budget, seed, corpus, args.san, fault=fault["id"])
                clean = run.play(show)
                row = dict(finished(run), fault=fault["id"], seed=seed, budget=budget, build=build_id)
                # Any other end is none that the fault explains.
                row["found"] = not clean and row["executions"] > 0 and row["finding"] in fault["labels"]
                if not clean and not row["found"]:
                    print(f"fuzz: {fault['id']} seed {seed}: {row['finding']} is not what it is found by", file=sys.stderr)
                done[key] = row
                lines.write(json.dumps(row) + "\n")
                lines.flush()
                said = f"{row['finding']} after {row['seconds']} s, {row['executions']} executions" if row["found"] else "MISSED"
                print(f"fuzz: {fault['id']} seed {seed}: {said}", file=sys.stderr)
                shutil.rmtree(corpus, ignore_errors=True)
    rows = [done[f["id"], s, args.budget * (10 if f["target"] == "mitm" else 1)] for f in faults for s in range(1, args.seeds + 1)]
    print("| fault | planted | target | " + " | ".join(f"seed {s}" for s in range(1, args.seeds + 1)) + " |")
    print("| --- | --- | --- |" + " --- |" * args.seeds)
    for fault in faults:
        mine = [row for row in rows if row["fault"] == fault["id"]]
        cells = " | ".join(f"{row['seconds']} s, {row['executions']}" if row["found"] else "missed" for row in mine)
        print(f"| {fault['id']} | {fault['about']} | `{fault['target']}` | {cells} |")
    for seed in range(1, args.seeds + 1):
        missed = [row["fault"] for row in rows if row["seed"] == seed and not row["found"]]
        print(f"\nseed {seed}: {len(faults) - len(missed)} of {len(faults)} found" + (f"; missed {', '.join(missed)}" if missed else ""))
    worst = max(sum(1 for row in rows if row["seed"] == s and not row["found"]) for s in range(1, args.seeds + 1))
    return 1 if worst > 1 else 0


def cmd_control(args):
    """No fault planted, all targets in turn: every finding is a false alarm or a real one."""
    binary = build(args.san)
    names = [name for name, row in TABLE.items() if not row["must_crash"]]
    rows = []
    for name in names:
        run = Run(binary, name, max(1, args.time // len(names)), args.seed, corpus_of(name), args.san)
        run.play(show)
        rows.append(finished(run))
        print(f"fuzz: {name}: {rows[-1]['executions']} executions, {rows[-1]['finding'] or 'nothing found'}", file=sys.stderr)
        if not rows[-1]["executions"]:
            raise Stop(f"{name}: not one execution")
    table(rows)
    return 1 if any(row["finding"] for row in rows) else 0


def cmd_triage(args):
    """Every artifact: played ten times, grouped by its label, the smallest of a group made smaller and kept."""
    binary = build(args.san)
    groups = collections.defaultdict(list)
    for folder in sorted((FUZZ / "artifacts" / args.san).glob("*")):
        if folder.name not in TABLE or TABLE[folder.name]["must_crash"]:
            continue
        for path in sorted(folder.iterdir()):
            outcomes = [replayed(binary, folder.name, path) for _ in range(10)]
            labels = {outcome for outcome in outcomes if outcome}
            if not labels:
                print(f"fuzz: {path.relative_to(FUZZ)}: does not happen in this build (SAN={args.san}): mended, or not yet understood")
                continue
            flaky = None in outcomes or len(labels) > 1
            groups[folder.name, min(labels)].append((path.stat().st_size, path, flaky))
    for (target, label), found in sorted(groups.items()):
        _, path, flaky = min(found)
        print(f"\n{target}: {label}: {len(found)} inputs{', FLAKY' if flaky else ''}")
        small = minimised(binary, target, path, label)
        data = small.read_bytes()
        short = hashlib.sha256(data).hexdigest()[:8]
        word = re.sub(r"\W+", "-", label.removeprefix("ORACLE ")).strip("-").lower()
        kept = FUZZ / "regressions" / target / f"{word}-{short}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(data)
        print(f"  {path.stat().st_size} bytes -> {len(data)}: {kept.relative_to(FUZZ.parent)}")
        print("  next: mend it, then `cargo test --test fuzzing regressions`; the saved form of hellos is written by")
        print(f"  `SHAKEDOWN_WRITE_SEEDS=1 cargo test --test fuzzing regressions`, and stays right when targets change")
    if not groups:
        print("fuzz: no artifact that still finds something")
    return 1 if groups else 0


def replayed(binary, target, path):
    """The label of what an input finds, or None."""
    run = subprocess.run(
        [str(binary / target), str(path), f"-timeout={SECONDS_PER_INPUT}"], capture_output=True, text=True,
        errors="replace", env=dict(os.environ, RUST_BACKTRACE="0", ASAN_OPTIONS=ASAN), timeout=20 * SECONDS_PER_INPUT,
    )
    if run.returncode == 0:
        return None
    match = LABEL.search(run.stderr)
    oracle = re.search(r"ORACLE ([^:\n]+)", run.stderr)
    return f"ORACLE {oracle[1]}" if oracle else next((g for g in match.groups() if g), "crash") if match else "crash"


def minimised(binary, target, path, label, rounds=4000):
    """A smaller input with the same label: libFuzzer's own minimiser would also take another finding for the same."""
    best = path.read_bytes()
    scratch = FUZZ / "runs" / "minimise"
    scratch.mkdir(parents=True, exist_ok=True)
    candidate = scratch / "candidate"
    deadline = time.monotonic() + 60
    step = max(1, len(best) // 2)
    while step and time.monotonic() < deadline:
        at, shrunk = 0, False
        while at < len(best) and time.monotonic() < deadline:
            candidate.write_bytes(best[:at] + best[at + step:])
            if replayed(binary, target, candidate) == label:
                best, shrunk = candidate.read_bytes(), True
            else:
                at += step
        step = step if shrunk and step == 1 else step // 2
    small = scratch / f"{target}-small"
    small.write_bytes(best)
    return small


def cmd_min(args):
    """The smallest set of inputs that reaches what all of them reach, into fuzz/corpus/."""
    binary = build(args.san)
    for target in [chosen(args.target)] if args.target else [n for n, r in TABLE.items() if not r["must_crash"]]:
        kept = FUZZ / "runs" / "min" / target
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        sources = [corpus_of(target), FUZZ / "corpus" / target]
        sources = [str(folder) for folder in sources if folder.is_dir()]
        if not sources:
            print(f"fuzz: {target}: nothing to minimise: `make fuzz TARGET={target}` first")
            continue
        # The seeds come first, so that what they reach is not kept twice.
        seeds = [str(folder) for folder in inputs(target) if folder.parent.name != "corpus"]
        command = [str(binary / target), "-merge=1", f"-max_len={TABLE[target]['max_len']}", str(kept), *seeds, *sources]
        if subprocess.run(command, stderr=subprocess.DEVNULL, env=dict(os.environ, RUST_BACKTRACE="0")).returncode:
            raise Stop(f"{target}: the inputs could not be merged: `make fuzz-triage`")
        if not any(kept.iterdir()):
            raise Stop(f"{target}: the merge left nothing; what is committed stays as it is")
        known = {hashlib.sha256(p.read_bytes()).digest() for folder in seeds for p in pathlib.Path(folder).iterdir() if p.is_file()}
        files = [p for p in kept.iterdir() if hashlib.sha256(p.read_bytes()).digest() not in known]
        files.sort(key=lambda p: (p.stat().st_size, p.name))
        committed = FUZZ / "corpus" / target
        shutil.rmtree(committed, ignore_errors=True)
        committed.mkdir(parents=True)
        for path in files[:args.most]:
            shutil.copy(path, committed / path.name)
        print(f"fuzz: {target}: {min(len(files), args.most)} of {len(files)} inputs kept beside the seeds")
    return 0


def reached(binary, *folders):
    """The edges of OpenSSL's libssl that inputs reach, as names that hold in every target's binary, and the number of all
    edges. What is built before the first input is left out, as libFuzzer does."""
    symbolizer = shutil.which("llvm-symbolizer-19") or shutil.which("llvm-symbolizer", path="/usr/lib/llvm-19/bin")
    if not symbolizer or not shutil.which("readelf"):
        raise Stop("llvm-symbolizer-19 or readelf is missing: `make setup-fuzz`")
    tool = lambda *words, **more: subprocess.run(words, capture_output=True, text=True, check=True, **more).stdout
    with tempfile.TemporaryDirectory() as scratch:
        control = pathlib.Path(scratch) / "control"
        options = ["-merge=1", "-max_len=16384", f"-merge_control_file={control}"]
        tool(str(binary), *options, tempfile.mkdtemp(dir=scratch), *map(str, folders), errors="replace")
        lines = [line.split() for line in control.read_text(errors="replace").splitlines()]
        edges = {int(word) for line in lines if line[:1] == ["COV"] for word in line[2:]}
    start, size = re.search(r"__sancov_pcs\s+\S+\s+(\w+)\s+\w+\s+(\w+)", tool("readelf", "-SW", str(binary))).groups()
    moved = re.findall(r"^(\w+)\s+\w+ R_X86_64_RELATIVE\s+(\w+)", tool("readelf", "-rW", str(binary)), re.M)
    places = {int(place, 16): address for place, address in moved}
    # An address and flags, of eight bytes each.
    asked = "".join(f"0x{places[int(start, 16) + at]}\n" for at in range(0, int(size, 16), 16))
    said = tool(symbolizer, f"--obj={binary}", "--no-inlines", input=asked).strip().split("\n\n")
    seen, names = collections.Counter(), set()
    for at, where in enumerate(said):
        seen[where] += 1
        if at in edges and "/openssl-build/build/src/ssl/" in where:
            names.add((where, seen[where]))
    return names, len(edges)


def cmd_edges(args):
    """How much of libssl the seeds reach, beside what a ClientHello alone does."""
    folder = build("none")
    if compilers()[1]:
        raise Stop("the C libraries are built blind: there are no edges to count")
    seeds = FUZZ / "seeds"
    both, all_edges = reached(folder / "server_bytes", seeds / "server_bytes")
    print(f"server_bytes: {all_edges} edges, {len(both)} in libssl")
    for number, version in ((19, "TLS 1.2"), (29, "TLS 1.3")):
        whole = next((seeds / "server_bytes").glob(f"openssl-openssl-*-{number}")).read_bytes()
        with tempfile.TemporaryDirectory() as scratch:
            (pathlib.Path(scratch) / "hello").write_bytes(whole[:6 + int.from_bytes(whole[4:6], "big")])
            hello, all_edges = reached(folder / "server_bytes", scratch)
        print(f"a ClientHello of {version} alone: {all_edges} edges, {len(hello)} in libssl; the seeds {len(both) / len(hello):.2f} times that")
    client, all_edges = reached(folder / "client_bytes", seeds / "client_bytes")
    print(f"client_bytes: {all_edges} edges, {len(client)} in libssl; {len(both | client)} with server_bytes")
    return 0


def cmd_cov(args):
    """Which lines of the harness the committed inputs reach."""
    target = chosen(args.target)
    sysroot = subprocess.run(["rustc", "+nightly", "--print", "sysroot"], capture_output=True, text=True).stdout.strip()
    tools = list(pathlib.Path(sysroot).glob("lib/rustlib/*/bin/llvm-cov"))
    if not tools:
        print("fuzz: SKIPPED: no llvm-tools of nightly: `rustup component add llvm-tools --toolchain nightly`")
        return 0
    folder = FUZZ / "target" / "coverage"
    command = ["cargo", "+nightly", "fuzz", "coverage", "-s", "none", "--target-dir", str(folder), target]
    if subprocess.run([*command, *(str(f) for f in inputs(target))], cwd=FUZZ.parent).returncode:
        raise Stop("cargo fuzz coverage failed")
    binary = next(p for p in folder.glob(f"**/coverage/**/release/{target}") if p.is_file())
    profile = FUZZ / "coverage" / target / "coverage.profdata"
    subprocess.run([str(tools[0]), "report", str(binary), f"-instr-profile={profile}", "--sources", str(FUZZ.parent / "harness/src")])
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--san", choices=sorted(MEGABYTES), default="none", help="sanitizer (none)")
    parser.add_argument("--seed", type=int, default=1, help="libFuzzer's seed (1)")
    commands = parser.add_subparsers(required=True)

    def command(name, function, about):
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(function=function)
        return sub

    sub = command("run", cmd_run, "one target, for a time")
    sub.add_argument("target")
    sub.add_argument("--time", type=int, default=60, help="seconds (60)")
    sub = command("all", cmd_all, "every target in turn; a table, and fuzz/runs/all.jsonl")
    sub.add_argument("--time", type=int, default=30, help="seconds per target (30)")
    sub.add_argument("--smoke", action="store_true", help="from the committed inputs alone, without the baseline")
    sub.add_argument("--write-baseline", action="store_true", help="keep speed and coverage as fuzz/baseline.json")
    sub = command("faults", cmd_faults, "every planted fault with every seed; goes on where it stopped")
    sub.add_argument("--budget", type=int, default=60, help="seconds per fault and seed (60)")
    sub.add_argument("--seeds", type=int, default=3, help="libFuzzer seeds (3)")
    sub.add_argument("--fresh", action="store_true", help="forget what was played before")
    sub = command("control", cmd_control, "no fault planted: nothing may be found")
    sub.add_argument("--time", type=int, default=1800, help="seconds in all (1800)")
    command("triage", cmd_triage, "what the artifacts are, and the regressions they make")
    sub = command("min", cmd_min, "the corpus that is committed")
    sub.add_argument("target", nargs="?")
    sub.add_argument("--most", type=int, default=300, help="inputs per target (300)")
    sub = command("cov", cmd_cov, "coverage of the committed inputs")
    sub.add_argument("target")
    command("edges", cmd_edges, "edges of libssl that the seeds reach")
    command("build", lambda args: 0 if build(args.san) else 1, "build only")
    args = parser.parse_args()
    if getattr(args, "time", 1) < 1 or getattr(args, "budget", 1) < 1:
        parser.error("a time of 0 is libFuzzer's for ever")
    try:
        return args.function(args)
    except Stop as stop:
        print(f"fuzz: {stop}", file=sys.stderr)
        return 2
    except (OSError, subprocess.SubprocessError) as error:
        print(f"fuzz: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
