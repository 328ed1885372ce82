#!/usr/bin/env bash
# Runs fuzz targets for so many seconds each, all of them or those that are named, and prints what came of it.
#
#     tests/tools/fuzz/run.sh 600 [TARGET...]      JOBS=2: so many at a time
#
# Needs a C++ compiler and cargo-fuzz (`cargo install cargo-fuzz --locked`), but no nightly toolchain. What they begin with is
# written by `cargo test --test fuzz`. New inputs go to target/fuzz-corpus, which the next run goes on from; inputs that break
# something to fuzz/artifacts; logs to target/fuzz-logs.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seconds=${1:?usage: run.sh SECONDS [TARGET...]}
shift
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\([a-z0-9]*\)"$/\1/p' fuzz/Cargo.toml)
# The compiler's coverage flags are stable; that they may be combined so is not.
export RUSTC_BOOTSTRAP=1
cargo test --quiet --test fuzz
cargo fuzz build -s none

run() {
    new=target/fuzz-corpus/$2
    log=target/fuzz-logs/$2
    mkdir -p "$new" target/fuzz-logs
    # A finding ends a run early.
    cargo fuzz run -s none "$2" "$new" "fuzz/corpus/$2" "target/tmp/fuzz-seeds/$2" -- -max_total_time="$1" \
        -rss_limit_mb=2048 -timeout=10 -max_len=8192 -print_final_stats=1 >"$log" 2>&1 || true
    stat() { sed -n "s/^stat::$1: *//p" "$log"; }
    last=$(grep -E '^#[0-9]+.* cov: ' "$log" | tail -n 1)
    field() { sed -n "s/.* $1: \([0-9]*\).*/\1/p" <<<"$last"; }
    found=$(find "fuzz/artifacts/$2" -type f 2>/dev/null | wc -l)
    printf '| %s | %s | %s | %s | %s | %s |\n' "$2" "$(stat number_of_executed_units)" "$(field cov)" "$(field ft)" \
        "$(stat peak_rss_mb)" "$found"
}
export -f run

echo '| target | executions | edges | features | peak MB | findings |'
echo '|---|--:|--:|--:|--:|--:|'
printf '%s\n' "$@" | xargs -P "${JOBS:-1}" -I{} bash -c 'run "$@"' run "$seconds" {}
