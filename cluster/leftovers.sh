# shellcheck shell=bash
# What a cluster that goes down must not leave: jobs, their processes, their fuse mounts; and with --purge, its folder and user.
# Sourced after components.sh.

# Jobs end while slurmctld and the slurmds are there to end them.
cancel_jobs() {
    export SLURM_CONF
    process_alive slurmctld || { echo "slurmctld is not running: no jobs to cancel"; return 0; }
    local jobs tries
    jobs=$(squeue --noheader --format=%i | wc -l)
    [ "$jobs" -gt 0 ] || return 0
    echo "cancelling $jobs jobs"
    scancel --user="$HPK_USER" || true
    scancel --user=root || true
    # KillWait is 5 s: after that Slurm ends them by KILL.
    for ((tries = 0; tries < 150; tries++)); do
        [ "$(squeue --noheader --format=%i | wc -l)" -gt 0 ] || return 0
        sleep 0.1
    done
    echo "some jobs did not end in 15 s; their processes are ended below"
}

# Job steps of a slurmd that was killed, and the user's own processes. Each is found by what it is (a step of this cluster's nodes, a
# process of the cluster's own user whose home is this cluster's), never by name alone.
end_leftovers() {
    local pid uid
    for pid in $(leftover_processes); do
        echo "ending $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null || true)"
        kill -KILL "$pid" 2>/dev/null || true
    done
    uid=$(id -u "$HPK_USER" 2>/dev/null) || return 0
    awk -v id="user_id=$uid" '$3 ~ /^fuse/ && index($4, id) { print $2 }' /proc/mounts | while read -r mount; do
        echo "unmounting $mount"
        umount --lazy "$mount" || true
    done
}

# Processes of the cluster's own user and of its subordinate ids, and steps of this cluster's Slurm.
leftover_processes() {
    local directory owner first=-1 count=0 uid=-1 step_program
    step_program=$(readlink -f "$(command -v slurmstepd || echo /usr/sbin/slurmstepd)")
    if [ "$(getent passwd "$HPK_USER" | cut -d: -f6)" = "$HPK_HOME" ]; then
        uid=$(id -u "$HPK_USER")
        IFS=: read -r _ first count < <(grep "^$HPK_USER:" /etc/subuid || echo "$HPK_USER:-1:0")
    fi
    for directory in /proc/[0-9]*; do
        owner=$(stat --format=%u "$directory" 2>/dev/null) || continue
        if [ "$owner" = "$uid" ] || { [ "$owner" -ge "$first" ] && [ "$owner" -lt $((first + count)) ]; } || is_step "$directory"; then
            printf '%s\n' "${directory#/proc/}"
        fi
    done
}

# is_step DIRECTORY: whether the process is a slurmstepd of this cluster.
is_step() {
    [ "$(readlink "$1/exe" 2>/dev/null)" = "$step_program" ] &&
        { tr '\0' '\n' <"$1/environ"; } 2>/dev/null | grep -qxF "SLURM_CONF=$SLURM_CONF"
}

purge_cluster() {
    # Only a folder that `up` made is removed, whatever HPK_CLUSTER_DIR says.
    if [ ! -e "$HPK_CLUSTER_DIR/.lock" ] || [ ! -d "$RUN_DIR" ]; then
        fail "$HPK_CLUSTER_DIR does not look like a cluster's folder; not removed"
    fi
    if [ "$(getent passwd "$HPK_USER" | cut -d: -f6)" = "$HPK_HOME" ]; then userdel "$HPK_USER"; fi
    rm -rf "$HPK_CLUSTER_DIR"
}
