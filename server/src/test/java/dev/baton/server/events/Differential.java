package dev.baton.server.events;

import dev.baton.server.BatonOptions;
import dev.baton.server.SelfSigned;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.server.metrics.ShedReason;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Plays sequences of a client's actions against one verticle on stock Vert.x and on another host,
 * and compares what every handler and the client saw.
 */
@Command(
    name = "differential",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Compares the callbacks of a verticle on stock Vert.x and on another host.")
public final class Differential implements Runnable {
  private static final int MAX_DIFFERENCES = 10;

  @Option(names = "--host", description = "${COMPLETION-CANDIDATES}, default ${DEFAULT-VALUE}")
  private Host host = Host.SERIAL;

  @Option(names = "--count", description = "sequences, default ${DEFAULT-VALUE}")
  private int count = 100_000;

  @Option(names = "--seed", description = "repeats a run's sequences; default: a random one")
  private long seed = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE);

  @Option(names = "--only", description = "the number of one sequence, to repeat it count times")
  private int only = -1;

  @Option(names = "--connections", description = "at a time, default ${DEFAULT-VALUE}")
  private int connections = 16;

  @Option(names = "--patience", description = "seconds, default ${DEFAULT-VALUE}")
  private int patienceSeconds = 60;

  @Option(names = "--no-blocking", description = "no callback sleeps")
  private boolean noBlocking;

  @Option(names = "--harsh", description = "zero grace, slices of 20 µs")
  private boolean harsh;

  @Option(names = "--kinds", split = ",", description = "of ${COMPLETION-CANDIDATES}")
  private @Nullable Set<Script.Kind> kinds;

  private int differences;

  /** Compares from a shell; exits with 1 if there is a difference. */
  public static void main(String[] args) {
    var differential = new Differential();
    int code = new CommandLine(differential).execute(args);
    System.exit(code != 0 ? code : differential.differences == 0 ? 0 : 1);
  }

  static Result run(Host host, int count, long seed, boolean harsh) {
    var differential = new Differential();
    differential.host = host;
    differential.count = count;
    differential.seed = seed;
    differential.harsh = harsh;
    return differential.compare();
  }

  @Override
  public void run() {
    long start = System.nanoTime();
    Result result = compare();
    differences = result.differences.size();
    result.differences.forEach(System.out::println);
    System.out.printf(
        "seed %d, %d sequences on %s beside stock, %d differences, %d clients gone, %.1f s %s%n",
        seed,
        result.played,
        host,
        differences,
        result.gone,
        (System.nanoTime() - start) / 1e9,
        result.kinds);
  }

  /**
   * What a run has shown.
   *
   * @param gone sequences of which a request was not run because its client had left while no
   *     standby was free: a difference by design
   */
  record Result(int played, List<String> differences, int gone, Map<Script.Kind, Integer> kinds) {}

  private Result compare() {
    var played = new AtomicInteger();
    var next = new AtomicInteger();
    List<String> found = new ArrayList<>();
    Map<Script.Kind, Integer> byKind = new EnumMap<>(Script.Kind.class);
    int gone = 0;
    try (var stock = new Side(Host.STOCK, false);
        var other = new Side(host, harsh)) {
      List<Thread> clients =
          IntStream.range(0, connections)
              .mapToObj(
                  client ->
                      Thread.ofVirtual()
                          .start(
                              () -> {
                                for (int i; (i = next.getAndIncrement()) < count; ) {
                                  int sequence = only < 0 ? i : only;
                                  Script.Kind kind = kind(sequence);
                                  if (kind == null) {
                                    continue;
                                  }
                                  String difference = play(sequence, kind, client, stock, other);
                                  played.incrementAndGet();
                                  synchronized (found) {
                                    byKind.merge(kind, 1, Integer::sum);
                                    if (difference != null) {
                                      found.add(difference);
                                    }
                                    if (found.size() >= MAX_DIFFERENCES) {
                                      return;
                                    }
                                  }
                                }
                              }))
              .toList();
      for (Thread client : clients) {
        client.join();
      }
      gone = other.excused.get();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return new Result(played.get(), found, gone, byKind);
  }

  private SplittableRandom random(int sequence) {
    return new SplittableRandom(seed * 1_000_003 + sequence);
  }

  /** The kind of a sequence, or null if it is not one of those asked for. */
  private Script.@Nullable Kind kind(int sequence) {
    Script.Kind kind = Script.Kind.of(random(sequence));
    return kinds == null || kinds.contains(kind) ? kind : null;
  }

  /** Returns what differed, or null. */
  private @Nullable String play(
      int sequence, Script.Kind kind, int client, Side stock, Side other) {
    try {
      Played reference = play(sequence, kind, client, stock);
      if (!reference.trace.awaitEnd(patienceSeconds)) {
        return report(sequence, kind, reference, "stock does not end: ", List.of());
      }
      stock.app.flush().await(patienceSeconds, TimeUnit.SECONDS);
      List<String> expected = reference.trace.lines();
      Played compared = play(sequence, kind, client, other);
      boolean equal = compared.trace.awaitEqual(expected, patienceSeconds);
      other.app.flush().await(patienceSeconds, TimeUnit.SECONDS);
      List<String> seen = compared.trace.lines();
      return (equal && seen.equals(expected)) || (mayLookGone(kind, reference) && other.excuses())
          ? null
          : report(sequence, kind, reference, "", seen);
    } catch (Exception failure) {
      return "sequence " + sequence + " " + kind + " of seed " + seed + ": " + failure;
    }
  }

  /** Who has closed its side looks like who has gone. */
  private static boolean mayLookGone(Script.Kind kind, Played played) {
    return kind == Script.Kind.EARLY_CLOSE || played.actions.contains("half-close");
  }

  private Played play(int sequence, Script.Kind kind, int client, Side side) throws IOException {
    SplittableRandom random = random(sequence);
    Script.Kind _ = Script.Kind.of(random);
    var trace = new Trace();
    // An address of its own per client: no other one comes by the same port meanwhile.
    String address = "127.0.1." + (client + 1);
    Script script;
    String key = "";
    try (Wire wire = Wire.bind(address)) {
      key = wire.local();
      side.traces.put(key, trace);
      wire.connect(
          side.app.port(kind.tls),
          kind.tls ? kind == Script.Kind.HTTP_2_TLS ? "h2" : "http/1.1" : "");
      wire.timeout(patienceSeconds * 1_000);
      script = new Script(random, trace, wire, !noBlocking);
      try {
        script.play(kind);
      } catch (IOException failure) {
        trace.add(Trace.CLIENT, failure.getClass().getSimpleName());
      }
    }
    return new Played(trace, script.actions());
  }

  private String report(
      int sequence, Script.Kind kind, Played reference, String what, List<String> seen) {
    List<String> expected = reference.trace.lines();
    int at = 0;
    while (at < expected.size() && at < seen.size() && expected.get(at).equals(seen.get(at))) {
      at++;
    }
    return "%ssequence %d %s of seed %d differs from line %d on:%n  actions %s%n  stock    %s%n  other    %s"
        .formatted(
            what,
            sequence,
            kind,
            seed,
            at,
            reference.actions,
            around(expected, seen.isEmpty() ? -1 : at),
            around(seen, at));
  }

  private static List<String> around(List<String> lines, int at) {
    if (at < 0) {
      return lines;
    }
    return lines.subList(
        Math.min(lines.size(), Math.max(0, at - 3)), Math.min(lines.size(), at + 6));
  }

  private record Played(Trace trace, List<String> actions) {}

  /** One host with its verticle. */
  private static final class Side implements AutoCloseable {
    final Map<String, Trace> traces = new ConcurrentHashMap<>();
    final RecordingApp app;
    final AtomicInteger excused = new AtomicInteger();
    private final Vertx vertx;

    Side(Host host, boolean harsh) {
      var options = new BatonOptions();
      if (harsh) {
        options.getScheduler().setGrace(Duration.ZERO).setSlice(Duration.ofNanos(20_000));
      }
      vertx = host.vertx(new VertxOptions().setEventLoopPoolSize(1), options);
      app = new RecordingApp(traces, SelfSigned.CERTIFICATE, host == Host.PER_REQUEST);
      vertx.deployVerticle(app).await();
    }

    /** Whether a request was dropped since its client had left, and no other difference is its. */
    boolean excuses() {
      BatonMetrics metrics = BatonMetrics.of(vertx);
      int dropped = metrics == null ? 0 : (int) metrics.sheds(ShedReason.CLIENT_GONE);
      return excused.getAndUpdate(before -> Math.min(before + 1, dropped)) < dropped;
    }

    @Override
    public void close() {
      vertx.close().await();
    }
  }
}
