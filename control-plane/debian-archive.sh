# shellcheck shell=bash
# A private view of the Debian archive: other suites than the machine's, without touching the machine's own apt. Sourced.

# The mirror that this machine already uses for Debian's main archive.
debian_mirror() {
    local mirror
    # shellcheck disable=SC2016  # apt-get fills in the $(…) itself
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT) $(SUITE)' 'Created-By: Packages' |
        awk '$2 == "Debian" && $3 == "main" && $1 !~ /security/ { print $1; exit }')
    [ -n "$mirror" ] || { echo "apt knows no Debian mirror: look at /etc/apt/sources.list*, then run apt-get update" >&2; return 1; }
    printf '%s' "$mirror"
}

# archive_open FOLDER SUITE...: prepares apt state in FOLDER for the given suites (with sources), and reads their package lists.
archive_open() {
    ARCHIVE=$1
    shift
    local mirror suite
    mirror=$(debian_mirror)
    mkdir -p "$ARCHIVE/lists/partial" "$ARCHIVE/cache/archives/partial"
    for suite in "$@"; do
        printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
            deb "$mirror" "$suite" deb-src "$mirror" "$suite"
    done >"$ARCHIVE/sources.list"
    archive_get update
}

# archive_get ARGUMENT...: apt-get on the private view; downloads land in the current folder.
archive_get() {
    apt-get --quiet --option Dir::Etc::SourceList="$ARCHIVE/sources.list" --option Dir::Etc::SourceParts=/dev/null \
        --option Dir::State::Lists="$ARCHIVE/lists" --option Dir::Cache="$ARCHIVE/cache" --option APT::Sandbox::User=root \
        --option Acquire::Retries=3 --option Acquire::Languages=none "$@"
}
