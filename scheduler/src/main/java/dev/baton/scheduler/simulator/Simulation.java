package dev.baton.scheduler.simulator;

import dev.baton.scheduler.policy.SchedulingPolicy;
import org.jspecify.annotations.Nullable;

/**
 * One run: a policy, a machine and a load, from an idle start until the last request has been
 * answered. Depends on nothing but its arguments, so the same ones give the same result.
 */
public final class Simulation {
  /** What comes first is not counted: a server that has just begun is emptier than it will be. */
  private static final int WARM_UP_SHARE = 10;

  /** A server that so many wait for will not catch up: no more come. */
  private static final int HOPELESS = 1_000_000;

  /** A server that answers fewer of those that come meanwhile does not keep up. */
  private static final double KEEPS_UP = 0.98;

  private final SimulatedEnclave enclave;
  private final Machine machine;
  private final VirtualTime time;
  private final Workload load;
  private final Latencies latencies;
  private final String policy;
  private final long warmUp;

  private @Nullable Request next;
  private long came;
  private long answered;
  private long cameCounted;
  private long answeredMeanwhile;
  private long firstCountedNanos;
  private long lastNanos;
  private long busyAtFirst;
  private long busyAtLast;
  private boolean hopeless;
  private boolean over; // no more come

  private Simulation(
      SimulationOptions options, SchedulingPolicy policy, Workload load, long requests) {
    this.machine = new Machine(options.cpus(), options.costs());
    this.time = machine.time;
    this.load = load;
    this.latencies = new Latencies(load.kinds());
    this.policy = policy.name();
    this.warmUp = requests / WARM_UP_SHARE;
    this.enclave = new SimulatedEnclave(machine, options, policy, load.kinds(), this::answered);
  }

  /**
   * Runs it.
   *
   * @param policy a fresh instance
   * @param requests how many {@code load} brings; a tenth of them is not counted
   */
  public static SimulationResult run(
      SimulationOptions options, SchedulingPolicy policy, Workload load, long requests) {
    return new Simulation(options, policy, load, requests).run();
  }

  private SimulationResult run() {
    var arrival =
        new VirtualTime.Event() {
          @Override
          void happen() {
            arrived();
            plan(this);
          }
        };
    plan(arrival);
    while (!(over && answered == came) && time.step()) {
      // all of it happens in the events
    }
    double window = lastNanos - firstCountedNanos;
    return new SimulationResult(
        policy,
        latencies,
        cameCounted / window * 1e9,
        !hopeless && answeredMeanwhile >= KEEPS_UP * cameCounted,
        busyAtLast / window / machine.cpus.length,
        enclave.blockedTakeovers(),
        enclave.hogTakeovers(),
        enclave.pulled(),
        machine.switches(),
        came,
        answered,
        time.happened());
  }

  private void plan(VirtualTime.Event arrival) {
    var request = new Request();
    hopeless = came - answered > HOPELESS;
    if (!hopeless && load.next(request)) {
      next = request;
      time.at(Math.max(time.now(), request.arrivedNanos), arrival);
    } else {
      over = true;
      lastNanos = time.now();
      busyAtLast = machine.busyNanos() - busyAtFirst;
    }
  }

  private void arrived() {
    Request request = next;
    if (request == null) {
      return;
    }
    if (came == warmUp) {
      firstCountedNanos = time.now();
      busyAtFirst = machine.busyNanos();
    }
    if (came++ >= warmUp) {
      request.counts = true;
      cameCounted++;
    }
    enclave.arrived(request);
  }

  private void answered(Request request) {
    answered++;
    if (came > warmUp && !over) {
      answeredMeanwhile++;
    }
    if (request.counts) {
      latencies.record(request.kind, time.now() - request.arrivedNanos);
    }
  }
}
