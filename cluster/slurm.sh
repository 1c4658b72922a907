# shellcheck shell=bash
# The development cluster's Slurm: its configuration, and how munged, slurmctld and the slurmds start. Sourced after hosts.sh.

SLURM_CONF=$SLURM_DIR/slurm.conf
MUNGE_SOCKET=$MUNGE_DIR/run/munge.socket

# A munged of our own, with its own key and socket: the machine's munged, if there is one, stays as it is.
configure_munge() {
    install -d -m 755 "$MUNGE_DIR"
    install -d -m 755 -o munge -g munge "$MUNGE_DIR/run"
    install -d -m 700 -o munge -g munge "$MUNGE_DIR/private"
    local key=$MUNGE_DIR/private/munge.key
    [ -s "$key" ] && return
    (
        umask 077
        head -c 1024 /dev/urandom >"$key.new"
    )
    chown munge:munge "$key.new"
    chmod 400 "$key.new"
    mv "$key.new" "$key"
}

# Four nodes on this machine's network, and three on hosts of their own. They believe in 64 CPUs and 64,000 MB each (config_overrides),
# the four also in four GPUs, which are empty files, since Slurm counts a GPU only where a file stands for it; so hundreds of small pods
# and pods with GPUs fit. The timeouts are short, so that a test sees a dead node within half a minute.
configure_slurm() {
    local host address ports node controller hosts='' listen=
    host=$(hostname -s)
    address=$(getent ahostsv4 "$host" | awk '{ print $1; exit }')
    # Slurm listens everywhere, or on what the host's name resolves to: on a development machine that is loopback, as it should be.
    case $address in
    127.*) listen=CommunicationParameters=NoCtldInAddrAny,NoInAddrAny ;;
    *)
        echo "$host does not resolve to a loopback address, so Slurm listens on every address of this machine (see /etc/hosts)"
        address=127.0.0.1
        ;;
    esac
    ports=$((HPK_SLURMD_PORT + 1))-$((HPK_SLURMD_PORT + ${#SLURM_NODES[@]}))
    controller=$address
    for node in "${HOST_NODES[@]}"; do
        controller=$HOSTS_GATEWAY
        hosts+="NodeName=$node NodeHostname=$node NodeAddr=$(host_address "$node") Port=$HPK_SLURMD_PORT CPUs=64 RealMemory=64000"$'\n'
    done
    [ -z "$hosts" ] || hosts+="PartitionName=hosts Nodes=$(IFS=,; echo "${HOST_NODES[*]}") MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF"$'\n'
    install -d -m 755 "$SLURM_DIR"
    install -d -m 700 "$SLURM_DIR/state"
    install -d -m 755 "$SLURM_DIR/spool"
    install -d -m 755 "$SLURM_DIR/gpu"
    touch "$SLURM_DIR"/gpu/{nvidia,amd}{0,1}
    cat >"$SLURM_DIR/gres.conf.new" <<END
AutoDetect=off
Name=gpu Type=nvidia File=$SLURM_DIR/gpu/nvidia[0-1]
Name=gpu Type=amd File=$SLURM_DIR/gpu/amd[0-1]
END
    memory_limits >"$SLURM_DIR/memory.new"
    cat >"$SLURM_CONF.new" <<END
# Written by cluster/up; changes are lost at the next one.
ClusterName=hpk
SlurmctldHost=$host($controller)
$listen
SlurmctldPort=$HPK_SLURMCTLD_PORT
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$MUNGE_SOCKET
CredType=cred/munge
MpiDefault=none
MailProg=/bin/true

StateSaveLocation=$SLURM_DIR/state
SlurmdSpoolDir=$SLURM_DIR/spool/%n
SlurmctldPidFile=$SLURM_DIR/slurmctld.pid
SlurmdPidFile=$SLURM_DIR/slurmd-%n.pid
SlurmdLogFile=$LOG_DIR/slurmd-%n.steps.log
SlurmctldSyslogDebug=quiet
SlurmdSyslogDebug=quiet
SlurmctldDebug=info
SlurmdDebug=info

ProctrackType=proctrack/linuxproc
$(cat "$SLURM_DIR/memory.new")
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$SLURM_DIR/completed-jobs.log

SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=900
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=20000,bf_interval=5,batch_sched_delay=0,default_queue_depth=5000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MaxJobCount=100000
MaxArraySize=10001
MinJobAge=120
KillWait=5
SlurmctldTimeout=15
SlurmdTimeout=15
MessageTimeout=10
InactiveLimit=0
ReturnToService=2
SlurmdParameters=config_overrides

GresTypes=gpu
NodeName=c[1-${#SLURM_NODES[@]}] NodeHostname=$host NodeAddr=$address Port=[$ports] CPUs=64 RealMemory=64000 Gres=gpu:nvidia:2,gpu:amd:2 State=UNKNOWN
PartitionName=main Nodes=c[1-${#SLURM_NODES[@]}] Default=YES MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF
PartitionName=short Nodes=c[1-${#SLURM_NODES[@]}] DefaultTime=1 MaxTime=2 PriorityTier=10 PreemptMode=OFF
PartitionName=preemptable Nodes=c[1-${#SLURM_NODES[@]}] MaxTime=INFINITE PriorityTier=1 PreemptMode=CANCEL
PartitionName=requeue Nodes=c[1-${#SLURM_NODES[@]}] MaxTime=INFINITE PriorityTier=1 PreemptMode=REQUEUE
${hosts}
END
    rm -f "$SLURM_DIR/memory.new"
    mv "$SLURM_DIR/gres.conf.new" "$SLURM_DIR/gres.conf"
    mv "$SLURM_CONF.new" "$SLURM_CONF"
    chmod 644 "$SLURM_CONF" "$SLURM_DIR/gres.conf"
}

# How a job is held to its memory. With the memory cgroup of version 1 (a machine without systemd), the kernel ends it at once and Slurm
# says OUT_OF_MEMORY, as on a real cluster. Elsewhere Slurm looks every ten seconds and ends the job as FAILED.
memory_limits() {
    local cgroups=/sys/fs/cgroup
    if [ -w "$cgroups/memory/memory.limit_in_bytes" ]; then
        printf 'CgroupPlugin=cgroup/v1\nCgroupMountpoint=%s\nCgroupAutomount=no\nConstrainRAMSpace=yes\n' "$cgroups" >"$SLURM_DIR/cgroup.conf"
        printf 'TaskPlugin=task/cgroup\nJobAcctGatherType=jobacct_gather/none\n'
    else
        printf 'TaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/linux\nJobAcctGatherFrequency=task=10\n'
        printf 'JobAcctGatherParams=OverMemoryKill,UsePss\n'
    fi
}

start_munged() {
    configure_munge
    # A munged that was killed leaves its socket and lock behind.
    process_alive munged || rm -f "$MUNGE_SOCKET" "$MUNGE_SOCKET.lock"
    process_start munged munged setpriv --reuid=munge --regid=munge --clear-groups munged --foreground --num-threads=4 \
        --key-file="$MUNGE_DIR/private/munge.key" --socket="$MUNGE_SOCKET" --pid-file="$MUNGE_DIR/run/munged.pid" \
        --log-file="$MUNGE_DIR/private/munged.log" --seed-file="$MUNGE_DIR/private/munged.seed"
    process_ready munged 10 munge --socket="$MUNGE_SOCKET" --no-input
}

start_slurmctld() {
    export SLURM_CONF
    # -i: a state that a newer or broken slurmctld wrote is no reason to stay down on a development machine.
    process_start slurmctld slurmctld "${WITH_HOST_NAMES[@]}" slurmctld -D -i -f "$SLURM_CONF"
    process_ready slurmctld 30 scontrol ping
}

# start_slurmd NODE
start_slurmd() {
    export SLURM_CONF
    install -d -m 755 "$SLURM_DIR/spool/$1"
    ON_HOST=()
    case $1 in h*) on_host "$1" ;; esac
    process_start "slurmd-$1" slurmd "${ON_HOST[@]}" slurmd -D -N "$1" -f "$SLURM_CONF"
    process_ready "slurmd-$1" 30 slurm_node_up "$1"
}

slurm_node_up() { sinfo --noheader --nodes="$1" --format=%T | grep -qxE 'idle|mixed|allocated|completing|reserved'; }
