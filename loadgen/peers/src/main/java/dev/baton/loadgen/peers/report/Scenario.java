package dev.baton.loadgen.peers.report;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.RequestSpec;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A load that every peer gets, in this order: the peak last, since a JVM on one core takes long to
 * compile what a closed loop keeps busy. In the open loops {@code /fast} is what is looked at.
 */
public enum Scenario {
  ALONE("alone", "`/fast` alone", null, 0),
  BLOCK("block", "beside `/block/50` at 40/s", "/block/50", 40),
  NATIVE("native", "beside `/native/50` at 40/s", "/native/50", 40),
  CPU("cpu", "beside `/cpu/5000` at 20/s", "/cpu/5000", 20),
  PEAK("peak", "closed loop on `/fast`", null, 0);

  /** The open loops, in order. */
  public static final List<Scenario> OPEN = List.of(ALONE, BLOCK, NATIVE, CPU);

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

  /** The load of the warm-up before all scenarios: a closed loop, reported by nobody. */
  static LoadOptions warmup(String base, Duration duration) {
    return closed(base).setDuration(duration);
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
