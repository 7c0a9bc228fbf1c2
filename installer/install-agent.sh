#!/bin/sh
# Installs the backup agent on this host and enrols it: fetched from the appliance that it is going to work for, whose key was named with the command. Needs root, curl and libzstd.
# May be run any number of times. With --uninstall: stops and removes it.
set -eu
server='@SERVER@'
pin='@PIN@'
sha256='@SHA256@'
program=/opt/backup-agent/backup-agent
data=/var/lib/backup-agent
unit=/etc/systemd/system/backup-agent.service

fail() { echo "backup-agent: $*" >&2; exit 1; }
has_systemd() { [ -d /run/systemd/system ]; }
as_agent() { setpriv --reuid=backup-agent --regid=backup-agent --clear-groups -- "$@"; }

[ "$(id -u)" = 0 ] || fail "run it as root: … | sudo --preserve-env=BACKUP_AGENT_TOKEN sh"

if [ "${1:-}" = --uninstall ]; then
    if has_systemd; then
        systemctl disable --now backup-agent.service 2>/dev/null || true
    fi
    rm -rf /opt/backup-agent "$data" "$unit"
    if has_systemd; then
        systemctl daemon-reload
    fi
    if getent passwd backup-agent >/dev/null; then
        userdel backup-agent
    fi
    echo "The agent is removed. Revoke it on the appliance: backup agents revoke $(hostname 2>/dev/null || cat /etc/hostname)"
    exit 0
fi

[ "$(uname -sm)" = "Linux x86_64" ] || fail "there is no build for $(uname -sm)"
command -v curl >/dev/null || fail "curl is needed: apt-get install curl"
[ ! -e /usr/bin/backup-agent ] || fail "the package backup-agent is installed: backup-agent enroll --server $server"
ldconfig -p | grep libzstd.so.1 >/dev/null || fail "libzstd is needed: apt-get install libzstd1, or dnf install libzstd"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
curl --fail --silent --show-error --insecure --pinnedpubkey "$pin" --output "$folder/backup-agent" "$server/install/backup-agent" ||
    fail "the program could not be fetched from $server"
[ "$(sha256sum "$folder/backup-agent" | cut -d ' ' -f 1)" = "$sha256" ] || fail "what came is not what the appliance offers; try again"

getent passwd backup-agent >/dev/null || useradd --system --home-dir "$data" --no-create-home --shell /usr/sbin/nologin backup-agent
install -d -m 0700 -o backup-agent -g backup-agent "$data"
# Its own folder, so that it may put a newer build, signed by the appliance, into its place.
install -d -m 0755 -o backup-agent -g backup-agent /opt/backup-agent
install -m 0755 -o backup-agent -g backup-agent "$folder/backup-agent" "$program.new"
mv "$program.new" "$program"

if [ ! -e "$data/agent.json" ]; then
    [ -n "${BACKUP_AGENT_TOKEN:-}" ] || fail "BACKUP_AGENT_TOKEN is not set: the appliance prints the whole command, with a token (backup agents token)"
    as_agent "$program" enroll --server "$server" --data "$data"
fi
unset BACKUP_AGENT_TOKEN

mkdir -p "$(dirname "$unit")"
sed -e "s|/usr/bin/backup-agent|$program|" -e 's|^ProtectSystem=strict$|ProtectSystem=strict\nReadWritePaths=/opt/backup-agent|' >"$unit" <<'UNIT'
@UNIT@
UNIT
if has_systemd; then
    systemctl daemon-reload
    systemctl enable backup-agent.service
    systemctl restart backup-agent.service
    echo "The agent runs: systemctl status backup-agent"
else
    echo "There is no systemd here. Start it as the user backup-agent: $program run"
fi
