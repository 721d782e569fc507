package dev.baton.scheduler.queue;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The side of the run queue that several threads use: producers beside the one owner. */
public class RunQueueLincheckTest {
  private final RunQueue queue = new RunQueue();

  private record Item(int number) implements Runnable {
    @Override
    public void run() {}
  }

  @Operation
  public void addShared(int number) {
    queue.addShared(new Item(number));
  }

  @Operation(nonParallelGroup = "owner")
  public @Nullable Integer poll() {
    Item item = (Item) queue.poll();
    return item == null ? null : item.number();
  }

  @Operation(nonParallelGroup = "owner")
  public boolean isEmpty() {
    return queue.isEmpty();
  }

  @Test
  void shouldBeALinearizableQueue() {
    new ModelCheckingOptions()
        .iterations(4)
        .invocationsPerIteration(100)
        .threads(3)
        .actorsPerThread(2)
        .actorsBefore(1)
        .actorsAfter(2)
        .check(RunQueueLincheckTest.class);
  }
}
