package dev.baton.scheduler.simulator;

import dev.baton.scheduler.policy.SchedulingPolicy;
import java.util.List;
import java.util.random.RandomGenerator;

/** Requests of a mix that come whether or not those before them were answered. */
public final class OpenLoad implements Workload {
  private final Arrivals arrivals;
  private final ServiceMix mix;
  private final int connections;
  private final RandomGenerator random;
  private long left;
  private double atNanos;

  /**
   * A load.
   *
   * @param connections requests come by any of so many, at least 1
   * @param requests how many, at least 1
   * @param random which ones; not shared with anybody
   */
  public OpenLoad(
      Arrivals arrivals, ServiceMix mix, int connections, long requests, RandomGenerator random) {
    this.arrivals = arrivals;
    this.mix = mix;
    this.connections = connections;
    this.left = requests;
    this.random = random;
  }

  @Override
  public boolean next(Request into) {
    if (left-- <= 0) {
      return false;
    }
    atNanos += arrivals.nextNanos(random);
    into.arrivedNanos = Math.round(atNanos);
    into.kind = mix.draw(random);
    into.connection = random.nextInt(connections);
    ServiceMix.Kind kind = mix.kinds().get(into.kind);
    into.cpuNanos = kind.cpu().sample(random);
    Law block = kind.block();
    into.blockNanos = block == null ? 0 : block.sample(random);
    into.cpuAfterNanos = 0;
    if (into.blockNanos > 0) { // half of it before, half after
      into.cpuAfterNanos = into.cpuNanos / 2;
      into.cpuNanos -= into.cpuAfterNanos;
    }
    into.deadlineNanos =
        kind.deadlineNanos() == 0
            ? SchedulingPolicy.NO_DEADLINE
            : into.arrivedNanos + kind.deadlineNanos();
    return true;
  }

  @Override
  public List<String> kinds() {
    return mix.kinds().stream().map(ServiceMix.Kind::name).toList();
  }
}
