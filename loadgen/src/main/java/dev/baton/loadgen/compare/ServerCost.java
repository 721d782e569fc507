package dev.baton.loadgen.compare;

/**
 * What a server cost while it was loaded.
 *
 * @param cpuSeconds user and system time
 * @param responses responses it gave, warm-up included
 * @param peakRssBytes highest resident set seen
 * @param voluntarySwitches context switches because a thread went to sleep
 * @param involuntarySwitches context switches because the kernel took the CPU
 */
public record ServerCost(
    double cpuSeconds,
    long responses,
    long peakRssBytes,
    long voluntarySwitches,
    long involuntarySwitches) {
  /** Nothing. */
  public static final ServerCost NONE = new ServerCost(0, 0, 0, 0, 0);

  /** This and another one together. */
  public ServerCost plus(ServerCost other) {
    return new ServerCost(
        cpuSeconds + other.cpuSeconds,
        responses + other.responses,
        Math.max(peakRssBytes, other.peakRssBytes),
        voluntarySwitches + other.voluntarySwitches,
        involuntarySwitches + other.involuntarySwitches);
  }

  /**
   * What was added since an earlier reading; the resident set is the one of now.
   *
   * @param responsesSince responses given meanwhile
   */
  public ServerCost since(ServerCost earlier, long responsesSince) {
    return new ServerCost(
        cpuSeconds - earlier.cpuSeconds,
        responsesSince,
        peakRssBytes,
        voluntarySwitches - earlier.voluntarySwitches,
        involuntarySwitches - earlier.involuntarySwitches);
  }

  /** CPU time per response in microseconds; 0 without responses. */
  public double cpuMicrosPerResponse() {
    return responses == 0 ? 0 : cpuSeconds * 1e6 / responses;
  }

  /** Context switches of both kinds per response; 0 without responses. */
  public double switchesPerResponse() {
    return responses == 0 ? 0 : (double) (voluntarySwitches + involuntarySwitches) / responses;
  }
}
