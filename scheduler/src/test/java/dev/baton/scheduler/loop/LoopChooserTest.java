package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class LoopChooserTest {
  private static final long MILLI = 1_000_000;

  private final Map<Integer, Long> busyNanos = new HashMap<>();
  private List<Integer> loops = List.of(0, 1, 2);
  private long nowNanos = Long.MAX_VALUE - 10 * MILLI;
  private final LoopChooser<Integer> chooser =
      new LoopChooser<>(() -> loops, loop -> busyNanos.getOrDefault(loop, 0L), () -> nowNanos);

  /** A tenth of a second passes, in which loops are busy for so many milliseconds. */
  private void pass(int... millis) {
    chooser.choose(0);
    nowNanos += 100 * MILLI;
    for (int loop = 0; loop < millis.length; loop++) {
      busyNanos.merge(loop, millis[loop] * MILLI, Long::sum);
    }
  }

  private List<Integer> inTurns(int count) {
    return IntStream.range(0, count).mapToObj(n -> chooser.choose(n % loops.size())).toList();
  }

  @Test
  void shouldTakeTurnsWhileLoopsAreAboutAsBusy() {
    assertThat(inTurns(6)).containsExactly(0, 1, 2, 0, 1, 2);

    pass(60, 80, 70);

    assertThat(inTurns(6)).containsExactly(0, 1, 2, 0, 1, 2);
  }

  @Test
  void shouldPassOverLoopsThatAreMuchBusierThanTheLeastBusyOne() {
    pass(100, 10, 20);

    assertThat(inTurns(6)).containsExactly(1, 1, 2, 2, 1, 2).doesNotContain(0);
  }

  @Test
  void shouldForgetWhatIsOver() {
    pass(100, 0, 0);
    chooser.choose(0);

    pass(0, 100, 0);

    assertThat(inTurns(3)).doesNotContain(1).startsWith(0);
  }

  @Test
  void shouldNotLookAtEachConnection() {
    pass(0, 0, 0);
    chooser.choose(0);

    nowNanos += MILLI;
    busyNanos.merge(0, MILLI, Long::sum);

    assertThat(chooser.choose(0)).isZero();
  }

  @Test
  void shouldKnowNothingOfALoopThatIsNew() {
    pass(100, 90, 95);
    loops = List.of(0, 1, 2, 3);

    assertThat(chooser.choose(0)).isEqualTo(3);
  }

  @Test
  void shouldLeaveTheOnlyLoopInPeace() {
    loops = List.of(0);
    pass(100);

    assertThat(chooser.choose(0)).isZero();
  }
}
