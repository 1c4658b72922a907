# shellcheck shell=bash
# The Debian packages that building, the cluster and its tests need. Sourced after lib.sh.

# Building hpk-kubelet, hpk-pod and hpk-init.
BUILD_PACKAGES=(gcc libc6-dev make pkg-config git libslurm-dev libcurl4-openssl-dev libssl-dev libyaml-dev)
# Slurm, and what a rootless pod wants of its node.
NODE_PACKAGES=(slurmctld slurmd slurm-client munge uidmap passt iproute2 squashfs-tools squashfuse fuse-overlayfs fuse3)
# Images, the registry, the control plane's build, and the scripts themselves.
TOOL_PACKAGES=(docker-registry skopeo umoci busybox-static apache2-utils patchelf shellcheck openssl jq curl ca-certificates python3
    python3-pip procps util-linux xz-utils psmisc debian-archive-keyring)

# missing_packages NAME...: those that are not installed; one that was removed but not purged counts as missing.
missing_packages() {
    local installed
    # dpkg-query fails when it has never heard of a package, and still lists the others.
    installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    printf '%s\n' "$@" | grep -vxF -f <(awk '$2 == "installed" { print $1 }' <<<"$installed") || true
}

install_packages() { install_missing "${BUILD_PACKAGES[@]}" "${NODE_PACKAGES[@]}" "${TOOL_PACKAGES[@]}"; }

# install_missing NAME...: installs those that are not installed yet.
install_missing() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        echo "all packages are installed"
        return
    fi
    echo "installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq --option DPkg::Lock::Timeout=300 --option Acquire::Retries=3 --option Dpkg::Use-Pty=0 update
    without_service_starts apt-get -qq --option DPkg::Lock::Timeout=300 --option Acquire::Retries=3 --option Dpkg::Use-Pty=0 install --yes \
        --no-install-recommends "${missing[@]}"
}

# Debian's packages start their services when they are installed; the cluster runs its own, so a policy of "do not" stands meanwhile.
without_service_starts() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    "$@" || status=$?
    rm -f "$policy"
    return "$status"
}

# The devices that rootless containers use; udev makes them usable by everybody, a bare virtual machine without udev does not.
open_devices() {
    local device
    for device in /dev/fuse /dev/net/tun; do
        [ -c "$device" ] || { echo "$device is missing: rootless pods cannot mount images or have a network of their own" >&2; continue; }
        [ "$(stat --format=%a "$device")" = 666 ] || chmod 666 "$device"
    done
}
