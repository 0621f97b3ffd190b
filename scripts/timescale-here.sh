#!/bin/bash
# A real TimescaleDB (Apache edition) on 127.0.0.1 of a Debian 12 or 13 machine, from Debian's own packages and nothing else:
# no docker, no foreign apt repository, no package of the host installed, removed or changed. As root or as a plain user.
#
#   scripts/timescale-here.sh start [PORT]   bring it up (about 40 s the first time, 1 s later); prints the DSN
#   scripts/timescale-here.sh stop | status | dsn
#   scripts/timescale-here.sh wipe           stop and delete the data (the programs stay)
#   scripts/timescale-here.sh selftest       bring it up and use a hypertable
#
# Then: CUNTONG_TEST_DATABASE_URL=$(scripts/timescale-here.sh dsn) make test
#
# Settings: TSH_HOME (folder), TSH_PORT (25432), TSH_MIRROR (Debian mirror; default: the one apt uses here), TSH_SUITE (trixie),
# TSH_PG (17), TSH_CONF (more lines for postgresql.conf of a new data folder), TSH_WAIT (seconds to wait for a start).
#
# How: a private apt state (own lists, empty dpkg status, so that *everything* the package needs is resolved, the C library too)
# resolves postgresql-17-timescaledb in suite trixie; the .debs are unpacked, not installed; the programs run through the unpacked
# dynamic loader and C library.
#
# Traps, each of them met:
#  - Never add trixie to the host's apt on Debian 12: the next install replaces libc6 and removes packages that depend on the old one.
#  - Debian 12's PostgreSQL has no TimescaleDB; the host's libc is too old for trixie's programs: hence the private loader.
#  - A program started by the loader sees the loader as its name: without --argv0 postgres looks for share/ beside the loader.
#  - postgres starts itself again for its children by its own path, so the wrapper must have the program's name.
#  - Ports 32768 to 60999 may be taken at any moment by an outgoing connection of any program: the default lies below; a busy port
#    moves on to the next. Always read the printed DSN, never assume the port.
#  - initdb and postgres need the time zone files of the host (package tzdata): it is not among the unpacked ones.
#  - postgres refuses to run as root: then it runs as user postgres, or nobody.
#  - A folder of root's own is closed to that user: everything lies under /var/cache as root.
#  - Locales: a private C library has none of the host's; the built-in provider with C.UTF-8 needs none.
#  - The licence must be "apache": the Debian build does not carry the other part and fails on its first use.
#  - Telemetry and JIT off: one asks the outside world, the other wants LLVM (100 MB, left out).
#  - apt as root drops to user _apt, which cannot read a private folder: the sandbox is off for the private state.
#  - Two starts at once: unpacking is under a lock.
set -euo pipefail

command=${1:-start}
port=${2:-${TSH_PORT:-25432}}
suite=${TSH_SUITE:-trixie}
pg=${TSH_PG:-17}
if [ "$(id -u)" = 0 ]; then
    home=${TSH_HOME:-/var/cache/cuntong-timescale}
else
    home=${TSH_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/cuntong-timescale}
fi
root=$home/root
data=$home/data
bin=$root/usr/lib/postgresql/$pg/bin
stamp=$home/.unpacked-$suite-$pg

# not needed to run the server: what only maintainer scripts, perl tools and the JIT use
unneeded='^(perl|lib.*-perl$|libperl|perl-modules|libllvm|libz3|locales|libc-l10n|libc-bin|passwd|login|adduser|debconf|libdebconf'
unneeded+='|ucf|sensible-utils|procps|libproc2|openssl$|ssl-cert|sysvinit|init-system|base-passwd|netbase|postgresql-common'
unneeded+='|postgresql-client-common|libsemanage|libsepol|libdb5|libgdbm|libtext|libncursesw|libpam-modules|tzdata|readline-common'
unneeded+='|libsasl2-modules)'

say() { echo "timescale-here: $*" >&2; }

fail() {
    say "$2"
    exit "$1"
}

server_user() { if getent passwd postgres >/dev/null; then echo postgres; else echo nobody; fi; }

as_server() {
    if [ "$(id -u)" = 0 ]; then
        local user
        user=$(server_user)
        (cd / && setpriv --reuid="$(id -u "$user")" --regid="$(id -g "$user")" --clear-groups env HOME=/ "$@")
    else
        "$@"
    fi
}

# the Debian mirror that this machine's apt uses already
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u | head -1
}

private_apt() {
    local state=$1 uri=${TSH_MIRROR:-} arch
    arch=$(dpkg --print-architecture)
    [ -n "$uri" ] || uri=$(mirror)
    if [ -z "$uri" ] && [ "$(id -u)" = 0 ]; then
        apt-get update -qq
        uri=$(mirror)
    fi
    [ -n "$uri" ] || fail 3 "no Debian mirror in this machine's apt lists: run 'apt-get update' as root, or set TSH_MIRROR"
    [ -e /usr/share/zoneinfo/UTC ] || fail 3 "no time zone files on this machine: install the package tzdata"
    rm -rf "$state"
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/none"
    : >"$state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" >"$state/sources.list"
    cat >"$state/conf" <<EOF
Dir::State::status "$state/status";
Dir::State::Lists "$state/lists";
Dir::Cache "$state";
Dir::Cache::archives "$state/archives";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "$state/none";
Dir::Etc::preferences "$state/none/p";
Dir::Etc::preferencesparts "$state/none";
APT::Install-Recommends "0";
APT::Sandbox::User "";
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "1";
EOF
}

