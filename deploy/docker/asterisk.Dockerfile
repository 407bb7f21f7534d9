# Asterisk 22.10.1 with every module we use, from Debian; it runs on the configuration that `settings` rendered.
FROM debian:forky-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      asterisk asterisk-modules asterisk-core-sounds-en-wav asterisk-moh-opsound-wav python3 \
 && rm -rf /var/lib/apt/lists/* \
 && usermod -u 10001 asterisk && groupmod -g 10001 asterisk
USER 10001:10001
VOLUME /var/lib/hotline
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=6 \
  CMD python3 -c "import socket; socket.create_connection(('127.0.0.1', 5038), 2).recv(64)"
CMD ["asterisk", "-f", "-n", "-C", "/var/lib/hotline/asterisk/etc/asterisk.conf"]
