"""What others than the program do with the brokers."""
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec

from daemons import Failed, wait_until

NOT_LARGER = 4 * 1024 * 1024


class Brokers:
    def __init__(self, cluster):
        self.address = cluster.env["GUIDEPOST_KAFKA__BROKERS"]
        self.admin = AdminClient({"bootstrap.servers": self.address, "log_level": 3})

    def make_again(self, topic, partitions):
        """Deletes the topic and makes one of the same name, with the same settings as `init` gave it."""
        self.admin.delete_topics([topic], operation_timeout=30)[topic].result(30)
        wait_until(f"{topic} to be gone", lambda: topic not in self.admin.list_topics(timeout=10).topics)
        made = NewTopic(topic, partitions, 1, config={"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(2 * 1024 * 1024)})
        self.admin.create_topics([made], operation_timeout=30)[topic].result(30)

    def add_partitions(self, topic, partitions):
        """So that it has so many."""
        self.admin.create_partitions([NewPartitions(topic, partitions)], operation_timeout=30)[topic].result(30)

    def take(self, topic, offsets):
        """What retention does: {partition: the first offset that stays}."""
        for done in self.admin.delete_records([TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]).values():
            done.result(30)

    def newest_s(self, topic, partitions):
        """When the newest record was appended, by the broker's clock."""
        asked = self.admin.list_offsets({TopicPartition(topic, p): OffsetSpec.max_timestamp() for p in range(partitions)})
        return max(found.result(30).timestamp for found in asked.values()) / 1000

    def delete_group(self, group):
        self.admin.delete_consumer_groups([group])[group].result(30)

    def foreign(self, **settings):
        return Foreign(self.address, settings)


class Foreign:
    """Another producer of a topic."""

    def __init__(self, address, settings):
        self.client = Producer({"bootstrap.servers": address, "message.max.bytes": NOT_LARGER, "linger.ms": 0, "log_level": 3,
                                **{key.replace("_", "."): value for key, value in settings.items()}})
        if "transactional_id" in settings:
            self.client.init_transactions(30)

    def send(self, topic, partition, key, value):
        """-> the record's offset."""
        told = []
        self.client.produce(topic, key=key, value=value, partition=partition, on_delivery=lambda error, record: told.append((error, record)))
        self.client.flush(30)
        if not told or told[0][0] is not None:
            raise Failed(f"a record for {topic} was not taken: {told}")
        return told[0][1].offset()
