package dev.baton.scheduler.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

final class VirtualTimeTest {
  private final VirtualTime time = new VirtualTime();
  private final List<Integer> happened = new ArrayList<>();

  private VirtualTime.Event event(int number) {
    return new VirtualTime.Event() {
      @Override
      void happen() {
        happened.add(number);
      }
    };
  }

  @Test
  void shouldLetEventsOfOneInstantHappenInTheOrderTheyWereScheduled() {
    for (int i = 0; i < 100; i++) {
      time.at(5, event(i));
    }

    runAll();

    assertThat(happened).isSortedAccordingTo(Comparator.naturalOrder()).hasSize(100);
    assertThat(time.now()).isEqualTo(5);
  }

  @Test
  void shouldMoveAndCallOffEvents() {
    VirtualTime.Event moved = event(1);
    VirtualTime.Event off = event(2);
    time.at(1, moved);
    time.at(2, off);
    time.at(3, event(3));

    time.at(4, moved);
    time.cancel(off);
    runAll();

    assertThat(happened).containsExactly(3, 1);
    assertThat(off.isScheduled()).isFalse();
    assertThatThrownBy(() -> time.at(3, off)).hasMessageContaining("it is 4 already");
  }

  /** Against a list that is sorted each time. */
  @Test
  void shouldDoAsASortedListDoes() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(3);
    record Planned(long at, int order, int number) {}
    var model = new ArrayList<Planned>();
    var expected = new ArrayList<Integer>();
    List<VirtualTime.Event> events = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      events.add(event(i));
    }

    for (int step = 0; step < 30_000; step++) {
      int number = random.nextInt(events.size());
      switch (random.nextInt(4)) {
        case 0 -> {
          model.removeIf(planned -> planned.number() == number);
          time.cancel(events.get(number));
        }
        case 1 -> {
          model.sort(Comparator.comparingLong(Planned::at).thenComparing(Planned::order));
          assertThat(time.step()).isEqualTo(!model.isEmpty());
          if (!model.isEmpty()) {
            expected.add(model.removeFirst().number());
          }
        }
        default -> {
          long at = time.now() + random.nextInt(50);
          model.removeIf(planned -> planned.number() == number);
          model.add(new Planned(at, step, number));
          time.at(at, events.get(number));
        }
      }
    }

    assertThat(happened).isEqualTo(expected).hasSizeGreaterThan(5_000);
  }

  private void runAll() {
    while (time.step()) {
      // until nothing is left
    }
  }
}
