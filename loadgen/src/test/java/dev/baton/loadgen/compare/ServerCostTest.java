package dev.baton.loadgen.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.loadgen.compare.ServerCost.Switches;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerCostTest {
  private static ServerCost reading(double cpuSeconds, Map<Long, Switches> threads) {
    return new ServerCost(cpuSeconds, 0, 1 << 20, threads);
  }

  @Test
  void shouldNotTakeBackTheSwitchesOfThreadsThatEnded() {
    var before = reading(1, Map.of(1L, new Switches(100, 10), 2L, new Switches(5_000, 0)));
    var after = reading(3, Map.of(1L, new Switches(130, 15), 3L, new Switches(7, 1)));

    var cost = after.since(before, 10);

    assertThat(cost.voluntarySwitches()).isEqualTo(37);
    assertThat(cost.involuntarySwitches()).isEqualTo(6);
    assertThat(cost.switchesPerResponse()).isEqualTo(4.3);
    assertThat(cost.cpuMicrosPerResponse()).isEqualTo(200_000);
  }

  @Test
  void shouldTellThreadsApartThatHadOneIdAfterTheOther() {
    var before = reading(0, Map.of(1L, new Switches(100, 10)));
    var after = reading(0, Map.of(1L, new Switches(3, 0)));

    assertThat(after.since(before, 1).voluntarySwitches()).isEqualTo(3);
  }

  @Test
  void shouldAddUpBlocks() {
    var block = reading(1, Map.of(1L, new Switches(3, 2)));
    var other = reading(1, Map.of(1L, new Switches(4, 0), 2L, new Switches(1, 1)));

    var sum = ServerCost.NONE.plus(block).plus(other);

    assertThat(sum.voluntarySwitches()).isEqualTo(8);
    assertThat(sum.involuntarySwitches()).isEqualTo(3);
  }
}
