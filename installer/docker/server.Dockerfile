# A server as an image, of its packages: installer/build-packages && docker build -f installer/docker/server.Dockerfile -t backup-server .build/packages
FROM debian:bookworm-slim
COPY backup-agent_*.deb backup-cli_*.deb backup-server_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends /tmp/backup-*.deb \
    && rm -rf /var/lib/apt/lists/* /tmp/*.deb
USER backup-server
# The identity that all servers share: tls/ and secrets/.
VOLUME /var/lib/backup-server
EXPOSE 8080 8081
ENTRYPOINT ["/usr/bin/backup"]
# /etc/backup/metadata and /etc/backup/stores are mounted, or BACKUP_METADATA and BACKUP_STORES are set (docs/scale-out.md)
CMD ["server", "--config", "/etc/backup/server.yaml", "--http-address", "0.0.0.0"]
