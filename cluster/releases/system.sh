# shellcheck shell=bash
# A Debian system of another suite in a folder, with that suite's Slurm and what building and running HPK needs. Made once, kept in
# HPK_CACHE_DIR by a key, never changed afterwards: `enter` lays a throw-away file system over it. Sourced after lib.sh and packages.sh.

# shellcheck source=control-plane/debian-archive.sh
. "$REPOSITORY/control-plane/debian-archive.sh"

RELEASES_CACHE=$HPK_CACHE_DIR/releases

# system_dir SUITE: where it is or will be. The key is all that decides what is in it but the suite's own packages of the day.
system_dir() {
    local key
    key=$({
        cat "$CLUSTER_SCRIPTS"/releases/{system.sh,enter,install} "$CLUSTER_SCRIPTS/apptainer.sh"
        printf '%s\n' "${BUILD_PACKAGES[@]}" "${NODE_PACKAGES[@]}"
    } | sha256sum | cut -c1-16)
    printf '%s' "$RELEASES_CACHE/$1-$key"
}

install_debootstrap() { command -v debootstrap >/dev/null || install_missing debootstrap; }

# make_system SUITE: a folder of that name stands for a finished system; what was interrupted has another name and is removed.
make_system() {
    local system unfinished
    system=$(system_dir "$1")
    if [ -d "$system" ]; then
        echo "cached as $system"
        return
    fi
    mkdir -p "$RELEASES_CACHE"
    rm -rf --one-file-system "$RELEASES_CACHE/$1".unfinished.*
    unfinished=$(mktemp -d "$RELEASES_CACHE/$1.unfinished.XXXXXX")
    chmod 755 "$unfinished"
    # A mount namespace, so that nothing that debootstrap mounts outlives it.
    unshare --mount --propagation private debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
        "$1" "$unfinished" "$(debian_mirror)"
    # How this machine reaches its mirror (proxies, dates that are not checked) is how the system does.
    apt-config dump --no-empty Acquire | grep -Ev '^Acquire::(IndexTargets|Changelogs)' >"$unfinished/etc/apt/apt.conf.d/50machine"
    "${ENTER[@]}" --keep "$unfinished" "$REPOSITORY:/hpk/source:ro" -- LC_ALL=C.UTF-8 /hpk/source/cluster/releases/install
    mv "$unfinished" "$system"
}

# `releases/enter` in namespaces of its own: whatever it mounts and starts ends with it, and it ends with the shell that starts it.
ENTER=(setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child=KILL "$CLUSTER_SCRIPTS/releases/enter")
