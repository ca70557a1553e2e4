# Guidepost's runtime image: the program, what it is linked with, time zones, certificates.
# From the sources (8 minutes or more on two cores), or with PROGRAM=prebuilt what build/docker/ has: a `guidepost` and the `libraries` it
# needs, made on a Debian of the same release (tests/compose does that).
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
ARG PROGRAM=source
WORKDIR /source
COPY cmake/deps cmake/deps
RUN if [ "$PROGRAM" = source ]; then cmake/deps/install build; fi
COPY . .
RUN if [ "$PROGRAM" = source ]; then \
      cmake --preset release -DGUIDEPOST_TESTS=OFF && cmake --build --preset release --target guidepost && \
      mkdir -p build/docker && strip -o build/docker/guidepost build/release/guidepost && \
      deploy/docker/libraries build/docker/guidepost >build/docker/libraries; \
    fi

FROM ${BASE}
COPY --from=build /source/build/docker/libraries /usr/share/guidepost/libraries
# Of the libraries' packages exactly those that the program is linked with: that of Thrift would bring Qt along, for a
# library beside the one that is used, and double the image.
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates tzdata && \
    apt-get install -y --no-install-recommends --download-only $(cat /usr/share/guidepost/libraries) && \
    for name in $(cat /usr/share/guidepost/libraries); do \
      find /var/cache/apt/archives -name "${name}_*.deb" -exec dpkg --force-depends --install {} +; \
    done && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt && \
    groupadd --gid 10001 guidepost && useradd --uid 10001 --gid 10001 --no-create-home --home-dir / guidepost && \
    install -d -o guidepost -g guidepost /secrets
COPY --from=build /source/build/docker/guidepost /usr/local/bin/guidepost
COPY deploy/docker/healthy deploy/docker/guidepost/with-config deploy/docker/guidepost/make-secrets deploy/docker/guidepost/welcome /usr/local/bin/
COPY config/cluster.toml /etc/guidepost/guidepost.toml
RUN guidepost --version
USER guidepost
ENTRYPOINT ["with-config"]
CMD ["--help"]
# Of a daemon: with --listen 0.0.0.0:8080 for its health.
HEALTHCHECK --interval=5s --timeout=5s --retries=3 CMD ["healthy", "http", "8080", "/health/live"]
