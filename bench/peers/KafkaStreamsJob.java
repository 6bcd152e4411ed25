import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The small stage job on Kafka Streams: Processor API, exactly_once_v2, RocksDB store with a cache
 * and a changelog. Arguments: broker, topic, output topic, run, folder, events, threads, commit ms.
 */
public final class KafkaStreamsJob {
  private static final String STORE = "stages";

  private static final class Stages implements Processor<byte[], byte[], byte[], byte[]> {
    private final Job job = new Job();
    private KeyValueStore<byte[], byte[]> store;
    private ProcessorContext<byte[], byte[]> context;

    @Override
    public void init(ProcessorContext<byte[], byte[]> given) {
      context = given;
      store = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      try {
        store.put(record.key(), job.apply(store.get(record.key()), record.value()));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
      if (job.transition != null) context.forward(record.withValue(job.transition));
      Meter.saw();
    }
  }

  public static void main(String[] args) throws Exception {
    String broker = args[0];
    String run = args[3];
    Properties settings = new Properties();
    settings.put("bootstrap.servers", broker);
    settings.put("application.id", run);
    settings.put("state.dir", args[4]);
    settings.put("num.stream.threads", args[6]);
    settings.put("commit.interval.ms", args[7]);
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("auto.offset.reset", "earliest");
    settings.put("max.poll.records", "5000");
    settings.put("topology.optimization", "all");
    settings.put("producer.linger.ms", "50");
    settings.put("default.key.serde", Serdes.ByteArraySerde.class);
    settings.put("default.value.serde", Serdes.ByteArraySerde.class);
    Topology topology = new Topology();
    topology.addSource("in", args[1]).addProcessor("stages", Stages::new, "in");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(STORE), Serdes.ByteArray(), Serdes.ByteArray())
            .withCachingEnabled(),
        "stages");
    topology.addSink("out", args[2], "stages");
    KafkaStreams streams = new KafkaStreams(topology, settings);
    streams.start();
    long events = Long.parseLong(args[5]);
    Meter.report(events, Meter.offsetsOf(broker, run, events));
    System.exit(0);
  }
}
