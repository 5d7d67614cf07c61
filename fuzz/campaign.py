#!/usr/bin/env python3
"""Fuzz campaigns: builds the targets, runs them, and says what came of it. `make fuzz` and its like call this.

Everything that a run makes lies below fuzz/target, fuzz/coverage, fuzz/artifacts and fuzz/runs, none of it committed.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys

from findings import cmd_cov, cmd_edges, cmd_min, cmd_triage
from libfuzzer import (
    BASELINE, FUZZ, MEGABYTES, TABLE, Run, Stop, build, chosen, corpus_of, finished, show, table,
)


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
