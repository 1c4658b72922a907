# shellcheck shell=bash
# How each program of the control plane starts, and when it is ready. Sourced after settings.sh and processes.sh.

program() { printf '%s' "${CONTROL_PLANE_BIN:+$CONTROL_PLANE_BIN/}$1"; }

# Seconds that a program is given to stop. The API server waits for open watches to end, which they never do by themselves.
# shellcheck disable=SC2034  # used by the scripts that stop programs
STOP_SECONDS=20

start_etcd() {
    local etcd
    etcd=$(program etcd)
    mkdir -p "$KUBERNETES_DIR/etcd"
    chmod 700 "$KUBERNETES_DIR/etcd"
    process_start etcd "$etcd" "$etcd" --name hpk --data-dir "$KUBERNETES_DIR/etcd" \
        --listen-client-urls "$ETCD_URL" --advertise-client-urls "$ETCD_URL" \
        --cert-file "$PKI_DIR/etcd.crt" --key-file "$PKI_DIR/etcd.key" --client-cert-auth --trusted-ca-file "$PKI_DIR/etcd-ca.crt" \
        --listen-peer-urls "$ETCD_PEER_URL" --initial-advertise-peer-urls "$ETCD_PEER_URL" --initial-cluster "hpk=$ETCD_PEER_URL" \
        --peer-cert-file "$PKI_DIR/etcd.crt" --peer-key-file "$PKI_DIR/etcd.key" --peer-client-cert-auth \
        --peer-trusted-ca-file "$PKI_DIR/etcd-ca.crt" \
        --quota-backend-bytes 4294967296 --auto-compaction-mode periodic --auto-compaction-retention 5m --logger zap --log-level warn
    process_ready etcd 30 curl --silent --fail --cacert "$PKI_DIR/etcd-ca.crt" --cert "$PKI_DIR/apiserver-etcd-client.crt" \
        --key "$PKI_DIR/apiserver-etcd-client.key" "$ETCD_URL/health"
}

start_kube_apiserver() {
    local apiserver
    apiserver=$(program kube-apiserver)
    # Endpoint reconciler "none": the Service kubernetes/default would point at a loopback address, which Kubernetes forbids.
    process_start kube-apiserver "$apiserver" "$apiserver" \
        --bind-address "$CONTROL_PLANE_ADDRESS" --secure-port "$APISERVER_PORT" --advertise-address "$CONTROL_PLANE_ADDRESS" \
        --endpoint-reconciler-type none --service-cluster-ip-range "$SERVICE_CIDR" \
        --etcd-servers "$ETCD_URL" --etcd-cafile "$PKI_DIR/etcd-ca.crt" --etcd-certfile "$PKI_DIR/apiserver-etcd-client.crt" \
        --etcd-keyfile "$PKI_DIR/apiserver-etcd-client.key" \
        --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged=true \
        --client-ca-file "$PKI_DIR/ca.crt" --tls-cert-file "$PKI_DIR/apiserver.crt" --tls-private-key-file "$PKI_DIR/apiserver.key" \
        --kubelet-client-certificate "$PKI_DIR/apiserver-kubelet-client.crt" --kubelet-client-key "$PKI_DIR/apiserver-kubelet-client.key" \
        --kubelet-certificate-authority "$PKI_DIR/ca.crt" --kubelet-preferred-address-types InternalIP,Hostname \
        --requestheader-client-ca-file "$PKI_DIR/front-proxy-ca.crt" --requestheader-allowed-names front-proxy-client \
        --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
        --requestheader-extra-headers-prefix X-Remote-Extra- \
        --proxy-client-cert-file "$PKI_DIR/front-proxy-client.crt" --proxy-client-key-file "$PKI_DIR/front-proxy-client.key" \
        --enable-aggregator-routing=true \
        --service-account-issuer https://kubernetes.default.svc.cluster.local --service-account-key-file "$PKI_DIR/sa.pub" \
        --service-account-signing-key-file "$PKI_DIR/sa.key" --profiling=false
    process_ready kube-apiserver 90 curl --silent --fail --cacert "$PKI_DIR/ca.crt" "$APISERVER_URL/readyz"
}

start_kube_controller_manager() {
    local manager config=$KUBERNETES_DIR/controller-manager.conf
    manager=$(program kube-controller-manager)
    process_start kube-controller-manager "$manager" "$manager" \
        --bind-address 127.0.0.1 --secure-port "$CONTROLLER_MANAGER_PORT" --port 0 --leader-elect=false --profiling=false \
        --kubeconfig "$config" --authentication-kubeconfig "$config" --authorization-kubeconfig "$config" \
        --tls-cert-file "$PKI_DIR/controller-manager.crt" --tls-private-key-file "$PKI_DIR/controller-manager.key" \
        --use-service-account-credentials --service-account-private-key-file "$PKI_DIR/sa.key" --root-ca-file "$PKI_DIR/ca.crt" \
        --cluster-signing-cert-file "$PKI_DIR/ca.crt" --cluster-signing-key-file "$PKI_DIR/ca.key" \
        --allocate-node-cidrs=false --cluster-cidr "$POD_CIDR" --service-cluster-ip-range "$SERVICE_CIDR" \
        --kube-api-qps 500 --kube-api-burst 1000
    process_ready kube-controller-manager 60 curl --silent --fail --cacert "$PKI_DIR/ca.crt" \
        "https://127.0.0.1:$CONTROLLER_MANAGER_PORT/healthz"
    # From here on pods can be created: the controllers have made the default ServiceAccount and the root CA's ConfigMap.
    process_ready kube-controller-manager 60 admin_get /api/v1/namespaces/default/serviceaccounts/default
    process_ready kube-controller-manager 60 admin_get /api/v1/namespaces/default/configmaps/kube-root-ca.crt
}

admin_get() {
    curl --silent --fail --cacert "$PKI_DIR/ca.crt" --cert "$PKI_DIR/admin.crt" --key "$PKI_DIR/admin.key" "$APISERVER_URL$1"
}

# control_plane_start NAME
control_plane_start() {
    case $1 in
    etcd) start_etcd ;;
    kube-apiserver) start_kube_apiserver ;;
    kube-controller-manager) start_kube_controller_manager ;;
    *) fail "the control plane has no $1" ;;
    esac
}
