# The agent as an image, of its package: installer/build-packages && docker build -f installer/docker/agent.Dockerfile -t backup-agent .build/packages
FROM debian:bookworm-slim
COPY backup-agent_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends /tmp/backup-agent_*.deb \
    && rm -rf /var/lib/apt/lists/* /tmp/*.deb
USER backup-agent
VOLUME /var/lib/backup-agent
# Enrol it once: docker run --rm -v NAME:/var/lib/backup-agent -e BACKUP_AGENT_TOKEN=… backup-agent enroll --server https://HOST:8081
ENTRYPOINT ["/usr/bin/backup-agent"]
CMD ["run"]
