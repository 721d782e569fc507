package dev.baton.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.os.CpuSet;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SchedulerOptionsTest {
  private static Arguments refused(String message, Consumer<SchedulerOptions> change) {
    return Arguments.of(message, change);
  }

  static Stream<Arguments> outOfRange() {
    return Stream.of(
        refused("loops=-1: choose a value from 0 to 4096", o -> o.setLoops(-1)),
        refused("loops=4097: choose", o -> o.setLoops(4097)),
        refused("cpus=: name at least one CPU", o -> o.setCpus(CpuSet.of())),
        refused("grace=PT-1S: choose a duration", o -> o.setGrace(Duration.ofSeconds(-1))),
        refused("grace=PT1S: choose a duration", o -> o.setGrace(Duration.ofSeconds(1))),
        refused("slice=PT0.000009999S: ", o -> o.setSlice(Duration.ofNanos(9_999))),
        refused("slice=PT0.501S: ", o -> o.setSlice(Duration.ofMillis(501))),
        refused("kernelSlice=PT0.101S: ", o -> o.setKernelSlice(Duration.ofMillis(101))),
        refused("minStandbys=0: ", o -> o.setMinStandbys(0)),
        refused("maxStandbys=10001: ", o -> o.setMaxStandbys(10_001)),
        refused("standbyKeepAlive=PT0.009S: ", o -> o.setStandbyKeepAlive(Duration.ofMillis(9))),
        refused("maxHeldContinuations=-1: ", o -> o.setMaxHeldContinuations(-1)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("outOfRange")
  void shouldNameFieldValueAndRange(String message, Consumer<SchedulerOptions> change) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.accept(new SchedulerOptions()))
        .withMessageStartingWith(message);
  }

  @Test
  void shouldAcceptTheEndsOfEveryRange() {
    new SchedulerOptions()
        .setLoops(0)
        .setLoops(4096)
        .setGrace(Duration.ZERO)
        .setGrace(Duration.ofNanos(999_999_999))
        .setSlice(Duration.ofNanos(10_000))
        .setSlice(Duration.ofMillis(500))
        .setKernelSlice(Duration.ZERO)
        .setMinStandbys(1)
        .setMaxStandbys(10_000)
        .setStandbyKeepAlive(Duration.ofMillis(10))
        .setMaxHeldContinuations(0);
  }

  @Test
  void shouldCopyEveryField() {
    SchedulerOptions options =
        new SchedulerOptions()
            .setLoops(3)
            .setCpus(CpuSet.of(1))
            .setPinning(false)
            .setTakeover(false)
            .setNotifier(BlockNotifier.Kind.TICK)
            .setGrace(Duration.ofNanos(1))
            .setSlice(Duration.ofMillis(2))
            .setKernelSlice(Duration.ofMillis(3))
            .setMinStandbys(5)
            .setMaxStandbys(6)
            .setStandbyKeepAlive(Duration.ofSeconds(7))
            .setMaxHeldContinuations(8);

    SchedulerOptions copy = new SchedulerOptions(options);

    assertThat(copy).usingRecursiveComparison().isEqualTo(options);
    assertThat(copy).usingRecursiveComparison().isNotEqualTo(new SchedulerOptions());
  }
}
