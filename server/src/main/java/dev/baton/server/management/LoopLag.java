package dev.baton.server.management;

import dev.baton.scheduler.loop.TransferableEventLoop;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

/**
 * How long a task must wait until an event loop runs it: a probe per loop, sent again when it has
 * come back. Sees a loop that stands still in I/O, where it cannot be taken over. One thread: the
 * management server's.
 */
final class LoopLag {
  private static final class Probe {
    final TransferableEventLoop loop;

    // Written by the management server
    private boolean sent;
    private long sentNanos;

    // Written by the loop; 0 while it is under way
    private volatile long ranNanos;

    Probe(TransferableEventLoop loop) {
      this.loop = loop;
    }
  }

  private final List<Probe> probes;

  LoopLag(List<TransferableEventLoop> loops) {
    probes = loops.stream().map(Probe::new).toList();
  }

  /** Sends a probe to every loop that has none under way. */
  void send() {
    for (Probe probe : probes) {
      if (probe.sent && probe.ranNanos == 0) {
        continue;
      }
      probe.ranNanos = 0;
      probe.sentNanos = System.nanoTime();
      try {
        probe.loop.execute(() -> probe.ranNanos = System.nanoTime());
        probe.sent = true;
      } catch (RejectedExecutionException shutDown) {
        probe.sent = false;
      }
    }
  }

  /** Whose probe has not come back; by index of the loop. */
  boolean[] underWay() {
    boolean[] underWay = new boolean[probes.size()];
    for (int i = 0; i < underWay.length; i++) {
      underWay[i] = probes.get(i).sent && probes.get(i).ranNanos == 0;
    }
    return underWay;
  }

  /** How long the last probe took, or has taken so far, in nanoseconds; by index of the loop. */
  long[] nanos(long now) {
    return probes.stream().mapToLong(probe -> nanos(probe, now)).toArray();
  }

  private static long nanos(Probe probe, long now) {
    long ran = probe.ranNanos;
    return !probe.sent ? 0 : Math.max(0, (ran == 0 ? now : ran) - probe.sentNanos);
  }
}
