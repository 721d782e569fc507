package dev.baton.server.management;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.TransferableEventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Sees which loops stand still, whatever holds their owner: code that runs where no loop is taken
 * over, a lock that everybody wants, a CPU that is somebody else's. A loop that has not turned
 * since the last look is sent a probe, a task that does nothing; it stands still as long as it does
 * not run that. One thread at a time.
 */
final class LoopWatch {
  /** How long a loop keeps a probe waiting before it is said to stand still. */
  static final long STILL_NANOS = 250_000_000L;

  /** What is known of one loop. */
  static final class Loop {
    private final TransferableEventLoop loop;

    // Written by who looks
    private long turns = -1;
    private boolean sent;
    private long sentNanos;
    private long stillNanos;
    private long episodes;
    private int owner;
    private long lookedNanos;
    private @Nullable Doing doing;

    // Written by the loop
    private volatile boolean ran;

    private Loop(TransferableEventLoop loop) {
      this.loop = loop;
    }

    int index() {
      return loop.index();
    }

    /** For how long it has stood still; 0 if it turns. */
    long stillNanos() {
      return stillNanos;
    }

    /** How often it has stood still. */
    long episodes() {
      return episodes;
    }

    /** The worker that holds it up. */
    int owner() {
      return owner;
    }

    /** What its owner does, while it stands still. */
    @Nullable Doing doing() {
      return doing;
    }

    /** Whether a task of ours waits in its queue. */
    boolean isProbed() {
      return sent && !ran;
    }
  }

  private final Enclave enclave;
  private final StackSampler stacks;
  private final List<Loop> loops;

  LoopWatch(Enclave enclave, List<TransferableEventLoop> loops, StackSampler stacks) {
    this.enclave = enclave;
    this.stacks = stacks;
    this.loops = loops.stream().map(Loop::new).toList();
  }

  List<Loop> loops() {
    return loops;
  }

  /** Those that stand still, the longest first. */
  List<Loop> still() {
    List<Loop> still = new ArrayList<>(loops.stream().filter(l -> l.stillNanos > 0).toList());
    still.sort((a, b) -> Long.compare(b.stillNanos, a.stillNanos));
    return still;
  }

  /**
   * Looks once.
   *
   * @param aliveNanos a clock that stands when this process does
   */
  void look(long aliveNanos, long nowNanos) {
    List<LoopSnapshot> snapshots = enclave.loopSnapshots();
    for (int i = 0; i < loops.size(); i++) {
      look(loops.get(i), snapshots.get(i), aliveNanos, nowNanos);
    }
  }

  private void look(Loop loop, LoopSnapshot now, long aliveNanos, long nowNanos) {
    if (now.turns() != loop.turns || (loop.sent && loop.ran)) {
      loop.turns = now.turns();
      loop.sent &= !loop.ran; // one that is still queued needs no other
      loop.sentNanos = aliveNanos;
      loop.stillNanos = 0;
      loop.doing = null;
      return;
    }
    if (!loop.sent) {
      send(loop, aliveNanos);
      return;
    }
    long nanos = aliveNanos - loop.sentNanos;
    if (nanos < STILL_NANOS) {
      return;
    }
    if (loop.stillNanos == 0) {
      loop.episodes++;
    }
    loop.stillNanos = nanos;
    loop.owner = now.owner();
    if (loop.doing == null || nanos > 2 * loop.lookedNanos) {
      Doing doing = stacks.look(enclave, now.owner(), true, nowNanos);
      if (doing != null) {
        loop.doing = doing;
        loop.lookedNanos = nanos;
      }
    }
  }

  private static void send(Loop loop, long aliveNanos) {
    loop.ran = false;
    loop.sentNanos = aliveNanos;
    try {
      loop.loop.execute(() -> loop.ran = true);
      loop.sent = true;
    } catch (RejectedExecutionException shutDown) {
      loop.sent = false;
    }
  }
}
