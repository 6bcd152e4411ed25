import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The small stage job on Flink: keyed state in RocksDB or on the heap, a checkpoint every second,
 * a transactional sink. Arguments: broker, topic, output topic, run, folder, events, parallelism,
 * rocksdb or hashmap.
 */
public final class FlinkJob {

  /** A record of the source. */
  public static final class Event {
    public String key;
    public byte[] value;
  }

  /**
   * How many events each checkpoint holds, and the most that a complete one holds. The group's
   * offsets would tell too late: an idle source commits them every ten seconds.
   */
  private static final class Checkpoints {
    private static final Map<Long, Long> HOLDS = new ConcurrentHashMap<>();
    private static volatile long complete;

    static void taken(long id) {
      HOLDS.merge(id, Meter.seen(), Math::min);
    }

    static void completed(long id) {
      complete = Math.max(complete, HOLDS.getOrDefault(id, 0L));
    }
  }

  private static final class Stages extends KeyedProcessFunction<String, Event, byte[]>
      implements CheckpointedFunction, CheckpointListener {
    private transient Job job;
    private transient ValueState<byte[]> state;

    @Override
    public void open(OpenContext context) {
      job = new Job();
      state =
          getRuntimeContext()
              .getState(
                  new ValueStateDescriptor<>(
                      "stages", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    }

    @Override
    public void initializeState(FunctionInitializationContext context) {}

    @Override
    public void snapshotState(FunctionSnapshotContext context) {
      Checkpoints.taken(context.getCheckpointId());
    }

    @Override
    public void notifyCheckpointComplete(long id) {
      Checkpoints.completed(id);
    }

    @Override
    public void processElement(Event event, Context context, Collector<byte[]> out)
        throws IOException {
      state.update(job.apply(state.value(), event.value));
      if (job.transition != null) out.collect(job.transition);
      Meter.saw();
    }
  }

  private static final class Reader implements KafkaRecordDeserializationSchema<Event> {
    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Event> out) {
      Event event = new Event();
      event.key = new String(record.key(), StandardCharsets.UTF_8);
      event.value = record.value();
      out.collect(event);
    }

    @Override
    public TypeInformation<Event> getProducedType() {
      return TypeInformation.of(Event.class);
    }
  }

  private static final class Bytes implements SerializationSchema<byte[]> {
    @Override
    public byte[] serialize(byte[] value) {
      return value;
    }
  }

  private static Configuration settings(String folder, String backend) {
    Configuration settings = new Configuration();
    settings.set(StateBackendOptions.STATE_BACKEND, backend);
    settings.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, "file://" + folder + "/checkpoints");
    settings.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
    settings.set(PipelineOptions.OBJECT_REUSE, true);
    return settings;
  }

  private static KafkaSource<Event> source(String broker, String topic, String run) {
    return KafkaSource.<Event>builder()
        .setBootstrapServers(broker)
        .setTopics(topic)
        .setGroupId(run)
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setDeserializer(new Reader())
        .build();
  }

  private static KafkaSink<byte[]> sink(String broker, String topic, String run) {
    return KafkaSink.<byte[]>builder()
        .setBootstrapServers(broker)
        .setRecordSerializer(
            KafkaRecordSerializationSchema.builder()
                .setTopic(topic)
                .setValueSerializationSchema(new Bytes())
                .build())
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(run)
        .setProperty("transaction.timeout.ms", "600000")
        .setProperty("linger.ms", "50")
        .build();
  }

  public static void main(String[] args) throws Exception {
    String broker = args[0];
    String run = args[3];
    StreamExecutionEnvironment flink =
        StreamExecutionEnvironment.createLocalEnvironment(
            Integer.parseInt(args[6]), settings(args[4], args[7]));
    flink.enableCheckpointing(1000);
    flink
        .fromSource(source(broker, args[1], run), WatermarkStrategy.noWatermarks(), "in")
        .keyBy(event -> event.key)
        .process(new Stages())
        .sinkTo(sink(broker, args[2], run));
    flink.executeAsync();
    long events = Long.parseLong(args[5]);
    Meter.report(events, () -> Checkpoints.complete >= events);
    System.exit(0);
  }
}
