# Kafka and HBase, from the jars that cmake/deps/deps.lock names: fetched and checked by the same recipe as everywhere.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS jars
WORKDIR /source
COPY cmake/deps cmake/deps
RUN GUIDEPOST_CACHE=/cache cmake/deps/install servers && \
    mkdir /jars && cp -rL /cache/kafka /cache/hbase /jars/ && rm -f /jars/*/.complete

FROM ${BASE} AS java
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends openjdk-17-jre-headless && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt && \
    groupadd --gid 10001 guidepost && useradd --uid 10001 --gid 10001 --no-create-home --home-dir / guidepost && \
    install -d -o guidepost -g guidepost /data /secrets
COPY deploy/docker/healthy /usr/local/bin/
USER guidepost

FROM java AS kafka
COPY --from=jars /jars/kafka /opt/kafka
COPY deploy/docker/kafka/server.properties /etc/kafka/
COPY deploy/docker/kafka/broker /usr/local/bin/
ENTRYPOINT ["broker"]

FROM java AS hbase
COPY --from=jars /jars/hbase /opt/hbase
COPY deploy/hbase/jvm.args deploy/docker/hbase/hbase-site.xml deploy/docker/hbase/log4j2.properties deploy/docker/hbase/zoo.cfg /etc/hbase/
COPY deploy/docker/hbase/hbase /usr/local/bin/
ENTRYPOINT ["hbase"]
