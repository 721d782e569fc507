package dev.baton.loadgen.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.LoadReport;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.record.CoreUse;
import dev.baton.loadgen.record.Outcome;
import dev.baton.loadgen.record.Recorder;
import dev.baton.loadgen.record.SelfMeasurement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The search over a server that takes 1 ms up to its capacity and 100 ms beyond. */
class RateSearchTest {
  private static final double CAPACITY = 3_300;
  private static final List<String> LATE = List.of("late");
  private final List<RateSearch.Probe> tried = new ArrayList<>();

  private RateSearch.Result search(
      double from, double to, Function<LoadOptions, LoadReport> runner) {
    var options =
        new LoadOptions()
            .addRequest(RequestSpec.get("http://127.0.0.1:1/a").withRate(300))
            .addRequest(RequestSpec.get("http://127.0.0.1:1/b").withRate(100))
            .setWarmup(Duration.ZERO)
            .setDuration(Duration.ofSeconds(1));
    return new RateSearch(
            options,
            Condition.parseAll(List.of("p99<5ms,errors<0.1%")),
            from,
            to,
            0.05,
            Duration.ofSeconds(2),
            tried::add,
            runner)
        .run();
  }

  @Test
  void shouldFindTheCapacityWithinTheTolerance() {
    var result = search(500, 200_000, o -> report(o, o.getRate() <= CAPACITY, 1));

    assertThat(result.rate()).isBetween(CAPACITY / 1.05, CAPACITY);
    assertThat(result.reachedLimit()).isFalse();
    assertThat(tried.getLast().confirmation()).isTrue();
    assertThat(tried.getLast().report().windowSeconds()).isEqualTo(2);
    assertThat(tried.getLast().rate()).isEqualTo(result.rate());
  }

  @Test
  void shouldKeepTheSharesOfTheMix() {
    var result = search(500, 1_000, o -> report(o, true, 1));

    var mix = result.probes().getLast().report().options().getRequests();
    assertThat(mix.get(0).rate()).isCloseTo(750, within(1e-6));
    assertThat(mix.get(1).rate()).isCloseTo(250, within(1e-6));
    assertThat(result.rate()).isEqualTo(1_000);
    assertThat(result.reachedLimit()).isTrue();
  }

  @Test
  void shouldTryOnceMoreWhatDidNotHold() {
    // Every other try of a rate that holds is disturbed.
    var calls = new ArrayList<Double>();
    var result =
        search(
            500,
            200_000,
            o -> {
              calls.add(o.getRate());
              return report(o, o.getRate() <= CAPACITY && calls.size() % 2 == 0, 1);
            });

    assertThat(result.rate()).isBetween(CAPACITY / 1.05, CAPACITY);
  }

  @Test
  void shouldNotCountARateThatWasNotDelivered() {
    var result = search(500, 200_000, o -> report(o, true, o.getRate() <= CAPACITY ? 1 : 0.9));

    assertThat(result.rate()).isBetween(CAPACITY / 1.05, CAPACITY);
    assertThat(tried).anyMatch(p -> p.why().contains("only 90.0 % of it was answered"));
  }

  @Test
  void shouldStepDownWhereTheLongRunDoesNotHold() {
    var result =
        search(
            500,
            200_000,
            o -> report(o, o.getRate() <= (o.getDuration().toSeconds() > 1 ? 2_000 : CAPACITY), 1));

    assertThat(result.rate()).isBetween(2_000 / 1.06, 2_000.0);
  }

  @Test
  void shouldSayThatNothingHolds() {
    var result = search(500, 200_000, o -> report(o, false, 1));

    assertThat(result.rate()).isZero();
    assertThat(result.confirmed()).isNull();
    assertThat(tried).hasSize(2).allMatch(p -> p.why().contains("breaks p99<5ms"));
  }

  @Test
  void shouldNotBlameTheServerForADisturbedGenerator() {
    var nowhere = search(500, 200_000, o -> report(o, false, 1, LATE));
    var somewhere =
        search(500, 200_000, o -> report(o, true, 1, o.getRate() <= CAPACITY ? List.of() : LATE));
    var undisturbed = search(500, 200_000, o -> report(o, o.getRate() <= CAPACITY, 1));

    assertThat(nowhere.confirmed()).isNull();
    assertThat(nowhere.generatorLimit()).isTrue();
    assertThat(somewhere.confirmed()).isNotNull();
    assertThat(somewhere.generatorLimit()).isTrue();
    assertThat(undisturbed.generatorLimit()).isFalse();
    assertThat(tried).anyMatch(p -> p.why().equals("INVALID: late"));
  }

  private static LoadReport report(LoadOptions options, boolean fast, double delivered) {
    return report(options, fast, delivered, List.of());
  }

  /** A report of a thousand requests, as if at the rate of the options. */
  private static LoadReport report(
      LoadOptions options, boolean fast, double delivered, List<String> invalidReasons) {
    var phases = options.effectivePhases();
    var recorder = new Recorder(options.getRequests(), List.of(), phases);
    long window = options.getDuration().toNanos();
    for (int i = 0; i < 1_000; i++) {
      long start = window * i / 1_000;
      recorder.scheduled(0, 0, start, 1_000);
      recorder.sent(0, 0);
      boolean late = i >= 1_000 * delivered;
      // As the window ends 1 ms before the last answers would come, they are let off.
      long end = late ? window + 1 : Math.min(start + (fast ? 1 : 100) * 1_000_000L, window - 1);
      recorder.done(0, 0, Outcome.OK, fast && late ? end - 1 : start, start, end, 0, null);
    }
    return new LoadReport(
        options,
        Instant.EPOCH,
        "",
        recorder.total(),
        recorder.requests(),
        recorder.sessions().records(),
        recorder.recordedPhases(),
        recorder.warmup(),
        recorder.connections(),
        recorder.lateness(),
        recorder.turns(),
        recorder.windowSeconds(),
        false,
        CoreUse.NONE,
        new SelfMeasurement(1, 0, 0, 0, 0, 0, 0),
        Map.of(),
        recorder.heatmap(),
        recorder.latenessMap(),
        invalidReasons);
  }
}
