import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;

/**
 * The small stage job, as in bench/small_job.py: one event onto the stored bytes of one key.
 *
 * <p>State: int latest day, byte stage, byte following, byte n, then n panes of (day, acts, deep).
 * One instance per task: the arrays are used again.
 */
final class Job {
  private static final long DAY_MS = 86_400_000L;
  private static final int WINDOW_DAYS = 28;
  private static final int MOST_PANES = WINDOW_DAYS + 1;

  private final ObjectMapper json = new ObjectMapper();
  private final int[] days = new int[MOST_PANES];
  private final int[] acts = new int[MOST_PANES];
  private final int[] deep = new int[MOST_PANES];
  private int latest;
  private int stage;
  private int following;
  private int panes;

  /** The output of the last event, or null. */
  byte[] transition;

  /** Applies an event; gives the new state. */
  byte[] apply(byte[] stored, byte[] value) throws IOException {
    JsonNode event = json.readTree(value);
    long at = event.get("occurred_at").asLong();
    int day = (int) (at / DAY_MS);
    String verb = event.get("interaction").asText();
    read(stored, day);
    count(day, verb.equals("comment") || verb.equals("reply") || verb.equals("share"));
    if (verb.equals("follow")) following = 1;
    else if (verb.equals("unfollow")) following = 0;
    int now = decide();
    transition = null;
    if (now != stage) {
      ObjectNode out = json.createObjectNode();
      out.put("brand", event.get("brand").asText());
      out.put("person", event.get("person").asText());
      out.put("from", stage);
      out.put("to", now);
      out.put("at", at);
      out.put("cause", event.get("event_id").asText());
      transition = json.writeValueAsBytes(out);
      stage = now;
    }
    return write();
  }

  private void read(byte[] stored, int day) {
    latest = day;
    stage = following = panes = 0;
    if (stored == null) return;
    ByteBuffer in = ByteBuffer.wrap(stored);
    latest = in.getInt();
    stage = in.get();
    following = in.get();
    panes = in.get();
    for (int i = 0; i < panes; i++) {
      days[i] = in.getInt();
      acts[i] = in.getInt();
      deep[i] = in.getInt();
    }
  }

  private void count(int day, boolean isDeep) {
    if (day > latest) {
      latest = day;
      int kept = 0;
      for (int i = 0; i < panes; i++) {
        if (days[i] > day - WINDOW_DAYS) {
          days[kept] = days[i];
          acts[kept] = acts[i];
          deep[kept++] = deep[i];
        }
      }
      panes = kept;
    }
    if (day <= latest - WINDOW_DAYS) return;
    int pane = 0;
    while (pane < panes && days[pane] != day) pane++;
    if (pane == panes) {
      days[pane] = day;
      acts[pane] = deep[pane] = 0;
      panes++;
    }
    acts[pane]++;
    if (isDeep) deep[pane]++;
  }

  private int decide() {
    int allActs = 0;
    int allDeep = 0;
    for (int i = 0; i < panes; i++) {
      allActs += acts[i];
      allDeep += deep[i];
    }
    if (allActs == 0) return 0;
    if (panes < 3) return 1;
    if (allDeep < 2) return 2;
    return following == 1 ? 4 : 3;
  }

  private byte[] write() {
    ByteBuffer out = ByteBuffer.allocate(7 + 12 * panes);
    out.putInt(latest).put((byte) stage).put((byte) following).put((byte) panes);
    for (int i = 0; i < panes; i++) out.putInt(days[i]).putInt(acts[i]).putInt(deep[i]);
    return out.array();
  }
}

/** Times a run from its first event until all its offsets are committed. */
final class Meter {
  private static final AtomicLong SEEN = new AtomicLong();
  private static volatile long firstNanos;
  private static volatile long firstCpu;

  private Meter() {}

  /** One event was processed. */
  static void saw() {
    if (SEEN.getAndIncrement() == 0) {
      firstCpu = cpuNanos();
      firstNanos = System.nanoTime();
    }
  }

  /** How many events have been processed. */
  static long seen() {
    return SEEN.get();
  }

  /** For a group whose offsets are committed with its outputs: waits for them. */
  static BooleanSupplier offsetsOf(String broker, String group, long events) {
    Admin admin = Admin.create(Map.of("bootstrap.servers", broker));
    return () -> committed(admin, group) >= events;
  }

  /** Waits until all events are committed, and says what they cost. */
  static void report(long events, BooleanSupplier isCommitted) throws InterruptedException {
    while (SEEN.get() < events) Thread.sleep(20);
    double processed = (System.nanoTime() - firstNanos) / 1e9;
    while (!isCommitted.getAsBoolean()) Thread.sleep(20);
    double seconds = (System.nanoTime() - firstNanos) / 1e9;
    double cpu = (cpuNanos() - firstCpu) / 1e9;
    System.out.printf(
        "{\"event\": \"done\", \"events\": %d, \"seconds\": %.6f, \"cpu_s\": %.6f,"
            + " \"processed_s\": %.6f}%n",
        events, seconds, cpu, processed);
    System.out.flush();
    Thread.sleep(2000); // outputs of the last checkpoint may become visible a moment later
  }

  private static long committed(Admin admin, String group) {
    try {
      long sum = 0;
      for (OffsetAndMetadata offset :
          admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values()) {
        if (offset != null) sum += offset.offset();
      }
      return sum;
    } catch (InterruptedException | ExecutionException error) {
      throw new IllegalStateException(error);
    }
  }

  private static long cpuNanos() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }
}
