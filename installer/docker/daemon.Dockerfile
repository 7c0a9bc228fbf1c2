# A daemon as an image, of its packages: installer/build-packages && docker build -f installer/docker/daemon.Dockerfile -t backup-daemon .build/packages
FROM debian:bookworm-slim
COPY backup-cli_*.deb backup-daemon_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends /tmp/backup-*.deb \
    && rm -rf /var/lib/apt/lists/* /tmp/*.deb
USER backup-daemon
VOLUME /var/lib/backup-daemon
ENTRYPOINT ["/usr/bin/backup"]
# Its name is the container's host name: give each one its own, that stays (docs/scale-out.md)
CMD ["daemon", "--config", "/etc/backup/daemon.yaml"]
