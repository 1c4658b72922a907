# shellcheck shell=bash
# What is tried with each release of Slurm. Sourced after lib.sh by cluster/test-releases (the machine's own Slurm) and releases/run.

# Real pods: their job as Slurm sees it, every kind of exit, and deletion, which stops the supervisor and cancels jobs.
POD_TESTS='^ClusterTests.*/(submission|exitCodes|deletion)\('

# test_step TEXT NAME COMMAND...: a run of tests as one step, and what the runner said of it at the end.
test_step() {
    local text=$1 log=$LOG_DIR/$2.log
    shift 2
    rm -f "$log"
    step "$RELEASE: $text" "$log" "$@"
    grep -E 'Test run with [1-9][0-9]* test' "$log" | tail -n 1 | sed 's/^[^T]*/    /' ||
        fail "$text: no test was run; the whole log is $log"
}

# test_release COMMAND...: COMMAND is `swift test` with what it needs; filters are added.
test_release() {
    test_step "Slurm's tests" slurm "$@" --filter '^SlurmTests'
    test_step "real pods" pods "$@" --filter "$POD_TESTS"
}
