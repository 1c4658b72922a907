# shellcheck shell=bash
# Three compute hosts of the development cluster, h1 to h3: network namespaces joined by a bridge, at the MTU of an Ethernet. Slurm sees
# them as nodes with names and addresses of their own, so what pods send each other really crosses a link. Each is held by a process, the
# component host-h1 and so on. Sourced after lib.sh.
#
# The bridge's own end, HPK_HOSTS_NETWORK.1, is the login host: slurmctld listens there.

HOSTS_GATEWAY=$HPK_HOSTS_NETWORK.1
HOSTS_FILE=$HPK_CLUSTER_DIR/hosts
# Name of the bridge, and first part of its interfaces' names; different for each cluster of this machine.
HOSTS_BRIDGE=hpk$(cut -d. -f2,3 <<<"$HPK_HOSTS_NETWORK" | tr . -)

# host_address HOST
host_address() { printf '%s.%d' "$HPK_HOSTS_NETWORK" "$((10 + ${1#h}))"; }

# The names that these hosts, and slurmctld, know: the machine's own name is the login host.
write_hosts_file() {
    local host
    {
        echo "127.0.0.1 localhost"
        echo "$HOSTS_GATEWAY $(hostname -s)"
        for host in "${HOST_NODES[@]}"; do echo "$(host_address "$host") $host"; done
    } >"$HOSTS_FILE"
}

make_hosts_network() {
    write_hosts_file
    if [ ! -e "/sys/class/net/$HOSTS_BRIDGE" ]; then
        if ip -oneline route show table all | grep -qF " $HPK_HOSTS_NETWORK."; then
            fail "$HPK_HOSTS_NETWORK.0/24 is in use on this machine: choose another with HPK_HOSTS_NETWORK"
        fi
        ip link add "$HOSTS_BRIDGE" type bridge
    fi
    ip address replace "$HOSTS_GATEWAY/24" dev "$HOSTS_BRIDGE"
    ip link set "$HOSTS_BRIDGE" up
}

remove_hosts_network() { [ ! -e "/sys/class/net/$HOSTS_BRIDGE" ] || ip link delete "$HOSTS_BRIDGE"; }

# start_host HOST: its namespaces and its link.
start_host() {
    local near=$HOSTS_BRIDGE$1 pid inside
    process_alive "host-$1" && return
    # shellcheck disable=SC2016  # expanded by the shell inside
    process_start "host-$1" sleep unshare --net --uts sh -c 'hostname "$0" && exec sleep infinity' "$1"
    pid=$(process_pid "host-$1")
    inside=(nsenter --target "$pid" --net ip)
    # A link whose namespace has just ended may still be there.
    ip link delete "$near" 2>/dev/null || true
    ip link add "$near" mtu 1500 type veth peer name eth0 mtu 1500 netns "$pid"
    ip link set "$near" master "$HOSTS_BRIDGE" up
    "${inside[@]}" link set lo up
    "${inside[@]}" address add "$(host_address "$1")/24" dev eth0
    "${inside[@]}" link set eth0 up
    "${inside[@]}" route add default via "$HOSTS_GATEWAY"
}

# What goes before a command, which it becomes: the hosts' names, by a mount namespace of its own.
WITH_HOST_NAMES=()
# shellcheck disable=SC2016  # expanded by the shell inside
[ ${#HOST_NODES[@]} -eq 0 ] || WITH_HOST_NAMES=(unshare --mount --propagation slave sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$HOSTS_FILE")

# on_host HOST: ON_HOST becomes what goes before a command that runs with the host's network and name.
# shellcheck disable=SC2034  # used by start_slurmd
on_host() { ON_HOST=(nsenter --target "$(process_pid "host-$1")" --net --uts "${WITH_HOST_NAMES[@]}"); }
