package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
final class AheadRunsTest {
  /** What would be lost. */
  private record Work(boolean isSeen) implements Ahead {
    @Override
    public void run() {
      throw new AssertionError("no thread runs it");
    }

    @Override
    public @Nullable Supplier<?> work() {
      return null;
    }

    @Override
    public void ran(long nanos) {
      throw new AssertionError("no thread runs it");
    }
  }

  /**
   * The first virtual thread of a process fails so if no native one can be had, and all later ones.
   */
  private static ThreadFactory failing(Class<? extends Error> with) {
    return _ -> {
      throw with == OutOfMemoryError.class
          ? new OutOfMemoryError("unable to create native thread")
          : new NoClassDefFoundError("Could not initialize class java.lang.VirtualThread");
    };
  }

  private static AheadRuns runs(ThreadFactory threads) {
    return new AheadRuns(threads, threads, Duration.ofSeconds(1), new AtomicInteger(), _ -> {});
  }

  @ParameterizedTest
  @ValueSource(classes = {OutOfMemoryError.class, NoClassDefFoundError.class})
  void shouldRefuseWhatNoThreadCanBeHadFor(Class<? extends Error> with) throws Exception {
    try (Loops loops = Loops.one()) {
      TransferableEventLoop loop = loops.first();
      var ahead = runs(failing(with));

      assertThat(ahead.start(loop, loop.pool(), new Work(true), true)).isFalse();
      assertThat(ahead.start(loop, loop.pool(), new Work(false), false)).isFalse();

      assertThat(ahead.snapshots()).isEmpty();
      assertThat(ahead.started()).isZero();
    }
  }

  @Test
  void shouldGoOnWhereNoneCanBeHadToPrepareFor() {
    var ahead = runs(failing(NoClassDefFoundError.class));

    ahead.prepare();

    assertThat(ahead.snapshots()).isEmpty();
  }
}
