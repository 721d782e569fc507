package dev.baton.loadgen.peers.report;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.RequestSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A load that every peer gets. The open loops come in another order in every JVM, then {@link
 * #AGAIN}, then the peak, since a JVM on one core takes long to compile what a closed loop keeps
 * busy. In the open loops {@code /fast} is what is looked at.
 */
public enum Scenario {
  ALONE("alone", "`/fast` alone", null, 0),
  BLOCK("block", "beside `/block/50` at 40/s", "/block/50", 40),
  NATIVE("native", "beside `/native/50` at 40/s", "/native/50", 40),
  CPU("cpu", "beside `/cpu/5000` at 20/s", "/cpu/5000", 20),
  /** As {@link #ALONE}, after the others: were the server not warm, it would show. */
  AGAIN("again", "`/fast` alone, once more", null, 0),
  PEAK("peak", "closed loop on `/fast`", null, 0);

  /** The open loops, as they are shown. */
  public static final List<Scenario> OPEN = List.of(ALONE, BLOCK, NATIVE, CPU);

  /** What is sent beside {@code /fast} in the warm-up, so that every path is compiled. */
  private static final List<String> RARE = List.of("/block/5", "/native/5", "/cpu/500");

  private static final double FAST_PER_RARE = 1_000;

  private static final double FAST_RATE = 4_000;
  private static final int PEAK_CONNECTIONS = 32;
  private static final int OPEN_CONNECTIONS = 64;
  private static final Duration OPEN_WARMUP = Duration.ofSeconds(1);

  private final String id;
  private final String title;
  private final @Nullable String slowPath;
  private final double slowRate;

  Scenario(String id, String title, @Nullable String slowPath, double slowRate) {
    this.id = id;
    this.title = title;
    this.slowPath = slowPath;
    this.slowRate = slowRate;
  }

  /** The name in files. */
  public String id() {
    return id;
  }

  /** What it is, as a phrase in Markdown. */
  public String title() {
    return title;
  }

  /** All scenarios in the order in which the given JVM (1, 2, …) of a peer gets them. */
  static List<Scenario> order(int fork) {
    var order = new ArrayList<>(OPEN);
    Collections.rotate(order, 1 - fork);
    order.add(AGAIN);
    order.add(PEAK);
    return List.copyOf(order);
  }

  /** The load of the warm-up before all scenarios: a closed loop on all paths. */
  static LoadOptions warmup(String base, Duration duration) {
    var requests = new ArrayList<RequestSpec>();
    requests.add(RequestSpec.get(base + "/fast").withWeight(FAST_PER_RARE));
    RARE.forEach(path -> requests.add(RequestSpec.get(base + path)));
    return closed(base).setRequests(requests).setDuration(duration);
  }

  /**
   * The load.
   *
   * @param base scheme, host and port
   * @param duration how long an open loop is measured; a closed one half of it
   */
  LoadOptions options(String base, Duration duration, boolean realtime) {
    if (this == PEAK) {
      return closed(base).setDuration(duration.dividedBy(2)).setRealtime(realtime);
    }
    var options =
        new LoadOptions()
            .addRequest(RequestSpec.get(base + "/fast").withName("/fast").withRate(FAST_RATE))
            .setConnections(OPEN_CONNECTIONS)
            .setWarmup(OPEN_WARMUP)
            .setDuration(duration)
            .setCompilersYield(true)
            .setRealtime(realtime);
    if (slowPath != null) {
      options.addRequest(RequestSpec.get(base + slowPath).withName(slowPath).withRate(slowRate));
    }
    return options;
  }

  private static LoadOptions closed(String base) {
    return new LoadOptions()
        .addRequest(RequestSpec.get(base + "/fast"))
        .setClosedLoop(true)
        .setConnections(PEAK_CONNECTIONS)
        .setWarmup(Duration.ZERO)
        .setDrain(Duration.ofMillis(200));
  }
}
