package dev.baton.server.torture;

import dev.baton.server.context.ContextMode;
import dev.baton.server.torture.Exchange.Outcome;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Tortures a demo service and says what it got wrong: many connections, pipelines with bodies both
 * ways, slow writers and readers, clients that leave in the middle. The requests follow from the
 * seed alone; how they interleave does not.
 */
@Command(
    name = "torture",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Checks every byte a demo service answers, under load that is made to hurt.")
public final class Torture implements Runnable {
  @Option(names = "--host", defaultValue = "127.0.0.1", description = "default ${DEFAULT-VALUE}")
  private String host = "127.0.0.1";

  @Option(names = "--port", defaultValue = "8080", description = "default ${DEFAULT-VALUE}")
  private int port;

  @Option(names = "--seconds", defaultValue = "60", description = "default ${DEFAULT-VALUE}")
  private int seconds;

  @Option(names = "--connections", defaultValue = "64", description = "default ${DEFAULT-VALUE}")
  private int connections;

  @Option(names = "--seed", description = "repeats a run's requests; default: a random one")
  private long seed = ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE);

  @Option(names = "--hang-after", defaultValue = "30", description = "seconds, ${DEFAULT-VALUE}")
  private int hangAfterSeconds;

  @Option(names = "--abort-percent", defaultValue = "10", description = "default ${DEFAULT-VALUE}")
  private int abortPercent;

  @Option(
      names = "--requests",
      description = "ends when about so many were sent, however long that takes")
  private long maxRequests;

  @Option(
      names = "--fast-weight",
      description = "how many FAST ones there are beside 82 of all others; default 20")
  private int fastWeight = Kind.FAST.weight;

  @Option(names = "--may-lack-files", description = "a handler of FILE may fail to open it")
  private boolean mayLackFiles;

  @Option(
      names = "--kinds",
      split = ",",
      description = "of ${COMPLETION-CANDIDATES}; default: all but FAIL")
  private Set<Kind> kinds = Kind.quiet();

  @Option(
      names = "--pipelines",
      description = "tortures pipelines in this process, placed as one of ${COMPLETION-CANDIDATES}")
  private PipelineService.@Nullable Placing placing;

  @Option(
      names = "--context",
      defaultValue = "SERIAL",
      description = "of the pipelines: ${COMPLETION-CANDIDATES}, default ${DEFAULT-VALUE}")
  private ContextMode mode = ContextMode.SERIAL;

  private boolean clean;

  /** Runs the torture from a shell; exits with 1 unless all is well. */
  public static void main(String[] args) {
    var torture = new Torture();
    int code = new CommandLine(torture).execute(args);
    System.exit(code != 0 ? code : torture.clean ? 0 : 1);
  }

  @Override
  public void run() {
    if (placing == null) {
      torture(host, port);
      return;
    }
    try (var service = TorturedPipelines.start(placing, mode)) {
      torture("127.0.0.1", service.port());
      clean &= service.inside() == 0;
      System.out.println(service.report());
    }
  }

  private void torture(String host, int port) {
    Options options =
        Options.against(host, port)
            .withConnections(connections)
            .withDuration(Duration.ofSeconds(seconds))
            .withSeed(seed)
            .withAbortPercent(abortPercent)
            .withHangAfter(Duration.ofSeconds(hangAfterSeconds))
            .withKinds(kinds)
            .withFastWeight(fastWeight)
            .withMayLackFiles(mayLackFiles);
    if (maxRequests > 0) {
      options = options.withMaxRequests(maxRequests).withDuration(Duration.ofDays(1));
    }
    System.out.println(options);
    Result result = run(options);
    System.out.println(result.report());
    clean = result.clean();
  }

  /**
   * Tortures until the duration is over and the last responses are in; blocks the caller.
   *
   * @return what came of it; ask {@link Result#clean()}, show {@link Result#report()}
   */
  public static Result run(Options options) {
    List<Kind> mix =
        options.kinds().stream()
            .flatMap(k -> Collections.nCopies(options.weight(k), k).stream())
            .toList();
    var tally = new Tally();
    long start = System.nanoTime();
    long deadline = start + options.duration().toNanos();
    List<Client> clients =
        IntStream.range(0, options.connections())
            .mapToObj(number -> new Client(number, options, mix, tally, deadline))
            .toList();
    List<Thread> threads = clients.stream().map(Thread.ofVirtual()::start).toList();
    try {
      while (threads.stream().anyMatch(Thread::isAlive)) {
        TimeUnit.MILLISECONDS.sleep(100);
        clients.forEach(client -> client.breakOffIfHanging(options.hangAfter().toNanos()));
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return tally.result(options.seed(), System.nanoTime() - start);
  }

  /**
   * How to torture. {@link #against} gives the whole mix on 64 connections for five seconds.
   *
   * @param connections clients at a time, each with one connection
   * @param duration how long new pipelines are sent
   * @param seed of all requests
   * @param maxPipeline the most requests that are sent without waiting for a response
   * @param abortPercent how many pipelines of a hundred the client leaves in the middle of
   * @param hangAfter how long a response may take until the connection is given up as hung
   * @param kinds the kinds that take part
   * @param fastWeight how many of {@link Kind#FAST} there are beside the weights of the others
   * @param maxRequests after how many no more are sent, about
   * @param mayLackFiles whether the server may be out of files when a handler opens one
   */
  public record Options(
      String host,
      int port,
      int connections,
      Duration duration,
      long seed,
      int maxPipeline,
      int abortPercent,
      Duration hangAfter,
      Set<Kind> kinds,
      int fastWeight,
      long maxRequests,
      boolean mayLackFiles) {

    public Options {
      if (connections < 1 || maxPipeline < 1 || kinds.isEmpty()) {
        throw new IllegalArgumentException(
            "connections=%d, maxPipeline=%d, kinds=%s: give at least one of each"
                .formatted(connections, maxPipeline, kinds));
      }
    }

    public static Options against(String host, int port) {
      return new Options(
          host,
          port,
          64,
          Duration.ofSeconds(5),
          ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE),
          20,
          10,
          Duration.ofSeconds(30),
          Kind.quiet(),
          Kind.FAST.weight,
          Long.MAX_VALUE,
          false);
    }

    int weight(Kind kind) {
      return kind == Kind.FAST ? fastWeight : kind.weight;
    }

    public Options withConnections(int count) {
      return new Options(
          host,
          port,
          count,
          duration,
          seed,
          maxPipeline,
          abortPercent,
          hangAfter,
          kinds,
          fastWeight,
          maxRequests,
          mayLackFiles);
    }

    public Options withDuration(Duration time) {
      return new Options(
          host,
          port,
          connections,
          time,
          seed,
          maxPipeline,
          abortPercent,
          hangAfter,
          kinds,
          fastWeight,
          maxRequests,
          mayLackFiles);
    }

    public Options withSeed(long number) {
      return new Options(
          host,
          port,
          connections,
          duration,
          number,
          maxPipeline,
          abortPercent,
          hangAfter,
          kinds,
          fastWeight,
          maxRequests,
          mayLackFiles);
    }

    public Options withMaxPipeline(int requests) {
      return new Options(
          host,
          port,
          connections,
          duration,
          seed,
          requests,
          abortPercent,
          hangAfter,
          kinds,
          fastWeight,
          maxRequests,
          mayLackFiles);
    }

    public Options withAbortPercent(int percent) {
      return new Options(
          host,
          port,
          connections,
          duration,
          seed,
          maxPipeline,
          percent,
          hangAfter,
          kinds,
          fastWeight,
          maxRequests,
          mayLackFiles);
    }

    public Options withHangAfter(Duration time) {
      return new Options(
          host,
          port,
          connections,
          duration,
          seed,
          maxPipeline,
          abortPercent,
          time,
          kinds,
          fastWeight,
          maxRequests,
          mayLackFiles);
    }

    public Options withKinds(Set<Kind> some) {
      return new Options(
          host,
          port,
          connections,
          duration,
          seed,
          maxPipeline,
          abortPercent,
          hangAfter,
          some,
          fastWeight,
          maxRequests,
          mayLackFiles);
    }

    public Options withFastWeight(int weight) {
      return new Options(
          host,
          port,
          connections,
          duration,
          seed,
          maxPipeline,
          abortPercent,
          hangAfter,
          kinds,
          weight,
          maxRequests,
          mayLackFiles);
    }

    public Options withMaxRequests(long count) {
      return new Options(
          host,
          port,
          connections,
          duration,
          seed,
          maxPipeline,
          abortPercent,
          hangAfter,
          kinds,
          fastWeight,
          count,
          mayLackFiles);
    }

    public Options withMayLackFiles(boolean may) {
      return new Options(
          host,
          port,
          connections,
          duration,
          seed,
          maxPipeline,
          abortPercent,
          hangAfter,
          kinds,
          fastWeight,
          maxRequests,
          may);
    }
  }

  /**
   * What came of a run.
   *
   * @param counts requests by kind and outcome
   * @param hung connections that were given up because a response did not come in time; their
   *     requests count as lost
   * @param unasked connections on which bytes came that no request had asked for
   * @param failedToConnect connections that could not be opened
   * @param details the first mismatches, one line each
   */
  public record Result(
      long seed,
      long nanos,
      Map<Kind, Map<Outcome, Long>> counts,
      long hung,
      long unasked,
      long failedToConnect,
      List<String> details) {

    /** Requests whose response was right to the byte. */
    public long ok() {
      return total(Outcome.OK);
    }

    /** Requests whose response had a wrong status, header, framing or body. */
    public long wrong() {
      return total(Outcome.WRONG);
    }

    /** Requests without a response, though the client stayed. */
    public long lost() {
      return total(Outcome.LOST);
    }

    /** Requests that got the response to another one. */
    public long crossed() {
      return total(Outcome.CROSSED);
    }

    /** Requests whose response the client did not wait for. */
    public long aborted() {
      return total(Outcome.ABORTED);
    }

    /**
     * Whether something was answered, and nothing wrong, lost, crossed, hung, unasked or refused.
     */
    public boolean clean() {
      return ok() > 0 && wrong() + lost() + crossed() + hung + unasked + failedToConnect == 0;
    }

    /** Many lines: the totals, a table by kind, the first mismatches. */
    public String report() {
      var text = new StringBuilder();
      text.append(
          String.format(
              Locale.ROOT,
              "seed %d, %.1f s: %d ok, %d wrong, %d lost, %d crossed, %d aborted by the client,"
                  + " %d hung, %d unasked, %d refused, %d without a file%n",
              seed,
              nanos / 1e9,
              ok(),
              wrong(),
              lost(),
              crossed(),
              aborted(),
              hung,
              unasked,
              failedToConnect,
              total(Outcome.NO_FILE)));
      text.append(
          String.format("%-20s%9s%9s%9s%9s%9s%n", "", "ok", "wrong", "lost", "crossed", "aborted"));
      counts.forEach((kind, row) -> text.append(line(kind, row)));
      details.forEach(detail -> text.append(detail).append(System.lineSeparator()));
      return text.toString();
    }

    private static String line(Kind kind, Map<Outcome, Long> row) {
      var line = new StringBuilder(String.format("%-20s", kind));
      for (Outcome outcome :
          List.of(Outcome.OK, Outcome.WRONG, Outcome.LOST, Outcome.CROSSED, Outcome.ABORTED)) {
        line.append(String.format(Locale.ROOT, "%9d", row.getOrDefault(outcome, 0L)));
      }
      return line.append(System.lineSeparator()).toString();
    }

    private long total(Outcome outcome) {
      return counts.values().stream().mapToLong(row -> row.getOrDefault(outcome, 0L)).sum();
    }
  }
}
