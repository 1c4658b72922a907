# shellcheck shell=bash
# Long-running processes by pid file, and steps that say what they do and how long they took.
#
# Sourced by every script of control-plane/ and cluster/. The caller sets RUN_DIR (pid files) and LOG_DIR (one log a process).
# A process NAME is two files: RUN_DIR/NAME.pid, and RUN_DIR/NAME.exe with the path of its program. Both are compared with /proc before
# a signal is sent, so a pid that the system has given to somebody else since is never touched.

say() { printf '%s\n' "$*"; }

# fail MESSAGE...: says why on standard error and ends the script.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# now: seconds since the epoch with a fraction.
now() { printf '%s' "$EPOCHREALTIME"; }

# since START: seconds from START (of `now`) until now, one decimal.
since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'; }

STEP_PID=

# step TEXT LOG COMMAND...: runs COMMAND with its output in LOG; shows progress once a step takes longer than two seconds, then the
# time it took. A command that fails ends the script, with the end of its log and the log's path.
step() {
    local text=$1 log=$2 begin status=0 shown=0
    shift 2
    begin=$(now)
    mkdir -p "${log%/*}"
    printf '%-58s' "$text"
    # A process group of its own, so that an interrupted step takes its children with it (services run in sessions of their own).
    set -m
    (
        set +m
        "$@"
    ) >>"$log" 2>&1 </dev/null &
    STEP_PID=$!
    set +m
    while kill -0 "$STEP_PID" 2>/dev/null; do
        sleep 0.1
        if [ "$(awk -v s="$(since "$begin")" -v n="$shown" 'BEGIN { print (s >= 2 * (n + 1)) }')" = 1 ]; then
            shown=$((shown + 1))
            step_progress "$begin" "$shown"
        fi
    done
    wait "$STEP_PID" || status=$?
    STEP_PID=
    if [ "$status" -ne 0 ]; then
        printf ' FAILED after %s s\n' "$(since "$begin")"
        tail -n 15 "$log" | sed 's/^/    /' >&2
        fail "$text: failed (exit $status); the whole log is $log"
    fi
    printf ' %6s s\n' "$(since "$begin")"
}

# A dot every two seconds, and the seconds so far every twenty: readable on a terminal and in a file alike.
step_progress() {
    if [ $(($2 % 10)) -eq 0 ]; then printf ' %s s ' "$(since "$1")"; else printf '.'; fi
}

# Ends a step that is under way when the script is interrupted.
step_abort() {
    [ -z "$STEP_PID" ] || kill -TERM -- "-$STEP_PID" 2>/dev/null || true
    exit 130
}
trap step_abort INT TERM

# take_lock DESCRIPTOR TEXT: the lock of the open DESCRIPTOR; says what it waits for while somebody else holds it.
take_lock() {
    local begin
    flock -n "$1" && return
    begin=$(now)
    printf '%-58s' "waiting for $2"
    until flock -w 2 "$1"; do printf '.'; done
    printf ' %6s s\n' "$(since "$begin")"
}

process_pid() { cat "$RUN_DIR/$1.pid" 2>/dev/null || true; }

# process_alive NAME: whether the pid in the file is still the program that was started.
process_alive() {
    local pid program running
    pid=$(process_pid "$1")
    program=$(cat "$RUN_DIR/$1.exe" 2>/dev/null) || return 1
    [ -n "$pid" ] || return 1
    running=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    [ "${running% (deleted)}" = "$program" ]
}

# process_start NAME PROGRAM COMMAND...: starts COMMAND, which becomes PROGRAM, in a session of its own; its output is LOG_DIR/NAME.log.
# PROGRAM differs from the command's first word where that one changes the user first (setpriv).
process_start() {
    local name=$1 program tries
    program=$(command -v "$2") || fail "$2 is not installed"
    program=$(readlink -f "$program")
    shift 2
    mkdir -p "$RUN_DIR" "$LOG_DIR"
    process_alive "$name" && return
    (
        close_descriptors
        exec setsid "$@"
    ) >>"$LOG_DIR/$name.log" 2>&1 </dev/null &
    echo $! >"$RUN_DIR/$name.pid"
    echo "$program" >"$RUN_DIR/$name.exe"
    for ((tries = 0; tries < 40; tries++)); do
        process_alive "$name" && return
        sleep 0.05
    done
    process_complain "$name" "did not start"
}

# A service must keep nothing of its caller's: neither a lock, nor a pipe or socket by whose end somebody sees that the caller has ended.
close_descriptors() {
    local descriptor
    for descriptor in /proc/self/fd/*; do
        descriptor=${descriptor##*/}
        # Bash's own, for the script that it reads, closes itself.
        if ((descriptor > 2 && descriptor != 255)); then eval "exec $descriptor>&-"; fi
    done
}

process_complain() {
    printf '%s %s; its log is %s:\n' "$1" "$2" "$LOG_DIR/$1.log" >&2
    tail -n 12 "$LOG_DIR/$1.log" >&2 || true
    return 1
}

# process_ready NAME SECONDS COMMAND...: waits until COMMAND succeeds while NAME is alive.
process_ready() {
    local name=$1 seconds=$2 begin=$SECONDS
    shift 2
    while :; do
        process_alive "$name" || { process_complain "$name" "ended while it was starting"; return 1; }
        "$@" >/dev/null 2>&1 && return
        [ $((SECONDS - begin)) -lt "$seconds" ] || { process_complain "$name" "was not ready after $seconds s"; return 1; }
        sleep 0.1
    done
}

# process_stop NAME SECONDS: TERM, and KILL when it is still there after SECONDS. Not running is not an error.
process_stop() {
    local name=$1 seconds=$2 pid begin=$SECONDS
    pid=$(process_pid "$name")
    if process_alive "$name"; then
        kill -TERM "$pid"
        while process_alive "$name"; do
            if [ $((SECONDS - begin)) -ge "$seconds" ]; then
                echo "$name did not stop in $seconds s: KILL"
                kill -KILL "$pid"
                while process_alive "$name"; do sleep 0.05; done
                break
            fi
            sleep 0.1
        done
    fi
    rm -f "$RUN_DIR/$name.pid" "$RUN_DIR/$name.exe"
}

# process_kill NAME: KILL at once, as a crash would; the pid file stays, so that `status` shows it as dead.
process_kill() {
    process_alive "$1" || return 0
    kill -KILL "$(process_pid "$1")"
    while process_alive "$1"; do sleep 0.02; done
}

# process_status NAME: one line; false when NAME is not running.
process_status() {
    local pid
    pid=$(process_pid "$1")
    if process_alive "$1"; then
        printf '%-26s running  pid %-8s %4d MiB\n' "$1" "$pid" "$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status")"
    elif [ -n "$pid" ]; then
        printf '%-26s DEAD     was pid %s; log: %s\n' "$1" "$pid" "$LOG_DIR/$1.log"
        return 1
    else
        printf '%-26s stopped\n' "$1"
        return 1
    fi
}
