package dev.baton.scheduler.loop;

import dev.baton.scheduler.os.CpuPinning;
import dev.baton.scheduler.os.LinuxCalls;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A thread of {@link BlockingPool}: it may run on any CPU of its enclave, whoever has started it.
 */
final class BlockingThread extends Thread {
  private static final AtomicInteger NUMBERS = new AtomicInteger();

  private final Runnable body;
  private final @Nullable LinuxCalls calls;
  private final CpuPinning affinity;
  private volatile int tid;

  BlockingThread(Runnable body, @Nullable LinuxCalls calls, CpuPinning affinity) {
    super(null, null, "baton-blocking-" + NUMBERS.getAndIncrement(), 0, false);
    this.body = body;
    this.calls = calls;
    this.affinity = affinity;
    setDaemon(true);
  }

  /** The kernel's number of it; 0 before it has begun, or where nobody knows. Any thread. */
  int tid() {
    return tid;
  }

  @Override
  public void run() {
    LinuxCalls c = calls;
    if (c != null) {
      tid = c.gettid();
      boolean _ = affinity.widen(tid);
    }
    body.run();
  }
}
