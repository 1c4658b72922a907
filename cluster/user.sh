# shellcheck shell=bash
# The ordinary user who runs hpk-kubelet and owns the pods' jobs, with a range of subordinate ids for the pods' own users. Sourced after lib.sh.

make_user() {
    local home
    if ! id "$HPK_USER" >/dev/null 2>&1; then
        useradd --home-dir "$HPK_HOME" --no-create-home --shell /bin/bash --user-group "$HPK_USER"
    fi
    home=$(getent passwd "$HPK_USER" | cut -d: -f6)
    [ "$home" = "$HPK_HOME" ] || usermod --home "$HPK_HOME" "$HPK_USER"
    install -d -m 700 -o "$HPK_USER" -g "$HPK_USER" "$HPK_HOME"
    give_subordinate_ids /etc/subuid --add-subuids
    give_subordinate_ids /etc/subgid --add-subgids
    grep "^$HPK_USER:" /etc/subuid /etc/subgid
}

# give_subordinate_ids FILE OPTION: 65,536 ids above every range that FILE already holds, unless the user has some.
give_subordinate_ids() {
    local first
    grep -q "^$HPK_USER:" "$1" 2>/dev/null && return
    first=$(awk -F: 'BEGIN { next_id = 100000 } $2 + $3 > next_id { next_id = $2 + $3 } END { print next_id }' "$1" 2>/dev/null || echo 100000)
    usermod "$2" "$first-$((first + 65535))" "$HPK_USER"
}
