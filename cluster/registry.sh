# shellcheck shell=bash
# Two image registries on loopback: an open one, and one that wants a name and a password (for imagePullSecrets). Sourced after lib.sh.

REGISTRY=127.0.0.1:$HPK_REGISTRY_PORT
PRIVATE_REGISTRY=127.0.0.1:$HPK_PRIVATE_REGISTRY_PORT
PRIVATE_REGISTRY_USER=puller
PRIVATE_REGISTRY_PASSWORD_FILE=$REGISTRY_DIR/private/password

start_registry() {
    install -d -m 700 "$REGISTRY_DIR" "$REGISTRY_DIR/open"
    write_registry_configuration "$REGISTRY_DIR/open" "$REGISTRY" >"$REGISTRY_DIR/open/config.yml"
    process_start registry docker-registry docker-registry serve "$REGISTRY_DIR/open/config.yml"
    process_ready registry 20 curl --silent --fail "http://$REGISTRY/v2/"
}

start_registry_private() {
    install -d -m 700 "$REGISTRY_DIR" "$REGISTRY_DIR/private"
    make_registry_password
    {
        write_registry_configuration "$REGISTRY_DIR/private" "$PRIVATE_REGISTRY"
        printf 'auth:\n  htpasswd:\n    realm: hpk\n    path: %s\n' "$REGISTRY_DIR/private/htpasswd"
    } >"$REGISTRY_DIR/private/config.yml"
    process_start registry-private docker-registry docker-registry serve "$REGISTRY_DIR/private/config.yml"
    process_ready registry-private 20 registry_asks_for_password
}

registry_asks_for_password() {
    [ "$(curl --silent --output /dev/null --write-out '%{http_code}' "http://$PRIVATE_REGISTRY/v2/")" = 401 ]
}

# write_registry_configuration FOLDER ADDRESS
write_registry_configuration() {
    cat <<END
version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: $1/data
  delete:
    enabled: true
http:
  addr: $2
END
}

make_registry_password() {
    [ -s "$REGISTRY_DIR/private/htpasswd" ] && return
    (
        umask 077
        openssl rand -hex 16 >"$PRIVATE_REGISTRY_PASSWORD_FILE"
        htpasswd -niB "$PRIVATE_REGISTRY_USER" <"$PRIVATE_REGISTRY_PASSWORD_FILE" >"$REGISTRY_DIR/private/htpasswd.new"
        mv "$REGISTRY_DIR/private/htpasswd.new" "$REGISTRY_DIR/private/htpasswd"
    )
}

# Pushes every image that the registries have not got yet, judged by the key of the images' content.
push_images() {
    local from key image pushed=$REGISTRY_DIR/pushed
    from=$(images_dir)
    key=${from##*/}
    if [ "$(cat "$pushed" 2>/dev/null)" = "$key" ]; then
        echo "the registries hold the images $key"
        return
    fi
    [ -d "$from" ] || { echo "no images at $from: run cluster/install" >&2; return 1; }
    for image in "${IMAGES[@]}"; do
        echo "pushing $image"
        skopeo copy --quiet --dest-tls-verify=false "oci:$from/$image" "docker://$REGISTRY/$image"
    done
    push_private_image "$from/busybox:1.35" private/busybox:1.35
    echo "$key" >"$pushed"
}

# The password goes by a file, since every user of the machine can read a command's arguments.
push_private_image() {
    local auth=$REGISTRY_DIR/private/auth.json
    (
        umask 077
        jq --null-input --arg registry "$PRIVATE_REGISTRY" --rawfile password "$PRIVATE_REGISTRY_PASSWORD_FILE" \
            --arg user "$PRIVATE_REGISTRY_USER" \
            '{auths: {($registry): {auth: ($user + ":" + ($password | rtrimstr("\n")) | @base64)}}}' >"$auth"
    )
    skopeo copy --quiet --dest-tls-verify=false --dest-authfile "$auth" "oci:$1" "docker://$PRIVATE_REGISTRY/$2"
}
