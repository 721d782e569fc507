package dev.baton.loadgen.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static final List<Schedule.Entry> ONE = List.of(new Schedule.Entry(0, 1));
  private static final List<Phase> STEADY =
      List.of(
          Phase.warmup(1_000, Duration.ofSeconds(1)),
          Phase.hold("steady", 1_000, Duration.ofSeconds(10)));

  @Test
  void shouldGiveTheSameBytesForTheSameSeed() throws IOException {
    var mix =
        List.of(new Schedule.Entry(400, 1), new Schedule.Entry(0, 1), new Schedule.Entry(0, 3));

    byte[] first = bytes(new Schedule(STEADY, mix, Arrivals.POISSON, 42));
    byte[] second = bytes(new Schedule(STEADY, mix, Arrivals.POISSON, 42));
    byte[] other = bytes(new Schedule(STEADY, mix, Arrivals.POISSON, 43));

    assertThat(first).isEqualTo(second).isNotEqualTo(other);
  }

  @Test
  void shouldKeepItsHashOnEveryMachine() {
    var schedule = new Schedule(STEADY, ONE, Arrivals.POISSON, 42);

    assertThat(schedule.hash()).isEqualTo("d8c34363d86b3def");
    assertThat(new Schedule(STEADY, ONE, Arrivals.POISSON, 43).hash())
        .isNotEqualTo(schedule.hash());
  }

  @Test
  void shouldSpaceUniformArrivalsEvenly() {
    var schedule = new Schedule(STEADY, ONE, Arrivals.UNIFORM, 1);
    var cursor = schedule.cursor();
    cursor.advance();
    long last = cursor.offsetNanos();

    int[] sizes = {1, 0};
    while (cursor.advance()) {
      assertThat(cursor.offsetNanos() - last).isBetween(999_990L, 1_000_010L);
      last = cursor.offsetNanos();
      sizes[cursor.phase()]++;
    }

    assertThat(sizes).containsExactly(1_000, 10_000);
    assertThat(schedule.expectedRequests()).isEqualTo(11_000);
  }

  @Test
  void shouldBeReadyAtOnceHoweverLongItIs() {
    var threads = ManagementFactory.getThreadMXBean();
    new Schedule(STEADY, ONE, Arrivals.POISSON, 1).hash();
    var day = List.of(Phase.hold("day", 50_000, Duration.ofDays(1)));
    long before = threads.getCurrentThreadCpuTime();

    var schedule = new Schedule(day, ONE, Arrivals.POISSON, 1);

    // To walk 4,320,000,000 arrivals takes minutes.
    assertThat(threads.getCurrentThreadCpuTime() - before).isLessThan(1_000_000_000L);
    var other = List.of(Phase.hold("day", 50_000, Duration.ofDays(1).minusSeconds(1)));
    assertThat(new Schedule(other, ONE, Arrivals.POISSON, 1).hash()).isNotEqualTo(schedule.hash());
  }

  @Test
  void shouldGivePoissonGapsTheirMeanAndDeviation() {
    var cursor = new Schedule(STEADY, ONE, Arrivals.POISSON, 7).cursor();
    double last = 0;
    double sum = 0;
    double squares = 0;
    int count = 0;
    while (cursor.advance()) {
      double gap = (cursor.offsetNanos() - last) / 1e6;
      last = cursor.offsetNanos();
      sum += gap;
      squares += gap * gap;
      count++;
    }

    double mean = sum / count;
    assertThat(mean).isCloseTo(1, within(0.05));
    assertThat(Math.sqrt(squares / count - mean * mean)).isCloseTo(1, within(0.05));
  }

  @Test
  void shouldFollowARamp() {
    var ramp = List.of(new Phase("ramp", 0, 1_000, Duration.ofSeconds(10), true));
    var cursor = new Schedule(ramp, ONE, Arrivals.UNIFORM, 1).cursor();
    int firstHalf = 0;
    int all = 0;
    while (cursor.advance()) {
      all++;
      firstHalf += cursor.offsetNanos() < 5_000_000_000L ? 1 : 0;
    }

    assertThat(all).isEqualTo(5_000);
    assertThat(firstHalf).isBetween(1_249, 1_251);
  }

  @Test
  void shouldSplitTheRateByOwnRatesAndWeights() {
    var mix =
        List.of(new Schedule.Entry(400, 1), new Schedule.Entry(0, 1), new Schedule.Entry(0, 3));
    int[] counts = new int[3];
    long last = 0;
    for (var cursor = new Schedule(STEADY, mix, Arrivals.UNIFORM, 3).cursor(); cursor.advance(); ) {
      counts[cursor.request()]++;
      assertThat(cursor.offsetNanos()).isGreaterThanOrEqualTo(last);
      last = cursor.offsetNanos();
    }

    assertThat(counts[0]).isEqualTo(4_400);
    assertThat(counts[1] + counts[2]).isEqualTo(6_600);
    assertThat((double) counts[2] / counts[1]).isCloseTo(3, within(0.3));
  }

  @Test
  void shouldRefuseOwnRatesAboveTheTotal() {
    assertThatThrownBy(
            () -> new Schedule(STEADY, List.of(new Schedule.Entry(2_000, 1)), Arrivals.UNIFORM, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2000.0/s");
  }

  private static byte[] bytes(Schedule schedule) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      for (var cursor = schedule.cursor(); cursor.advance(); ) {
        out.writeLong(cursor.offsetNanos());
        out.writeInt(cursor.request());
        out.writeInt(cursor.phase());
      }
    }
    return bytes.toByteArray();
  }
}
