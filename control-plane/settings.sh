# shellcheck shell=bash
# What the control plane can be told, by environment. Nothing here assumes a machine: the development cluster and the container set their own.
# shellcheck disable=SC2034  # the scripts that source this use them

# Everything that it keeps is below DIR/kubernetes: admin.conf, kubelet.conf, pki/, etcd/, and by default run/ and log/.
CONTROL_PLANE_DIR=${CONTROL_PLANE_DIR:-/usr/local/etc}
# Folder of etcd, kube-apiserver and kube-controller-manager; empty: they are found in PATH.
CONTROL_PLANE_BIN=${CONTROL_PLANE_BIN:-}
# Where the API server listens, and the address that clients use.
CONTROL_PLANE_ADDRESS=${CONTROL_PLANE_ADDRESS:-127.0.0.1}
APISERVER_PORT=${APISERVER_PORT:-6443}
# etcd and the controller manager listen on 127.0.0.1 only.
ETCD_PORT=${ETCD_PORT:-2379}
ETCD_PEER_PORT=${ETCD_PEER_PORT:-2380}
CONTROLLER_MANAGER_PORT=${CONTROLLER_MANAGER_PORT:-10257}
SERVICE_CIDR=${SERVICE_CIDR:-10.32.0.0/24}
POD_CIDR=${POD_CIDR:-10.244.0.0/16}
# The node agent's name (its client certificate is system:node:NAME) and the addresses that its serving certificate is good for.
KUBELET_NAME=${KUBELET_NAME:-hpk-kubelet}
KUBELET_ADDRESS=${KUBELET_ADDRESS:-$CONTROL_PLANE_ADDRESS}

KUBERNETES_DIR=$CONTROL_PLANE_DIR/kubernetes
PKI_DIR=$KUBERNETES_DIR/pki
RUN_DIR=${RUN_DIR:-$KUBERNETES_DIR/run}
LOG_DIR=${LOG_DIR:-$KUBERNETES_DIR/log}
APISERVER_URL=https://$CONTROL_PLANE_ADDRESS:$APISERVER_PORT
ETCD_URL=https://127.0.0.1:$ETCD_PORT
ETCD_PEER_URL=https://127.0.0.1:$ETCD_PEER_PORT

CONTROL_PLANE=(etcd kube-apiserver kube-controller-manager)
