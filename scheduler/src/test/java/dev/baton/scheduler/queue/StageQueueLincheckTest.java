package dev.baton.scheduler.queue;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.api.Test;

/**
 * The bounded queue as several threads use it. A poll looks at one side after the other, so that
 * the whole is no linearizable queue and need not be one; what must hold is that nothing is lost or
 * doubled and that the slots are counted exactly.
 */
class StageQueueLincheckTest {
  private static final int CAPACITY = 2;

  /** Producers and two loops; at the end everything accepted was taken once or still waits. */
  public static class Pulling {
    private static final int MAX = 32;

    private static final class Item implements Runnable {
      private final AtomicInteger taken = new AtomicInteger();

      @Override
      public void run() {}
    }

    private final StageQueue queue = new StageQueue(CAPACITY, 2);
    private final AtomicInteger offered = new AtomicInteger();
    private final Item[] accepted = new Item[MAX];
    private final Item[] running = new Item[2];
    private final AtomicInteger left = new AtomicInteger();

    @Operation
    public boolean offer() {
      Item item = new Item();
      if (!queue.offer(item)) {
        return false;
      }
      accepted[offered.getAndIncrement()] = item;
      return true;
    }

    @Operation(nonParallelGroup = "loop 0")
    public boolean turn0() {
      return turn(0);
    }

    @Operation(nonParallelGroup = "loop 0")
    public void suspend0() {
      suspend(0);
    }

    @Operation(nonParallelGroup = "loop 1")
    public boolean turn1() {
      return turn(1);
    }

    @Operation(nonParallelGroup = "loop 1")
    public void suspend1() {
      suspend(1);
    }

    /** Ends what ran before, and takes the next. */
    private boolean turn(int loop) {
      end(loop);
      Item next = (Item) queue.poll(loop);
      if (next == null) {
        return false;
      }
      if (next.taken.incrementAndGet() != 1) {
        throw new IllegalStateException("doubled");
      }
      running[loop] = next;
      return true;
    }

    private void end(int loop) {
      if (running[loop] != null) {
        running[loop] = null;
        left.getAndIncrement();
        queue.leave();
      }
    }

    /** What runs is suspended and resumed at once, for the loop it ran on. */
    private void suspend(int loop) {
      Item item = running[loop];
      if (item != null) {
        running[loop] = null;
        item.taken.decrementAndGet();
        queue.resume(item, loop);
      }
    }

    @Validate
    public void nothingLostOrDoubled() {
      int inside = offered.get() - left.get();
      if (queue.inside() != inside || inside > CAPACITY) {
        throw new IllegalStateException("inside=" + queue.inside() + ", offered - left=" + inside);
      }
      int taken = 0;
      for (int i = 0; i < offered.get(); i++) {
        taken += accepted[i].taken.get();
      }
      int waiting = offered.get() - taken;
      if (queue.waiting() != waiting || queue.isEmpty() != (waiting == 0)) {
        throw new IllegalStateException(
            "waiting=" + queue.waiting() + ", offered - taken=" + waiting);
      }
    }
  }

  /** The slots alone: linearizable, so that nobody is refused one that is free. */
  public static class Slots {
    private final StageQueue queue = new StageQueue(CAPACITY, 1);

    @Operation
    public boolean offer() {
      return queue.offer(() -> {});
    }

    /** Before the threads start. */
    @Operation
    public void take() {
      queue.poll(0);
    }

    @Operation
    public void leave() {
      queue.leave();
    }
  }

  /** {@link Slots} counted as they were once: increment, look, take back. */
  public static class BrokenSlots {
    private final AtomicInteger inside = new AtomicInteger();

    @Operation
    public boolean offer() {
      if (inside.incrementAndGet() > CAPACITY) {
        inside.decrementAndGet();
        return false;
      }
      return true;
    }

    @Operation
    public void take() {}

    @Operation
    public void leave() {
      inside.decrementAndGet();
    }
  }

  private static ModelCheckingOptions options() {
    return new ModelCheckingOptions().invocationsPerIteration(100).minimizeFailedScenario(false);
  }

  /** One is refused while another leaves and one more comes. */
  private static ModelCheckingOptions slots(Class<?> tested) {
    return options()
        .iterations(0)
        .addCustomScenario(
            Scenario.of(tested)
                .before("offer", "take", "offer", "take")
                .thread("offer")
                .thread("leave", "offer")
                .build());
  }

  @Test
  void shouldLoseAndDoubleNothing() {
    options()
        .verifier(EpsilonVerifier.class)
        .iterations(Integer.getInteger("dev.baton.test.lincheckIterations", 1))
        .threads(3)
        .actorsPerThread(2)
        .actorsBefore(2)
        .actorsAfter(2)
        .check(Pulling.class);
  }

  @Test
  void shouldCountSlotsExactly() {
    slots(Slots.class).invocationsPerIteration(50).check(Slots.class);
  }

  @Test
  void shouldSeeAFreeSlotRefused() {
    assertThatThrownBy(() -> slots(BrokenSlots.class).check(BrokenSlots.class))
        .isInstanceOf(LincheckAssertionError.class);
  }
}
