# shellcheck shell=bash
# HPK_CLUSTER_DIR/env: where everything is, to be sourced by tests, the demo and people. Holds paths and ports, no secret. Sourced last.

CONTROL_PLANE_PKI=$HPK_HOME/.k8sfs/kubernetes/pki

write_environment() {
    local file=$HPK_CLUSTER_DIR/env port
    {
        echo "# Written by cluster/up. Use it as: set -a; . $file; set +a"
        environment_variable HPK_CLUSTER_DIR "$HPK_CLUSTER_DIR"
        environment_variable HPK_CACHE_DIR "$HPK_CACHE_DIR"
        environment_variable HPK_PROGRAMS "$HPK_CLUSTER_DIR/bin"
        environment_variable HPK_RUN_DIR "$RUN_DIR"
        environment_variable HPK_LOG_DIR "$LOG_DIR"
        environment_variable HPK_COMPONENT "$CLUSTER_SCRIPTS/component"
        environment_variable HPK_USER "$HPK_USER"
        environment_variable HPK_HOME "$HPK_HOME"
        environment_variable SLURM_CONF "$SLURM_CONF"
        environment_variable HPK_MUNGE_SOCKET "$MUNGE_SOCKET"
        environment_variable HPK_SLURM_NODES "${SLURM_NODES[*]}"
        environment_variable HPK_HOST_NODES "${HOST_NODES[*]}"
        environment_variable HPK_HOSTS_NETWORK "$HPK_HOSTS_NETWORK"
        environment_variable HPK_HOSTS_BRIDGE "$HOSTS_BRIDGE"
        environment_variable HPK_CLUSTER_REGISTRY "$REGISTRY"
        environment_variable HPK_CLUSTER_PRIVATE_REGISTRY "$PRIVATE_REGISTRY"
        environment_variable HPK_CLUSTER_PRIVATE_REGISTRY_USER "$PRIVATE_REGISTRY_USER"
        environment_variable HPK_CLUSTER_PRIVATE_REGISTRY_PASSWORD_FILE "$PRIVATE_REGISTRY_PASSWORD_FILE"
        # `component start`, called with this environment, starts it where it was.
        for port in SLURMCTLD SLURMD ETCD ETCD_PEER APISERVER CONTROLLER_MANAGER REGISTRY PRIVATE_REGISTRY; do
            port=HPK_${port}_PORT
            environment_variable "$port" "${!port}"
        done
        environment_variable HPK_APISERVER "https://127.0.0.1:$HPK_APISERVER_PORT"
        environment_variable HPK_ADMIN_KUBECONFIG "$KUBERNETES_DIR/admin.conf"
        environment_variable HPK_PKI "$PKI_DIR"
        environment_variable ETCDCTL_ENDPOINTS "$ETCD_URL"
        environment_variable ETCDCTL_CACERT "$PKI_DIR/etcd-ca.crt"
        environment_variable ETCDCTL_CERT "$PKI_DIR/apiserver-etcd-client.crt"
        environment_variable ETCDCTL_KEY "$PKI_DIR/apiserver-etcd-client.key"
        echo "# What hpk-kubelet reads. These files belong to $HPK_USER."
        environment_variable KUBECONFIG "$HPK_HOME/.k8sfs/kubernetes/admin.conf"
        environment_variable APISERVER_KEY_LOCATION "$CONTROL_PLANE_PKI/kubelet.key"
        environment_variable APISERVER_CERT_LOCATION "$CONTROL_PLANE_PKI/kubelet.crt"
        environment_variable VKUBELET_ADDRESS 127.0.0.1
        environment_variable HPK_KUBELET_PORT "$HPK_KUBELET_PORT"
        # shellcheck disable=SC2016  # expanded by whoever sources the file
        printf 'PATH=%q:$PATH\n' "$HPK_CLUSTER_DIR/bin"
    } >"$file.new"
    chmod 644 "$file.new"
    mv "$file.new" "$file"
}

environment_variable() { printf '%s=%q\n' "$1" "$2"; }

# The programs that tests and people call, in one folder of the cluster: kubectl and etcdctl of the control plane, and what was built
# of HPK here. The ordinary user may not be allowed into the checkout, so it runs these.
place_programs() {
    local program
    install -d -m 755 "$HPK_CLUSTER_DIR/bin"
    for program in kubectl etcdctl; do ln -sfn "$CONTROL_PLANE_BIN/$program" "$HPK_CLUSTER_DIR/bin/$program"; done
    for program in hpk-kubelet hpk-pod hpk-init hpk-bench hpk-bench-c; do
        [ ! -e "$REPOSITORY/bin/$program" ] || install -m 755 "$REPOSITORY/bin/$program" "$HPK_CLUSTER_DIR/bin/$program"
    done
}

# The user's own copies, laid out as the control plane's container lays them out for its user: kubernetes/admin.conf and kubernetes/pki.
give_user_access() {
    local to=$HPK_HOME/.k8sfs/kubernetes file
    install -d -m 700 -o "$HPK_USER" -g "$HPK_USER" "$HPK_HOME/.k8sfs" "$to" "$to/pki"
    for file in admin.conf kubelet.conf pki/ca.crt pki/kubelet.crt pki/kubelet.key; do
        install -m 600 -o "$HPK_USER" -g "$HPK_USER" "$KUBERNETES_DIR/$file" "$to/$file"
    done
}
