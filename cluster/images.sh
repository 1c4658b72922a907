# shellcheck shell=bash
# Small real OCI images made from Debian's packages, as OCI layouts kept by content in HPK_CACHE_DIR/images. Sourced after lib.sh.
#
# An image is Debian's own files for one program and the libraries that it needs, busybox for a shell, and a configuration (entrypoint,
# command, environment, user, working directory, ports, stop signal) as the images of the same name on public registries have it.

# What each image holds. busybox is in all of them.
IMAGE_PACKAGES_BUSYBOX=(busybox-static)
IMAGE_PACKAGES_PERL=(perl perl-base perl-modules-5.36 libperl5.36 libc6 libc-bin libcrypt1 libdb5.3 libgdbm6 libgdbm-compat4 zlib1g libbz2-1.0
    libmath-bigint-perl) # the newer Math::BigInt, since bignum's bpi(2000) dies with the one that perl 5.36 carries
IMAGE_PACKAGES_PYTHON=(python3-minimal python3.11-minimal python3.11 libpython3.11-minimal libpython3.11-stdlib libc6 libc-bin libgcc-s1 libcrypt1
    zlib1g libexpat1 libssl3 libbz2-1.0 liblzma5 libffi8 libuuid1 libsqlite3-0 media-types)
IMAGE_PACKAGES_NGINX=(nginx nginx-common libc6 libc-bin libgcc-s1 libcrypt1 libpcre2-8-0 libssl3 zlib1g)
IMAGE_PACKAGES_MPI=(libmpich12 libmpich-dev libucx0 libhwloc15 libudev1 libnuma1 libc6 libc-bin libgcc-s1)
IMAGE_PATH=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# REPOSITORY:TAG of every image, as `up` pushes them.
# shellcheck disable=SC2034  # used by registry.sh
IMAGES=(busybox:1.35 busybox:latest busybox:www-data busybox:1000 busybox:entrypoint perl:5.34 perl:5.34.0 python3:3.11 nginx:1.22 mpi:4.0)

