package dev.baton.loadgen.compare;

import java.util.HashMap;
import java.util.Map;

/**
 * What a server cost while it was loaded.
 *
 * @param cpuSeconds user and system time
 * @param responses responses it gave, warm-up included
 * @param peakRssBytes highest resident set seen
 * @param threads context switches by thread id, of those alive at the reading: what threads that
 *     ended before it had is lost, so sums of them are lower bounds
 */
public record ServerCost(
    double cpuSeconds, long responses, long peakRssBytes, Map<Long, Switches> threads) {
  /** Nothing. */
  public static final ServerCost NONE = new ServerCost(0, 0, 0, Map.of());

  /**
   * Context switches of a thread.
   *
   * @param voluntary because it went to sleep
   * @param involuntary because the kernel took the CPU
   */
  public record Switches(long voluntary, long involuntary) {
    static final Switches NONE = new Switches(0, 0);

    private Switches plus(Switches other) {
      return new Switches(voluntary + other.voluntary, involuntary + other.involuntary);
    }

    /** Those since an earlier reading; all of them if the id is another thread's by now. */
    private Switches since(Switches earlier) {
      return voluntary < earlier.voluntary || involuntary < earlier.involuntary
          ? this
          : new Switches(voluntary - earlier.voluntary, involuntary - earlier.involuntary);
    }
  }

  /** This and another one together. */
  public ServerCost plus(ServerCost other) {
    var sum = new HashMap<>(threads);
    other.threads.forEach((id, switches) -> sum.merge(id, switches, Switches::plus));
    return new ServerCost(
        cpuSeconds + other.cpuSeconds,
        responses + other.responses,
        Math.max(peakRssBytes, other.peakRssBytes),
        Map.copyOf(sum));
  }

  /**
   * What was added since an earlier reading; the resident set is the one of now.
   *
   * @param responsesSince responses given meanwhile
   */
  public ServerCost since(ServerCost earlier, long responsesSince) {
    var added = new HashMap<Long, Switches>();
    threads.forEach(
        (id, switches) ->
            added.put(id, switches.since(earlier.threads.getOrDefault(id, Switches.NONE))));
    return new ServerCost(
        Math.max(0, cpuSeconds - earlier.cpuSeconds),
        responsesSince,
        peakRssBytes,
        Map.copyOf(added));
  }

  /** Context switches because a thread went to sleep, at least. */
  public long voluntarySwitches() {
    return threads.values().stream().mapToLong(Switches::voluntary).sum();
  }

  /** Context switches because the kernel took the CPU, at least. */
  public long involuntarySwitches() {
    return threads.values().stream().mapToLong(Switches::involuntary).sum();
  }

  /** CPU time per response in microseconds; 0 without responses. */
  public double cpuMicrosPerResponse() {
    return responses == 0 ? 0 : cpuSeconds * 1e6 / responses;
  }

  /** Context switches of both kinds per response, at least; 0 without responses. */
  public double switchesPerResponse() {
    return responses == 0 ? 0 : (double) (voluntarySwitches() + involuntarySwitches()) / responses;
  }
}
