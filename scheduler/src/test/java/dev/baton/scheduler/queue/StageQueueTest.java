package dev.baton.scheduler.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Order, slots and wake-ups of the stage's queue, one thread. */
class StageQueueTest {
  private static final int LOOPS = 3;

  private final List<Integer> woken = new ArrayList<>();
  private final StageQueue queue = queue(4);

  private record Item(String name) implements Runnable {
    @Override
    public void run() {}
  }

  private StageQueue queue(int capacity) {
    StageQueue made = new StageQueue(capacity, LOOPS);
    for (int i = 0; i < LOOPS; i++) {
      int loop = i;
      made.attach(i, () -> woken.add(loop));
    }
    return made;
  }

  private boolean offer(String name) {
    return queue.offer(new Item(name));
  }

  private @Nullable String poll(int loop) {
    Item item = (Item) queue.poll(loop);
    return item == null ? null : item.name();
  }

  @Test
  void shouldGiveWhatComesInInOrderToWhoeverAsks() {
    offer("a");
    offer("b");
    offer("c");

    assertThat(poll(2)).isEqualTo("a");
    assertThat(poll(0)).isEqualTo("b");
    assertThat(poll(2)).isEqualTo("c");
    assertThat(poll(1)).isNull();
  }

  @Test
  void shouldCountASlotFromTheOfferUntilItIsLeft() {
    for (int i = 0; i < 4; i++) {
      assertThat(offer("fits " + i)).isTrue();
    }

    assertThat(offer("too many")).isFalse();
    assertThat(queue.inside()).isEqualTo(4);
    assertThat(queue.waiting()).isEqualTo(4);

    queue.resume(Objects.requireNonNull(queue.poll(0)), 1);
    assertThat(offer("while one is suspended or waits again")).isFalse();
    queue.poll(0);
    assertThat(offer("while one runs")).isFalse();
    queue.leave();
    assertThat(offer("after one has left")).isTrue();
    assertThat(queue.inside()).isEqualTo(4);
  }

  @Test
  void shouldFindAPlaceForEverySlotOfOneLoop() {
    for (int capacity = 1; capacity <= 9; capacity++) {
      StageQueue small = queue(capacity);
      for (int i = 0; i < capacity; i++) {
        assertThat(small.offer(new Item("one"))).isTrue();
        small.resume(Objects.requireNonNull(small.poll(0)), 1);
      }

      assertThat(small.waiting()).isEqualTo(capacity);
      assertThat(small.offer(new Item("too many"))).isFalse();
    }
  }

  @Test
  void shouldResumeWhereItRanBefore() {
    offer("a");
    offer("b");
    offer("c");
    queue.resume(Objects.requireNonNull(queue.poll(0)), 1);
    queue.resume(Objects.requireNonNull(queue.poll(0)), 2);

    assertThat(poll(1)).as("its own before what is fresh").isEqualTo("a");
    assertThat(poll(0)).as("what is fresh before its peers'").isEqualTo("c");
    assertThat(poll(0)).as("its peers' before nothing").isEqualTo("b");
    assertThat(poll(0)).isNull();
  }

  @Test
  void shouldResumeElsewhereIfThatLoopIsStuckAndThereIsAlwaysSomethingFresh() {
    offer("suspended");
    queue.resume(Objects.requireNonNull(queue.poll(1)), 1);

    int fresh = 0;
    String next;
    do {
      offer("fresh");
      next = poll(0);
      queue.leave();
    } while (!"suspended".equals(next) && ++fresh < 1000);

    assertThat(fresh).isLessThanOrEqualTo(64);
  }

  @Test
  void shouldWakeOneSleeperPerContinuation() {
    assertThat(queue.park(1)).isTrue();
    assertThat(queue.park(2)).isTrue();

    offer("a");
    assertThat(woken).containsExactly(1);
    offer("b");
    assertThat(woken).containsExactly(1, 2);
    offer("c");

    assertThat(woken).as("nobody sleeps any more").containsExactly(1, 2);
    assertThat(queue.wakeUps()).isEqualTo(2);
  }