# The packages' names with their versions and checksums, and the recipe itself.
images_key() {
    {
        cat "$CLUSTER_SCRIPTS/images.sh" "$CLUSTER_SCRIPTS"/images/*
        apt-get --quiet download --print-uris "${IMAGE_PACKAGES_BUSYBOX[@]}" "${IMAGE_PACKAGES_PERL[@]}" "${IMAGE_PACKAGES_PYTHON[@]}" \
            "${IMAGE_PACKAGES_NGINX[@]}" "${IMAGE_PACKAGES_MPI[@]}" | awk '{ print $2, $4 }' | LC_ALL=C sort -u
    } | sha256sum | cut -c1-16
}

images_dir() { printf '%s' "$HPK_CACHE_DIR/images/$(images_key)"; }

build_images() {
    local result work
    result=$(images_dir)
    if [ -d "$result" ]; then
        echo "images: cached as $result"
        return
    fi
    mkdir -p "$HPK_CACHE_DIR/images"
    work=$(mktemp -d "$HPK_CACHE_DIR/images/work.XXXXXX")
    mkdir "$work/layouts"
    build_busybox "$work"
    build_perl "$work"
    build_python "$work"
    build_nginx "$work"
    build_mpi "$work"
    mv "$work/layouts" "$result"
    chmod 755 "$result"
    rm -rf "$work"
}

# root_file_system WORK NAME PACKAGE...: WORK/NAME with the packages' files, less what a container never reads.
root_file_system() {
    local work=$1 root=$1/$2 package applet
    shift 2
    mkdir -p "$work/deb" "$root"
    for package in busybox-static "$@"; do
        compgen -G "$work/deb/${package}_*.deb" >/dev/null || (cd "$work/deb" && apt-get --quiet download "$package")
        dpkg-deb --extract "$work/deb/${package}_"*.deb "$root"
    done
    rm -rf "$root"/usr/share/{doc,man,info,lintian,locale,bug,menu,initramfs-tools,applications,pixmaps,icons} "$root"/etc/{init.d,logrotate.d}
    mkdir -p "$root"/{bin,dev,etc,proc,root,run,srv,sys,tmp,usr/bin,usr/sbin,usr/src/app,var/tmp,var/www}
    chmod 1777 "$root/tmp" "$root/var/tmp"
    # Every applet of busybox that the packages have no program for.
    while read -r applet; do
        mkdir -p "$root/${applet%/*}"
        [ -e "$root/$applet" ] || ln -s /bin/busybox "$root/$applet"
    done < <("$root/bin/busybox" --list-full)
    cat >"$root/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
www-data:x:33:33:www-data:/var/www:/bin/sh
user:x:1000:1000:user:/srv:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
END
    cat >"$root/etc/group" <<'END'
root:x:0:
www-data:x:33:
user:x:1000:
nogroup:x:65534:
END
    printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
}

# layout WORK NAME TAG: an OCI layout WORK/layouts/NAME with WORK/NAME as its one layer.
layout() {
    local root=$1/$2 image=$1/layouts/$2
    tar --create --file "$1/$2.tar" --directory "$root" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 .
    umoci init --layout "$image"
    umoci new --image "$image:$3"
    umoci raw add-layer --image "$image:$3" "$1/$2.tar"
    rm -rf "$root" "$1/$2.tar"
}

# configure LAYOUT:TAG OPTION...: the configuration that every image has, and its own.
configure() {
    local image=$1
    shift
    umoci config --image "$image" --author 'HPK development cluster' --config.env "$IMAGE_PATH" "$@"
}

build_busybox() {
    local images=$1/layouts/busybox tag
    root_file_system "$1" busybox
    layout "$1" busybox 1.35
    for tag in latest www-data 1000 entrypoint; do umoci tag --image "$images:1.35" "$tag"; done
    for tag in 1.35 latest; do configure "$images:$tag" --config.cmd sh; done
    # A user by name, with the group that /etc/passwd gives it, and one by numbers.
    configure "$images:www-data" --config.cmd sh --config.user www-data --config.workingdir /var/www
    configure "$images:1000" --config.cmd sh --config.user 1000:1000 --config.workingdir /srv
    # An entrypoint whose words and environment a shell would spoil.
    configure "$images:entrypoint" --config.entrypoint /bin/echo --config.entrypoint "it's \$HOME:" --config.cmd 'two  words' \
        --config.cmd '*' --config.env "GREETING=hello \"world\" \$USER" --config.workingdir /srv
}

# Tagged as the Kubernetes documentation's `pi` Job names it; the program inside is Debian's perl 5.36.
build_perl() {
    root_file_system "$1" perl "${IMAGE_PACKAGES_PERL[@]}"
    layout "$1" perl 5.34
    configure "$1/layouts/perl:5.34" --config.cmd perl --config.cmd -de0 --config.workingdir /usr/src/app
    umoci tag --image "$1/layouts/perl:5.34" 5.34.0
}

build_python() {
    root_file_system "$1" python3 "${IMAGE_PACKAGES_PYTHON[@]}"
    ln -sf python3 "$1/python3/usr/bin/python"
    layout "$1" python3 3.11
    configure "$1/layouts/python3:3.11" --config.cmd python3 --config.workingdir /usr/src/app --config.env LANG=C.UTF-8 \
        --config.env PYTHONUNBUFFERED=1
}

build_nginx() {
    local root=$1/nginx
    root_file_system "$1" nginx "${IMAGE_PACKAGES_NGINX[@]}"
    install -m 644 "$CLUSTER_SCRIPTS/images/nginx.conf" "$root/etc/nginx/nginx.conf"
    install -D -m 755 "$CLUSTER_SCRIPTS/images/nginx-entrypoint" "$root/usr/local/bin/nginx-entrypoint"
    # nginx opens the log that it was built with before it has read its configuration.
    mkdir -p "$root/var/log/nginx" "$root/usr/share/nginx/html"
    ln -sf /dev/stderr "$root/var/log/nginx/error.log"
    printf '<!DOCTYPE html>\n<title>Welcome to nginx!</title>\n<h1>Welcome to nginx!</h1>\n' >"$root/usr/share/nginx/html/index.html"
    layout "$1" nginx 1.22
    configure "$1/layouts/nginx:1.22" --config.entrypoint /usr/local/bin/nginx-entrypoint --config.cmd nginx --config.cmd -g \
        --config.cmd 'daemon off;' --config.exposedports 80/tcp --config.stopsignal SIGQUIT --config.env NGINX_PORT=80
}

# MPICH and a program that adds up the ranks; only the library stays of what it takes to build that.
build_mpi() {
    local root=$1/mpi libraries
    root_file_system "$1" mpi "${IMAGE_PACKAGES_MPI[@]}"
    libraries=$root/usr/lib/x86_64-linux-gnu
    gcc -O2 -o "$root/usr/bin/mpi-hello" "$CLUSTER_SCRIPTS/images/mpi-hello.c" -I"$root/usr/include/x86_64-linux-gnu/mpich" \
        "$libraries/libmpich.so.12" -Wl,--unresolved-symbols=ignore-in-shared-libs
    rm -rf "$root/usr/include" "$libraries"/*.a "$libraries"/{fortran,mpich,pkgconfig} "$libraries"/libmpich{cxx,fort}*
    layout "$1" mpi 4.0
    configure "$1/layouts/mpi:4.0" --config.cmd mpi-hello
}
