package dev.baton.scheduler.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.PerCoreFifoPolicy;
import dev.baton.scheduler.policy.Policies;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.scheduler.policy.TakeoverCause;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class SimulationTest {
  private static final String BLOCKING = "fast 95% 20us; query 4% 20us block exp(5ms); cpu 1% 5ms";

  private static Workload load(String mix, double perSecond, long requests) {
    return new OpenLoad(
        new Arrivals.Poisson(perSecond),
        ServiceMix.parse(mix),
        64,
        requests,
        RandomGeneratorFactory.of("L64X128MixRandom").create(11));
  }

  static Stream<String> policies() {
    return Policies.names().stream();
  }

  @ParameterizedTest
  @MethodSource("policies")
  void shouldAnswerEveryRequestOnceUnderEachPolicy(String policy) {
    var result =
        Simulation.run(
            SimulationOptions.of(4),
            Policies.byName(policy),
            load(BLOCKING, 8_000, 30_000),
            30_000);

    assertThat(result.came()).isEqualTo(30_000);
    assertThat(result.answered()).isEqualTo(30_000);
    assertThat(result.latencies().count()).isEqualTo(27_000);
    assertThat(result.blockedTakeovers()).isPositive();
  }

  @Test
  void shouldBeTheSameForTheSameSeedHoweverManyRunAtOnce() throws InterruptedException {
    List<Supplier<SchedulingPolicy>> all =
        Policies.names().stream()
            .<Supplier<SchedulingPolicy>>map(name -> () -> Policies.byName(name))
            .toList();

    var runs = new ArrayList<String>();
    for (int i = 0; i < 2; i++) {
      var curves =
          Sweep.run(
              SimulationOptions.of(4),
              all,
              List.of(0.3, 0.9),
              share -> load(BLOCKING, share * 40_000, 5_000),
              5_000);
      runs.add(numbers(curves));
    }

    assertThat(runs.get(1)).isEqualTo(runs.get(0));
  }

  private static String numbers(List<Sweep.Curve> curves) {
    var text = new StringBuilder();
    for (Sweep.Curve curve : curves) {
      for (Sweep.Point point : curve.points()) {
        SimulationResult r = point.result();
        text.append(curve.policy())
            .append(List.of(r.latencies().meanNanos(), r.events(), r.switches(), r.pulled()))
            .append(r.latencies().nanosAt(99.9));
      }
    }
    return text.toString();
  }

  /** Leaves every loop where it is. */
  private static final class NeverTakes implements SchedulingPolicy {
    @Override
    public String name() {
      return "never-takes";
    }

    @Override
    public long graceNanos(int loop, int handlerClass, TakeoverCause cause) {
      return NEVER;
    }
  }

  @Test
  void shouldShowWhatTakeoversAreFor() {
    String mix = "fast 99.5% 1us; slow 0.5% 1us block 50ms";
    var options = SimulationOptions.of(1);

    var with = Simulation.run(options, new PerCoreFifoPolicy(), load(mix, 2_000, 20_000), 20_000);
    var without = Simulation.run(options, new NeverTakes(), load(mix, 2_000, 20_000), 20_000);

    assertThat(with.latencies().nanosAt(0, 99)).isLessThan(1_000_000);
    assertThat(without.latencies().nanosAt(0, 99)).isGreaterThan(20_000_000);
    assertThat(without.blockedTakeovers()).isZero();
  }

  /** Notes what it hears. */
  private static final class Listens implements SchedulingPolicy {
    final List<Message> heard = new ArrayList<>();

    @Override
    public String name() {
      return "listens";
    }

    @Override
    public boolean hears(Message.Kind kind) {
      return true;
    }

    @Override
    public void message(Message message) {
      heard.add(message);
    }
  }

  @Test
  void shouldTellMessagesInOrder() {
    var policy = new Listens();

    var result =
        Simulation.run(SimulationOptions.of(2), policy, load(BLOCKING, 5_000, 10_000), 10_000);

    assertThat(policy.heard).extracting(Message::sequence).isSorted().doesNotHaveDuplicates();
    assertThat(policy.heard)
        .filteredOn(message -> message.kind() == Message.Kind.BLOCKED)
        .hasSize((int) result.blockedTakeovers());
    assertThat(policy.heard)
        .filteredOn(message -> message.kind() == Message.Kind.PREEMPTED)
        .hasSize((int) result.hogTakeovers());
  }

  @Test
  void shouldSayThatAServerDoesNotKeepUp() {
    var result =
        Simulation.run(
            SimulationOptions.of(2),
            new PerCoreFifoPolicy(),
            load("all 100% 1ms", 3_000, 10_000),
            10_000);

    assertThat(result.keepsUp()).isFalse();
    assertThat(result.answered()).isEqualTo(10_000);
  }

  @Test
  void shouldFindTheFewestCpus() {
    Slo slo = Slo.parse("p99 20ms");

    Sizing.Answer answer =
        Sizing.fewest(
            slo,
            cpus ->
                Simulation.run(
                    SimulationOptions.of(cpus),
                    new PerCoreFifoPolicy(),
                    load("all 100% exp(1ms)", 5_000, 20_000),
                    20_000),
            64);

    int cpus = Objects.requireNonNull(answer).cpus();
    assertThat(cpus).isBetween(6, 16);
    assertThat(slo.holds(answer.result())).isTrue();
    assertThat(Sizing.fewest(Slo.parse("p50 1us"), _ -> answer.result(), 4)).isNull();
    assertThatThrownBy(() -> Slo.parse("fast")).hasMessageContaining("p99 2ms");
  }

  @Test
  void shouldReplayATrace() throws IOException {
    String text =
        Trace.HEADER
            + "\n"
            + Trace.FIELDS
            + "\n100,/a,20000,0,0\n1000100,/b,{x,y},50000,3000000,1\n2000100,/a,20000,0,2\n";
    Trace trace = Trace.read(new BufferedReader(new StringReader(text)), "t.csv");

    var result =
        Simulation.run(
            SimulationOptions.of(1).withCosts(Costs.none()),
            new PerCoreFifoPolicy(),
            trace.at(1),
            3);

    assertThat(trace.routes()).containsExactly("/a", "/b,{x,y}");
    assertThat(result.latencies().nanosAt(1, 50)).isBetween(3_040_000L, 3_060_000L);
    assertThat(result.latencies().nanosAt(0, 50)).isBetween(19_900L, 20_100L);
    assertThatThrownBy(() -> Trace.read(new BufferedReader(new StringReader("x")), "x.csv"))
        .hasMessageContaining("is it a trace?");
    assertThatThrownBy(
            () ->
                Trace.read(new BufferedReader(new StringReader(Trace.HEADER + "\n1,/a")), "x.csv"))
        .hasMessageContaining("x.csv:2");
  }
}
