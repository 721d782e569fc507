package dev.baton.scheduler.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.scheduler.policy.PerCoreFifoPolicy;
import dev.baton.scheduler.policy.RunToCompletionPolicy;
import dev.baton.scheduler.policy.SchedulingPolicy;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The simulator, with policies of the product and nothing that costs anything, beside what queueing
 * theory knows exactly: mean times in the system.
 */
final class ClosedFormTest {
  private static final Percentage TWO_PERCENT = Percentage.withPercentage(2);
  private static final long MEAN_NANOS = 1_000_000;
  private static final long FOREVER = 1_000_000_000_000L;

  @ParameterizedTest
  @ValueSource(doubles = {0.3, 0.6, 0.8})
  void shouldAgreeWithOneServerAndExponentialService(double rho) {
    var result =
        run(options(1, FOREVER), new PerCoreFifoPolicy(), "all 100% exp(1ms)", rho, 1, 1_000_000);

    double expected = MEAN_NANOS / (1 - rho);
    assertThat(result.latencies().meanNanos()).isCloseTo(expected, TWO_PERCENT);
    // The time in the system is exponential, too.
    assertThat(result.latencies().nanosAt(99) * 1.0)
        .isCloseTo(expected * Math.log(100), Percentage.withPercentage(4));
    assertThat(result.utilisation()).isCloseTo(rho, within(0.01));
    assertThat(result.answered()).isEqualTo(result.came());
  }

  @ParameterizedTest
  @CsvSource({"2, 0.7", "4, 0.8", "16, 0.9"})
  void shouldAgreeWithManyServersAndOneQueue(int servers, double rho) {
    // One more loop, which reads, and runs nothing.
    var options = new SimulationOptions(servers + 1, servers + 1, FOREVER, 0, 256, Costs.none());

    var result = run(options, new OneQueue(), "all 100% exp(1ms)", rho * servers, 1, 1_500_000);

    double offered = rho * servers;
    double waits = erlangC(servers, offered);
    double expected = MEAN_NANOS * (1 + waits / (servers - offered));
    assertThat(result.latencies().meanNanos()).isCloseTo(expected, TWO_PERCENT);
  }

  @ParameterizedTest
  @CsvSource({
    "0.5, all 100% exp(1ms)",
    "0.7, all 100% exp(1ms)",
    "0.5, all 100% 1ms",
    "0.7, short 90% 500us; long 10% 5.5ms"
  })
  void shouldAgreeWithProcessorSharing(double rho, String mix) {
    // A slice far shorter than any handler: each gets a thread, and the kernel shares the CPU.
    var none = Costs.none().with("kernelSlice", 5_000).with("kernelTick", 5_000);
    var options = new SimulationOptions(1, 1, 2_500, 0, 4096, none);

    var result = run(options, new RunToCompletionPolicy(), mix, rho, 1, 150_000);

    double expected = ServiceMix.parse(mix).meanCpuNanos() / (1 - rho);
    assertThat(result.latencies().meanNanos()).isCloseTo(expected, TWO_PERCENT);
  }

  @Test
  void shouldAgreeWithOneServerAndAnyService() {
    String mix = "short 90% 500us; long 10% 5.5ms";
    double rho = 0.5;

    var result = run(options(1, FOREVER), new PerCoreFifoPolicy(), mix, rho, 1, 1_500_000);

    // Pollaczek and Khinchine
    double meanSquare = 0.9 * 500e3 * 500e3 + 0.1 * 5500e3 * 5500e3;
    double lambda = rho / MEAN_NANOS;
    double expected = MEAN_NANOS + lambda * meanSquare / (2 * (1 - rho));
    assertThat(result.latencies().meanNanos()).isCloseTo(expected, TWO_PERCENT);
  }

  @Test
  void shouldServeBlockedHandlersAsIfThereWereNoEndOfServers() {
    // Nothing but sleeps: nobody waits for anybody.
    var options = new SimulationOptions(1, 1, FOREVER, 0, 60_000, Costs.none());

    var result =
        run(options, new RunToCompletionPolicy(), "all 100% 1ns block exp(1ms)", 20, 1, 100_000);

    assertThat(result.latencies().meanNanos()).isCloseTo(1e6, TWO_PERCENT);
    assertThat(result.blockedTakeovers()).isGreaterThan(95_000);
  }

  /** All handlers in one queue, from which all loops but the first pull: it reads. */
  private static final class OneQueue implements SchedulingPolicy {
    @Override
    public String name() {
      return "one-queue";
    }

    @Override
    public boolean queuesHandlers() {
      return true;
    }

    @Override
    public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
      return SHARED;
    }

    @Override
    public boolean mayPull(int puller, int from, int handlerClass) {
      return puller > 0 && from == SHARED;
    }
  }

  private static SimulationOptions options(int cpus, long sliceNanos) {
    return new SimulationOptions(cpus, cpus, sliceNanos, 0, 256, Costs.none());
  }

  private static SimulationResult run(
      SimulationOptions options,
      SchedulingPolicy policy,
      String mix,
      double erlangs,
      int connections,
      long requests) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(7);
    double rate = erlangs * 1e9 / Math.max(1, ServiceMix.parse(mix).meanCpuNanos());
    if (mix.contains("block")) {
      rate = erlangs * 1e9 / MEAN_NANOS;
    }
    var load =
        new OpenLoad(
            new Arrivals.Poisson(rate), ServiceMix.parse(mix), connections, requests, random);
    return Simulation.run(options, policy, load, requests);
  }

  private static double erlangC(int servers, double offered) {
    double term = 1;
    double sum = 1;
    for (int k = 1; k < servers; k++) {
      term *= offered / k;
      sum += term;
    }
    double last = term * offered / servers / (1 - offered / servers);
    return last / (sum + last);
  }
}
