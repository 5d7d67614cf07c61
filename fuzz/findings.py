"""What campaigns left: findings and the regressions they make, the corpus that is committed, the lines it reaches."""

import collections
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from libfuzzer import ASAN, FUZZ, LABEL, SECONDS_PER_INPUT, TABLE, Stop, build, chosen, compilers, corpus_of, inputs

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
        print("  next: mend it, then `cargo test --test fuzzing regressions`; the saved form of what was drawn is written by")
        print("  `SHAKEDOWN_WRITE_SEEDS=1 cargo test --test fuzzing regressions`, and stays right when targets change")
    if not groups:
        print("fuzz: no artifact that still finds something")
    return 1 if groups else 0


def replayed(binary, target, path):
    """The label of what an input finds, or None."""
    # libFuzzer writes the input of a crash once more.
    scratch = FUZZ / "runs" / "replayed"
    scratch.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        [str(binary / target), str(path), f"-timeout={SECONDS_PER_INPUT}", f"-artifact_prefix={scratch}/"], capture_output=True, text=True,
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
        if not control.exists():
            raise Stop(f"{binary.name}: libFuzzer left no account of what it reached")
        lines = [line.split() for line in control.read_text(errors="replace").splitlines()]
        edges = {int(word) for line in lines if line[:1] == ["COV"] for word in line[2:]}
    table = re.search(r"__sancov_pcs\s+\S+\s+(\w+)\s+\w+\s+(\w+)", tool("readelf", "-SW", str(binary)))
    if not table:
        raise Stop(f"{binary.name} has no table of edges: it is not instrumented")
    start, size = table.groups()
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
        found = sorted((seeds / "server_bytes").glob(f"openssl-openssl-*-{number}"))
        if not found:
            raise Stop(f"there is no seed of plan {number}: `make fuzz-seeds`")
        whole = found[0].read_bytes()
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
        raise Stop("no llvm-tools of nightly: `rustup component add llvm-tools --toolchain nightly`")
    folder = FUZZ / "target" / "coverage"
    command = ["cargo", "+nightly", "fuzz", "coverage", "-s", "none", "--target-dir", str(folder), target]
    if subprocess.run([*command, *(str(f) for f in inputs(target))], cwd=FUZZ.parent).returncode:
        raise Stop("cargo fuzz coverage failed")
    # Where --target-dir is given, cargo-fuzz leaves its own `coverage` folder out of the path.
    binary = next((p for p in sorted(folder.glob(f"**/release/{target}")) if p.is_file()), None)
    if binary is None:
        raise Stop(f"cargo fuzz coverage left no program {target} below {folder}")
    profile = FUZZ / "coverage" / target / "coverage.profdata"
    report = [str(tools[0]), "report", str(binary), f"-instr-profile={profile}", "--sources", str(FUZZ.parent / "harness/src")]
    if subprocess.run(report).returncode:
        raise Stop("llvm-cov could not read the profile")
    return 0
