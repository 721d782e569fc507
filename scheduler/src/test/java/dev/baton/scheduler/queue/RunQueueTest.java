package dev.baton.scheduler.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class RunQueueTest {
  private final RunQueue queue = new RunQueue();
  private final List<String> ran = new ArrayList<>();

  private Runnable item(String name) {
    return () -> ran.add(name);
  }

  private void drain() {
    for (Runnable next; (next = queue.poll()) != null; ) {
      next.run();
    }
  }

  @Test
  void shouldKeepTheOrderWithinEachSide() {
    for (int i = 0; i < 1000; i++) {
      queue.addLocal(item("local " + i));
      queue.addShared(item("shared " + i));
    }

    assertThat(queue.size()).isEqualTo(2000);
    drain();

    assertThat(queue.isEmpty()).isTrue();
    for (String side : List.of("local ", "shared ")) {
      List<String> order = ran.stream().filter(name -> name.startsWith(side)).toList();
      assertThat(order).hasSize(1000);
      for (int i = 0; i < 1000; i++) {
        assertThat(order.get(i)).isEqualTo(side + i);
      }
    }
  }

  @Test
  void shouldNotStarveOtherThreadsByALoopThatFeedsItself() {
    queue.addShared(item("shared"));
    queue.addLocal(item("local"));

    int polls = 0;
    while (!ran.contains("shared")) {
      polls++;
      Objects.requireNonNull(queue.poll()).run();
      queue.addLocal(item("local"));
    }

    assertThat(polls).isLessThanOrEqualTo(8);
  }

  @Test
  void shouldNotStarveTheLoopByOtherThreads() {
    queue.addLocal(item("local"));

    int polls = 0;
    while (!ran.contains("local")) {
      polls++;
      queue.addShared(item("shared"));
      Objects.requireNonNull(queue.poll()).run();
    }

    assertThat(polls).isLessThanOrEqualTo(2);
  }

  @Test
  void shouldRunWhatIsUnderWayBeforeNewWork() {
    for (int i = 0; i < 100; i++) {
      queue.addNew(item("new"));
    }
    for (int i = 0; i < 8; i++) {
      queue.addShared(item("shared"));
      queue.addLocal(item("local"));
    }

    drain();

    assertThat(ran).hasSize(116);
    assertThat(ran.subList(0, 18))
        .filteredOn("new"::equals)
        .hasSize(2); // one of eight, for all that
  }

  @Test
  void shouldPollEachSideByItself() {
    queue.addLocal(item("local"));
    queue.addShared(item("shared"));

    Objects.requireNonNull(queue.pollShared()).run();
    Objects.requireNonNull(queue.pollLocal()).run();

    assertThat(ran).containsExactly("shared", "local");
    assertThat(queue.poll()).isNull();
  }
}
