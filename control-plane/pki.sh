# shellcheck shell=bash
# The control plane's keys, certificates and kubeconfigs. What exists and is still good is kept, so a restart keeps the cluster's identity.
# Sourced after settings.sh. Keys are 0600 and folders 0700 throughout (umask).

CERTIFICATE_DAYS=3650
RENEW_SECONDS=$((30 * 86400)) # a certificate that ends sooner than this is made anew

make_pki() {
    umask 077
    mkdir -p "$KUBERNETES_DIR" "$PKI_DIR"
    chmod 700 "$KUBERNETES_DIR" "$PKI_DIR"
    make_authority ca kubernetes
    make_authority front-proxy-ca front-proxy
    make_authority etcd-ca etcd
    make_service_account_key

    local service_address=${SERVICE_CIDR%.*}.1 service=kubernetes.default.svc
    make_certificate apiserver ca /CN=kube-apiserver serverAuth \
        "IP:127.0.0.1,IP:$CONTROL_PLANE_ADDRESS,IP:$service_address,DNS:localhost,DNS:$(hostname),DNS:kubernetes,DNS:kubernetes.default,DNS:$service,DNS:$service.cluster.local"
    make_certificate apiserver-kubelet-client ca /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
    make_certificate apiserver-etcd-client etcd-ca /CN=kube-apiserver-etcd-client clientAuth
    make_certificate etcd etcd-ca /CN=etcd serverAuth,clientAuth IP:127.0.0.1,DNS:localhost
    make_certificate front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth
    make_certificate admin ca /O=system:masters/CN=kubernetes-admin clientAuth
    make_certificate controller-manager ca /CN=system:kube-controller-manager clientAuth,serverAuth IP:127.0.0.1,DNS:localhost
    make_certificate kubelet-client ca "/O=system:nodes/CN=system:node:$KUBELET_NAME" clientAuth
    make_certificate kubelet ca "/O=system:nodes/CN=system:node:$KUBELET_NAME" serverAuth \
        "IP:127.0.0.1,IP:$KUBELET_ADDRESS,DNS:localhost,DNS:$KUBELET_NAME,DNS:$(hostname)"

    make_kubeconfig admin.conf kubernetes-admin admin
    make_kubeconfig controller-manager.conf system:kube-controller-manager controller-manager
    make_kubeconfig kubelet.conf "system:node:$KUBELET_NAME" kubelet-client
}

# make_authority FILE NAME
make_authority() {
    local file=$PKI_DIR/$1
    [ -s "$file.crt" ] && [ -s "$file.key" ] && return
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days "$CERTIFICATE_DAYS" -subj "/CN=$2" \
        -addext keyUsage=critical,digitalSignature,keyCertSign,cRLSign -keyout "$file.key" -out "$file.crt.new"
    mv "$file.crt.new" "$file.crt"
}

# Service-account tokens are signed with a key of their own; RSA, which every release's controller manager reads.
make_service_account_key() {
    [ -s "$PKI_DIR/sa.pub" ] && return
    openssl genrsa -out "$PKI_DIR/sa.key" 2048
    openssl rsa -in "$PKI_DIR/sa.key" -pubout -out "$PKI_DIR/sa.pub.new"
    mv "$PKI_DIR/sa.pub.new" "$PKI_DIR/sa.pub"
}

# make_certificate FILE AUTHORITY SUBJECT USAGE [NAMES]: NAMES as in subjectAltName. FILE.request records what was asked for, so that a
# changed address gives a new certificate.
make_certificate() {
    local file=$PKI_DIR/$1 authority=$PKI_DIR/$2 subject=$3 usage=$4 names=${5:-}
    local request="$subject $usage $names"
    if [ -s "$file.crt" ] && [ "$(cat "$file.request" 2>/dev/null)" = "$request" ] &&
        openssl x509 -in "$file.crt" -noout -checkend "$RENEW_SECONDS" >/dev/null &&
        openssl verify -CAfile "$authority.crt" "$file.crt" >/dev/null 2>&1; then
        return
    fi
    {
        printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n' "$usage"
        [ -z "$names" ] || printf 'subjectAltName=%s\n' "$names"
    } >"$file.extensions"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -subj "$subject" -keyout "$file.key" -out "$file.csr"
    openssl x509 -req -in "$file.csr" -CA "$authority.crt" -CAkey "$authority.key" -set_serial "0x$(openssl rand -hex 16)" -sha256 \
        -days "$CERTIFICATE_DAYS" -extfile "$file.extensions" -out "$file.crt"
    rm -f "$file.csr" "$file.extensions"
    printf '%s\n' "$request" >"$file.request"
}

# make_kubeconfig FILE USER CERTIFICATE: with everything inside, so that the file can be copied.
make_kubeconfig() {
    cat >"$KUBERNETES_DIR/$1.new" <<END
apiVersion: v1
kind: Config
clusters:
- name: hpk
  cluster:
    server: $APISERVER_URL
    certificate-authority-data: $(base64 --wrap=0 "$PKI_DIR/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(base64 --wrap=0 "$PKI_DIR/$3.crt")
    client-key-data: $(base64 --wrap=0 "$PKI_DIR/$3.key")
contexts:
- name: hpk
  context:
    cluster: hpk
    user: $2
current-context: hpk
END
    mv "$KUBERNETES_DIR/$1.new" "$KUBERNETES_DIR/$1"
}
