# shellcheck shell=bash
# What every script of the development cluster shares: settings with their defaults, folders, the lock, root, the list of components.
#
# Every setting is an environment variable; `cluster/up --help` lists them.
# shellcheck disable=SC2034  # the scripts that source this use them

CLUSTER_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPOSITORY=$(dirname "$CLUSTER_SCRIPTS")

HPK_CLUSTER_DIR=${HPK_CLUSTER_DIR:-/var/tmp/hpk-cluster}
HPK_CACHE_DIR=${HPK_CACHE_DIR:-/var/cache/hpk}
HPK_USER=${HPK_USER:-hpk}

# Every listener is on 127.0.0.1, or on the bridge of the compute hosts.
HPK_SLURMCTLD_PORT=${HPK_SLURMCTLD_PORT:-16817}
HPK_SLURMD_PORT=${HPK_SLURMD_PORT:-17000} # c1 listens on the next port, c2 on the one after that, and so on
HPK_ETCD_PORT=${HPK_ETCD_PORT:-12379}
HPK_ETCD_PEER_PORT=${HPK_ETCD_PEER_PORT:-12380}
HPK_APISERVER_PORT=${HPK_APISERVER_PORT:-6443}
HPK_CONTROLLER_MANAGER_PORT=${HPK_CONTROLLER_MANAGER_PORT:-10257}
HPK_REGISTRY_PORT=${HPK_REGISTRY_PORT:-5000}
HPK_PRIVATE_REGISTRY_PORT=${HPK_PRIVATE_REGISTRY_PORT:-5001}
# What `make demo` gives to hpk-kubelet; nothing of the cluster itself listens there.
HPK_KUBELET_PORT=${HPK_KUBELET_PORT:-10250}
HPK_SUPERVISOR_PORT=${HPK_SUPERVISOR_PORT:-10260}

HPK_HOSTS_NETWORK=${HPK_HOSTS_NETWORK:-10.213.0} # the first three bytes; its bridge and namespaces are named after it

# Nodes that share this machine's network, and nodes that are hosts with a network of their own (hosts.sh).
SLURM_NODES=(c1 c2 c3 c4)
HOST_NODES=(h1 h2 h3)

RUN_DIR=$HPK_CLUSTER_DIR/run
LOG_DIR=$HPK_CLUSTER_DIR/log
SLURM_DIR=$HPK_CLUSTER_DIR/slurm
MUNGE_DIR=$HPK_CLUSTER_DIR/munge
REGISTRY_DIR=$HPK_CLUSTER_DIR/registry
CONTROL_PLANE_DIR=$HPK_CLUSTER_DIR/control-plane
HPK_HOME=$HPK_CLUSTER_DIR/home

# In the order in which they start; `down` goes the other way.
COMPONENTS=()
for node in "${HOST_NODES[@]}"; do COMPONENTS+=("host-$node"); done
COMPONENTS+=(munged slurmctld)
for node in "${SLURM_NODES[@]}" "${HOST_NODES[@]}"; do COMPONENTS+=("slurmd-$node"); done
unset node
COMPONENTS+=(registry registry-private etcd kube-apiserver kube-controller-manager)

# shellcheck source=control-plane/processes.sh
. "$REPOSITORY/control-plane/processes.sh"

# Programs of Debian's packages live in sbin too, which a user's PATH may leave out.
PATH=$PATH:/usr/sbin:/sbin

require_root() {
    [ "$(id -u)" -eq 0 ] || fail "please run this as root: it installs packages and starts Slurm (for development machines only)"
}

# The cluster's folder can be passed through by its ordinary user; what is secret in it has folders of its own with mode 0700.
make_cluster_dir() {
    mkdir -p "$HPK_CLUSTER_DIR" "$RUN_DIR" "$LOG_DIR"
    chmod 755 "$HPK_CLUSTER_DIR" "$RUN_DIR"
    chmod 700 "$LOG_DIR"
}

# One `up`, `down` or `component` at a time for one folder. Descriptor 9 holds the lock until the script ends.
lock_cluster() {
    exec 9>"$HPK_CLUSTER_DIR/.lock"
    take_lock 9 "another cluster script at work in $HPK_CLUSTER_DIR"
}

# with_lock FILE COMMAND...: COMMAND alone in the whole machine; for caches that several checkouts share.
with_lock() {
    local file=$1
    shift
    mkdir -p "${file%/*}"
    (
        take_lock 8 "another script that holds $file"
        "$@"
    ) 8>"$file"
}

as_user() { runuser -u "$HPK_USER" -- env HOME="$HPK_HOME" "$@"; }