# a two-line program of the same name around the private loader
wrap() {
    local loader libraries name
    loader=$(find "$root/usr/lib" "$root/usr/lib64" -name 'ld-linux*.so.*' 2>/dev/null | head -1)
    libraries=$(dirname "$(find "$root/usr/lib" -name libc.so.6 | head -1)")
    for name in postgres initdb pg_ctl psql pg_isready pg_dump pg_restore pgbench pg_controldata pg_resetwal; do
        [ -f "$bin/$name" ] || continue
        mv "$bin/$name" "$bin/.$name"
        printf '#!/bin/sh\nexec "%s" --library-path "%s" --argv0 "%s" "%s" "$@"\n' \
            "$loader" "$libraries" "$bin/$name" "$bin/.$name" >"$bin/$name"
        chmod 755 "$bin/$name"
    done
}

unpack() {
    if [ -e "$stamp" ]; then return; fi
    mkdir -p "$home"
    exec 9>"$home/.lock"
    flock 9
    if [ -e "$stamp" ]; then return; fi
    local state=$home/apt deb folder
    private_apt "$state"
    rm -rf "$root"
    mkdir -p "$root"
    export APT_CONFIG=$state/conf
    say "resolving postgresql-$pg-timescaledb in $suite"
    apt-get update -qq
    apt-get -s install "postgresql-$pg-timescaledb" | awk '/^Inst/ {print $2}' | grep -vE "$unneeded" >"$state/wanted"
    say "fetching $(wc -l <"$state/wanted") packages"
    (cd "$state/archives" && xargs apt-get download -qq <"$state/wanted")
    unset APT_CONFIG
    for deb in "$state"/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
    for folder in lib lib64; do # packages from before the merge of /usr carry libraries in /lib
        if [ -d "$root/$folder" ] && [ ! -L "$root/$folder" ]; then
            mkdir -p "$root/usr/$folder"
            cp -a "$root/$folder/." "$root/usr/$folder/"
            rm -rf "${root:?}/$folder"
        fi
        ln -sfn "usr/$folder" "$root/$folder"
    done
    rm -rf "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale" "$state/archives" \
        "$root/usr/lib/postgresql/$pg/lib/bitcode" "$root/usr/lib/postgresql/$pg/lib/"llvmjit*
    wrap
    chmod 755 "$home"
    touch "$stamp"
    exec 9>&-
}

port_of() { sed -n 4p "$data/postmaster.pid"; }
dsn_of() { echo "postgresql://postgres@127.0.0.1:$(port_of)/postgres"; }
running() { [ -s "$data/postmaster.pid" ] && "$bin/pg_isready" -q -h 127.0.0.1 -p "$(port_of)"; }
query() { "$bin/psql" -X -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(port_of)" -U postgres "$@"; }

make_data() {
    say "initdb"
    rm -rf "$data"
    mkdir -p "$data"
    chmod 700 "$data"
    if [ "$(id -u)" = 0 ]; then chown "$(id -u "$(server_user)"):$(id -g "$(server_user)")" "$data"; fi
    as_server "$bin/initdb" -D "$data" -U postgres --auth=trust --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 \
        --locale=C --no-sync >"$home/initdb.log" 2>&1 || { cat "$home/initdb.log" >&2; exit 4; }
    as_server sh -c "cat >>'$data/postgresql.conf'" <<EOF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$data'
max_connections = 300
shared_preload_libraries = 'timescaledb'
timescaledb.license = 'apache'
timescaledb.telemetry_level = 'off'
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
shared_buffers = '256MB'
max_wal_size = '1GB'
${TSH_CONF:-}
EOF
}

start() {
    unpack
    if running; then
        say "already up on 127.0.0.1:$(port_of)"
        return
    fi
    if [ ! -s "$data/PG_VERSION" ]; then make_data; fi
    local journal=$data/server.log attempt up=
    for attempt in 1 2 3 4 5 6 7 8; do
        as_server sh -c ": >'$journal'"
        # 9>&-: the server must not inherit the lock of this script
        if as_server "$bin/pg_ctl" -D "$data" -l "$journal" -o "-p $port" -w -t "${TSH_WAIT:-300}" -s start >/dev/null 2>&1 9>&-; then
            up=$attempt
            break
        fi
        grep -q 'could not create any TCP/IP sockets' "$journal" || break
        say "port $port is taken, trying the next"
        port=$((port + 1))
    done
    if [ -z "$up" ]; then
        tail -20 "$journal" >&2
        exit 5
    fi
    query -qAt -c 'set client_min_messages = error; create extension if not exists timescaledb' >/dev/null
    say "up on 127.0.0.1:$(port_of)"
}

stop() { if running; then as_server "$bin/pg_ctl" -D "$data" -m fast -w -s stop; fi; }

case $command in
start)
    start
    dsn_of
    ;;
stop) stop ;;
dsn) if running; then dsn_of; else fail 1 "down"; fi ;;
status)
    if running; then query -At -c 'select version()' -c 'select extname, extversion from pg_extension'; else fail 1 "down"; fi
    ;;
wipe)
    stop
    rm -rf "$data"
    ;;
selftest)
    start
    query -c 'create table _selftest (time timestamptz not null, v int)' -c "select create_hypertable('_selftest', 'time')" \
        -c "insert into _selftest select now() - g * interval '1 day', g from generate_series(1, 30) g" \
        -c "select count(*) as chunks from show_chunks('_selftest')" \
        -c "select count(*) as dropped from drop_chunks('_selftest', now() - interval '10 days')" -c 'drop table _selftest'
    ;;
*)
    sed -n '2,14p' "$0"
    exit 2
    ;;
esac
