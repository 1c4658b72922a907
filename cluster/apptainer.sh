# shellcheck shell=bash
# Apptainer on Debian 12. Only Debian sid has the package, and its programs want a newer libc than bookworm's; the machine's libc must stay.
# So the programs are placed where the package puts them (the paths are compiled in), with sid's libraries beside them in a folder of
# their own, and are told to use those. Sourced after lib.sh.

APPTAINER_LIBRARIES=(ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libresolv.so.2 libseccomp.so.2 libsqlite3.so.0)
APPTAINER_HOME=/usr/lib/x86_64-linux-gnu/apptainer

apptainer_works() { command -v apptainer >/dev/null && apptainer --version >/dev/null 2>&1; }

install_apptainer() {
    if apptainer_works; then
        apptainer --version
    else
        with_lock "$HPK_CACHE_DIR/apptainer.lock" install_apptainer_from_sid
    fi
    relax_root_capabilities
}

install_apptainer_from_sid() {
    # Another script may have done it while this one waited for the lock.
    apptainer_works && return
    # shellcheck source=control-plane/debian-archive.sh
    . "$REPOSITORY/control-plane/debian-archive.sh"
    local work
    work=$(mktemp -d "$HPK_CACHE_DIR/apptainer.XXXXXX")
    archive_open "$work/apt" sid
    (
        cd "$work" || exit
        archive_get download apptainer libc6 libseccomp2 libsqlite3-0
        for deb in ./*.deb; do dpkg-deb --extract "$deb" unpacked; done
    )
    place_apptainer "$work/unpacked"
    rm -rf "$work"
    apptainer --version
}

# place_apptainer FOLDER: from the unpacked packages into the machine; /usr/bin/apptainer comes last, since its presence means "done".
place_apptainer() {
    local from=$1 libraries=$APPTAINER_HOME/hpk-libraries library program
    mkdir -p "$libraries" /var/lib/apptainer/mnt/session /var/lib/apptainer/mnt/source
    cp -a "$from/etc/apptainer" /etc/
    cp -a "$from$APPTAINER_HOME/." "$APPTAINER_HOME/"
    for library in "${APPTAINER_LIBRARIES[@]}"; do
        cp -L "$(find "$from" -name "$library" -print -quit)" "$libraries/$library"
    done
    install -m 755 "$from/usr/bin/apptainer" /usr/bin/apptainer.new
    for program in /usr/bin/apptainer.new "$APPTAINER_HOME/bin/starter"; do
        patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$libraries" "$program"
    done
    mv /usr/bin/apptainer.new /usr/bin/apptainer
}

# A virtual machine's root may lack CAP_SYS_RESOURCE (bit 24); root's containers must then not ask for every capability.
relax_root_capabilities() {
    local bounds
    bounds=$(awk '/^CapBnd/ { print $2 }' /proc/self/status)
    if [ $(((0x$bounds >> 24) & 1)) -eq 0 ]; then
        sed -i 's/^root default capabilities = .*/root default capabilities = no/' /etc/apptainer/apptainer.conf
    fi
}
