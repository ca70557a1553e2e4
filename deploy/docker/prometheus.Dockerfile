# Prometheus, the program alone: what else its package needs is for a web interface that is not used.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS package
RUN cd /tmp && apt-get update && apt-get download prometheus && dpkg-deb -x prometheus_*.deb /package

FROM ${BASE}
RUN groupadd --gid 10001 guidepost && useradd --uid 10001 --gid 10001 --no-create-home --home-dir / guidepost && \
    install -d -o guidepost -g guidepost /data
COPY --from=package /package/usr/bin/prometheus /usr/local/bin/
COPY --from=package /package/usr/share/doc/prometheus/copyright /usr/share/doc/prometheus/
COPY deploy/docker/healthy /usr/local/bin/
USER guidepost
ENTRYPOINT ["prometheus", "--config.file=/etc/guidepost/prometheus/prometheus.yml", "--storage.tsdb.path=/data"]
