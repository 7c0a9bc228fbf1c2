# The appliance as an image, its own agent with it, of its packages:
#   installer/build-packages && docker build -f installer/docker/appliance.Dockerfile -t backup-appliance .build/packages
FROM debian:bookworm-slim
COPY backup-agent_*.deb backup-cli_*.deb backup-appliance_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends /tmp/backup-*.deb \
    && rm -rf /var/lib/apt/lists/* /tmp/*.deb
USER backup-appliance
VOLUME /var/lib/backup
EXPOSE 8080 8081
HEALTHCHECK CMD ["/usr/bin/backup", "status", "--json"]
ENTRYPOINT ["/usr/bin/backup"]
# What else is to be set is in the environment: BACKUP_NAMES, BACKUP_PROTECT, … (docs/operate.md)
CMD ["up", "--http-address", "0.0.0.0"]
