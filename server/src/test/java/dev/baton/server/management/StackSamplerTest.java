package dev.baton.server.management;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class StackSamplerTest {
  private final StackSampler sampler = new StackSampler();
  private final CountDownLatch release = new CountDownLatch(1);
  private final AtomicBoolean released = new AtomicBoolean();

  @AfterEach
  void end() {
    released.set(true);
    release.countDown();
  }

  /** All threads would wait until each handler that computes has had its turn on the CPU. */
  @Test
  void shouldStopNoThreadButTheOneThatItLooksAt(@TempDir Path directory) throws Exception {
    Thread computes = start(this::compute);
    Thread waits = start(this::await);
    try (var pool =
            Executors.newFixedThreadPool(2, Thread.ofPlatform().name("pool-", 0).factory());
        var recording = new Recording()) {
      pool.execute(this::await);
      recording.enable("jdk.ExecuteVMOperation").withoutThreshold().withoutStackTrace();
      recording.start();

      assertThat(look(computes)).isNotNull();
      assertThat(look(waits)).isNotNull();
      assertThat(sampler.lookAtPool("pool-")).isNotNull();

      recording.stop();
      end();
      var file = directory.resolve("operations.jfr");
      recording.dump(file);
      List<RecordedEvent> events = RecordingFile.readAllEvents(file);
      assertThat(events)
          .filteredOn(event -> event.getBoolean("safepoint"))
          .extracting(event -> event.getString("operation"))
          .noneMatch(operation -> operation.contains("Thread"));
    }
  }

  @Test
  void shouldTellWhoHoldsTheMonitorThatAThreadWaitsFor() {
    var monitor = new Object();
    Thread holder =
        start(
            () -> {
              synchronized (monitor) {
                await();
              }
            });
    until(() -> holder.getState() == Thread.State.WAITING);
    Thread blocked =
        start(
            () -> {
              synchronized (monitor) {
                assertThat(released).isTrue();
              }
            });
    until(() -> blocked.getState() == Thread.State.BLOCKED);

    Doing doing = look(blocked);

    assertThat(doing.kind()).isEqualTo(Doing.Kind.LOCK);
    assertThat(doing.detail()).contains("java.lang.Object@", "held by " + holder.getName());
  }

  @Test
  void shouldTellWhoHoldsTheLockThatAThreadWaitsFor() {
    var lock = new ReentrantLock();
    Thread holder =
        start(
            () -> {
              lock.lock();
              try {
                await();
              } finally {
                lock.unlock();
              }
            });
    until(() -> holder.getState() == Thread.State.WAITING);
    Thread blocked = start(lock::lock);
    until(() -> blocked.getState() == Thread.State.WAITING);

    Doing doing = look(blocked);

    assertThat(doing.kind()).isEqualTo(Doing.Kind.LOCK);
    assertThat(doing.detail()).contains("ReentrantLock", "held by " + holder.getName());
  }

  @Test
  void shouldTellThatAThreadComputesOrSleeps() {
    Thread computes = start(this::compute);
    until(() -> look(computes).stack().stream().anyMatch(f -> f.getMethodName().equals("compute")));
    Thread sleeps =
        start(
            () -> {
              while (!released.get()) {
                sleep();
              }
            });
    until(() -> sleeps.getState() == Thread.State.TIMED_WAITING);

    assertThat(look(computes).kind()).isEqualTo(Doing.Kind.COMPUTES);
    assertThat(look(sleeps).kind()).isEqualTo(Doing.Kind.SLEEPS);
    assertThat(look(sleeps).inWords()).isEqualTo("asleep in StackSamplerTest.sleep");
  }

  @Test
  void shouldTellOfAPoolWhatTheFirstThreadThatIsNotIdleDoes() throws Exception {
    try (var pool =
        Executors.newFixedThreadPool(2, Thread.ofPlatform().name("mine-", 0).factory())) {
      pool.submit(() -> {}).get(); // an idle one comes first
      pool.submit(() -> {}).get();
      until(() -> sampler.lookAtPool("mine-") == null); // it says that it is done before it is idle
      var begun = new CountDownLatch(1);
      pool.execute(
          () -> {
            begun.countDown();
            await();
          });
      begun.await();

      Doing doing = Objects.requireNonNull(sampler.lookAtPool("mine-"));

      assertThat(doing.inWords()).endsWith(" in StackSamplerTest.await");
      end();
    }
  }

  @Test
  void shouldTellNothingOfAThreadThatHasEnded() throws Exception {
    Thread ended = start(() -> {});
    ended.join();

    assertThat(new StackSampler().look(ended, 0, false, System.nanoTime())).isNull();
  }

  private static Doing look(Thread thread) {
    return Objects.requireNonNull(new StackSampler().look(thread, 0, false, System.nanoTime()));
  }

  private static Thread start(Runnable runnable) {
    return Thread.ofPlatform().daemon().name("looked-at-", 0).start(runnable);
  }

  private void compute() {
    while (!released.get()) {
      Thread.onSpinWait();
    }
  }

  private void await() {
    try {
      release.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void sleep() {
    try {
      TimeUnit.MILLISECONDS.sleep(50);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      LockSupport.parkNanos(1_000_000);
    }
  }
}
