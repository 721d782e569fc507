package dev.baton.loadgen.client;

import io.netty.channel.ManualIoEventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * How late this machine wakes a thread that asked to sleep for a millisecond.
 *
 * @param name how it slept
 * @param lateNanos by how much it overslept
 */
public record TimerFloor(String name, Histogram lateNanos) {
  private static final int SLEEPS = 2_000;
  private static final long SLEEP_NANOS = 1_000_000;

  /** Measures without and with what the generator does about it; takes about five seconds. */
  public static List<TimerFloor> measure() {
    var floors = new ArrayList<TimerFloor>();
    var loop = new ManualIoEventLoop(Thread.currentThread(), Transport.handlerFactory());
    floors.add(measure("epoll, as the kernel does it", loop, Duration.ZERO));
    PacingThread.tuneCurrent(false);
    floors.add(measure("with 1 ns of timer slack", loop, Duration.ZERO));
    floors.add(measure("and 50 µs of polling, as runs do", loop, Duration.ofNanos(50_000)));
    var _ = loop.shutdownGracefully(0, 0, TimeUnit.NANOSECONDS);
    while (!loop.isTerminated()) {
      loop.runNow();
    }
    return floors;
  }

  private static TimerFloor measure(String name, ManualIoEventLoop loop, Duration spin) {
    var late = new Histogram(1, TimeUnit.SECONDS.toNanos(10), 3);
    for (int i = -100; i < SLEEPS; i++) {
      long due = System.nanoTime() + SLEEP_NANOS;
      loop.run(SLEEP_NANOS - spin.toNanos());
      long now = System.nanoTime();
      while (now < due) {
        loop.runNow();
        now = System.nanoTime();
      }
      if (i >= 0) {
        late.recordValue(now - due);
      }
    }
    return new TimerFloor(name, late);
  }
}