  @Test
  void shouldWakeTheLoopThatRanItBeforeIfItSleeps() {
    offer("a");
    Runnable a = Objects.requireNonNull(queue.poll(2));
    queue.park(0);
    queue.park(2);

    queue.resume(a, 2);
    assertThat(woken).containsExactly(2);

    queue.resume(Objects.requireNonNull(queue.poll(2)), 2);
    assertThat(woken).as("it is awake: any other").containsExactly(2, 0);
  }

  @Test
  void shouldNotSleepOnWorkNorBeWokenWhenAwake() {
    offer("a");

    assertThat(queue.park(0)).isFalse();
    queue.unpark(0);
    offer("b");

    assertThat(woken).isEmpty();
  }

  @Test
  void shouldStayAnnouncedWhenItIsAskedTwice() {
    queue.park(0);
    queue.park(0);

    offer("a");
    assertThat(queue.park(0)).as("woken in between: looks again").isFalse();
    offer("b");

    assertThat(woken).containsExactly(0, 0);
  }

  @Test
  void shouldPassOnWhatALoopCannotRun() {
    queue.park(0);
    queue.park(1);
    offer("a");

    queue.passOn(); // by loop 0, which was woken
    queue.passOn(); // by loop 1
    queue.passOn();

    assertThat(woken).containsExactly(0, 1);
    poll(2);
    queue.park(0);
    queue.passOn();
    assertThat(woken).as("nothing waits").containsExactly(0, 1);
  }

  @Test
  void shouldPassOnWhatWouldWaitBehindALoopsOwn() {
    RunQueue own = new RunQueue(queue, 0);
    queue.park(0);
    queue.park(1);
    offer("a");
    queue.unpark(0);
    own.addLocal(new Item("local"));

    own.poll();

    assertThat(woken).containsExactly(0, 1);
  }

  @Test
  void shouldNotStarveTheStageByALoopThatFeedsItself() {
    RunQueue own = new RunQueue(queue, 0);
    offer("of the stage");

    int polls = 0;
    do {
      polls++;
      own.addLocal(new Item("local"));
      own.addShared(new Item("shared"));
    } while (!new Item("of the stage").equals(own.poll()));

    assertThat(polls).isLessThanOrEqualTo(8);
  }

  @Test
  void shouldWakeNobodyWhileOneSpins() {
    queue.park(1);
    assertThat(queue.startSpinning()).isTrue();
    assertThat(queue.startSpinning()).as("one at a time").isFalse();

    offer("a");
    queue.stopSpinning();

    assertThat(woken).as("the spinner takes it").isEmpty();
    assertThat(queue.startSpinning()).isTrue();
    offer("b");
    queue.stopSpinning();
    assertThat(woken).as("it takes one only").containsExactly(1);
  }

  @Test
  void shouldRefuseWhatItCannotHold() {
    assertThatThrownBy(() -> new StageQueue(0, 1)).hasMessage("capacity=0: at least 1");
    assertThatThrownBy(() -> new StageQueue(1, 0)).hasMessage("loops=0: at least 1");
    queue.offer(() -> {});
    Runnable one = Objects.requireNonNull(queue.poll(0));
    for (int i = 0; i < 4; i++) {
      queue.resume(one, 0);
    }
    assertThatThrownBy(() -> queue.resume(one, 0)).isInstanceOf(AssertionError.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 64, 65, 96, 128, 129, 1000})
  void shouldWakeTheLastOfHoweverManyLoops(int loops) {
    StageQueue wide = new StageQueue(3, loops);
    int last = loops - 1;
    wide.attach(last, () -> woken.add(last));
    boolean mayPark = wide.park(last);

    wide.offer(() -> {});
    wide.offer(() -> {});
    wide.unpark(last);
    boolean mayParkAgain = wide.park(last);
    wide.resume(Objects.requireNonNull(wide.poll(last)), last);

    assertThat(mayPark).isTrue();
    assertThat(mayParkAgain).isFalse();
    assertThat(woken).containsExactly(last, last);
  }
}
