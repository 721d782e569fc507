package dev.baton.loadgen.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a command that is told to end, by SIGINT or SIGTERM, report what there is: stops what runs
 * and holds the end of the JVM up until this is closed.
 */
final class Interruption implements AutoCloseable {
  private static final Duration LONGEST = Duration.ofSeconds(20);

  private final CountDownLatch reported = new CountDownLatch(1);
  private final Thread hook;

  /** Stops by the given action from now on. */
  Interruption(Runnable stop) {
    hook = new Thread(() -> interrupt(stop), "loadgen-shutdown");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void interrupt(Runnable stop) {
    stop.run();
    try {
      var _ = reported.await(LONGEST.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    reported.countDown();
    if (!hook.isAlive()) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        return; // the JVM ends already
      }
    }
  }
}
