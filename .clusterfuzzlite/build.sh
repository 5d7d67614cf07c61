#!/bin/bash
# Builds every target of fuzz/targets.json into $OUT, each with its seeds, dictionary and options. The image sets SRC, OUT,
# SANITIZER, CC and CFLAGS; `.ci/clusterfuzzlite` plays it without the image.
set -euo pipefail
cd "$SRC/shakedown"

# The image asks for OpenSSL's fuzzer mode, in which a wrong Finished is accepted: no oracle means anything then, and the
# targets refuse to run.
export CFLAGS="${CFLAGS:-} -UFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
if [ -n "${CXXFLAGS:-}" ]; then export CXXFLAGS="$CXXFLAGS -UFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"; fi

sanitizer=${SANITIZER:-address}
options=()
if [ "$sanitizer" = coverage ]; then
  # The image's own flags are for the lines of Rust; the C libraries are built as they ship.
  export CFLAGS="" CXXFLAGS="" RUSTFLAGS="${RUSTFLAGS:-} -C debug-assertions=no"
  sanitizer=none
else
  options+=(--debug-assertions)
fi
target_dir=${FUZZ_TARGET_DIR:-fuzz/target/clusterfuzzlite}
# For coverage the image's own `cargo` builds into the crate's folder, whatever it is told.
if [ "${SANITIZER:-address}" = coverage ]; then target_dir=fuzz/target; fi
cargo fuzz build -O -s "$sanitizer" "${options[@]}" --target-dir "$target_dir"

release=$(echo "$target_dir"/x86_64-*/release)
python3 - "$release" "$OUT" <<'PACK'
import json, pathlib, shutil, sys, zipfile

release, out = map(pathlib.Path, sys.argv[1:])
for row in json.loads(pathlib.Path("fuzz/targets.json").read_text()):
    name = row["name"]
    if row["must_crash"]:
        # It shows that `make fuzz-smoke` finds crashes; an engine would report it for ever.
        continue
    shutil.copy2(release / name, out / name)
    with zipfile.ZipFile(out / f"{name}_seed_corpus.zip", "w", zipfile.ZIP_DEFLATED) as corpus:
        for kind in ("seeds", "corpus", "regressions"):
            for path in sorted(pathlib.Path("fuzz", kind, name).glob("*")):
                if path.suffix != ".toml" or kind == "seeds":
                    corpus.write(path, f"{kind}-{path.name}")
    options = f"[libfuzzer]\nmax_len = {row['max_len']}\n"
    if row["dictionary"]:
        shutil.copy2("fuzz/tls.dict", out / f"{name}.dict")
        options += f"dict = {name}.dict\n"
    (out / f"{name}.options").write_text(options)
PACK
