# shellcheck shell=bash
# The cluster's components by name: how each starts, how long it may take to stop. Sourced after lib.sh by up, down, status and component.

# The control plane's own settings, as this cluster wants them.
CONTROL_PLANE_ADDRESS=127.0.0.1
CONTROL_PLANE_BIN=$("$REPOSITORY/control-plane/build" --path)
APISERVER_PORT=$HPK_APISERVER_PORT
ETCD_PORT=$HPK_ETCD_PORT
ETCD_PEER_PORT=$HPK_ETCD_PEER_PORT
CONTROLLER_MANAGER_PORT=$HPK_CONTROLLER_MANAGER_PORT

# shellcheck source=control-plane/settings.sh
. "$REPOSITORY/control-plane/settings.sh"
# shellcheck source=control-plane/pki.sh
. "$REPOSITORY/control-plane/pki.sh"
# shellcheck source=control-plane/services.sh
. "$REPOSITORY/control-plane/services.sh"
# shellcheck source=cluster/hosts.sh
. "$CLUSTER_SCRIPTS/hosts.sh"
# shellcheck source=cluster/slurm.sh
. "$CLUSTER_SCRIPTS/slurm.sh"
# shellcheck source=cluster/images.sh
. "$CLUSTER_SCRIPTS/images.sh"
# shellcheck source=cluster/registry.sh
. "$CLUSTER_SCRIPTS/registry.sh"

# component_start NAME
component_start() {
    case $1 in
    host-*) start_host "${1#host-}" ;;
    munged) start_munged ;;
    slurmctld) start_slurmctld ;;
    slurmd-*) start_slurmd "${1#slurmd-}" ;;
    registry) start_registry ;;
    registry-private) start_registry_private ;;
    *) control_plane_start "$1" ;;
    esac
}

component_stop() { process_stop "$1" "$STOP_SECONDS"; }

require_component() {
    local known
    for known in "${COMPONENTS[@]}"; do [ "$known" != "$1" ] || return 0; done
    fail "there is no component $1; there are: ${COMPONENTS[*]}"
}
