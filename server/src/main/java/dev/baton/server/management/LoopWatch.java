package dev.baton.server.management;

import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.LoopSnapshot;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.server.context.RequestWork;
import io.netty.channel.EventLoop;
import io.vertx.core.impl.BatonVertx;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Sees which loops stand still, whatever holds their thread: code that runs where no loop is taken
 * over, a lock that everybody wants, a CPU that is somebody else's. Baton's own, and the stock ones
 * beside them: the acceptor, and those of pinned deployments. A loop that has not turned since the
 * last look is sent a probe, a task that does nothing; it stands still as long as it does not run
 * that. One thread at a time.
 */
final class LoopWatch {
  /** How long a loop keeps a probe waiting before it is said to stand still. */
  static final long STILL_NANOS = 250_000_000L;

  /** What is known of one loop. */
  abstract static class Loop {
    private final String label;
    private final String name;

    // Written by who looks
    private boolean sent;
    private long sentNanos;
    private boolean suspected;
    private long suspectedNanos;
    private long waitedNanos;
    private long stillNanos;
    private long episodes;
    private long lookedNanos;
    private @Nullable Doing doing;

    // Written by the loop
    private volatile boolean ran;

    private Loop(String label, String name) {
      this.label = label;
      this.name = name;
    }

    /** Such as {@code 0}, {@code pinned-0}, {@code acceptor}. */
    String label() {
      return label;
    }

    /** Such as {@code Loop 0}. */
    String inWords() {
      return name;
    }

    /** For how long it has stood still; 0 if it turns. */
    long stillNanos() {
      return stillNanos;
    }

    /** How often it has stood still. */
    long episodes() {
      return episodes;
    }

    /** What its thread does, while it stands still. */
    @Nullable Doing doing() {
      return doing;
    }

    /** Whether a task of ours waits in its queue. */
    boolean isProbed() {
      return sent && !ran;
    }

    /** Who drives it; -1 if no worker does. */
    abstract int owner();

    /** The kernel's number of its thread; 0 if it is not known. */
    abstract int tid();

    /** Which request its thread runs, or its id, as far as that is known; null if not. */
    abstract @Nullable String runs();

    /** Whether it has visibly turned since it was asked last. */
    abstract boolean hasTurned();

    abstract void execute(Runnable probe);

    abstract @Nullable Doing look(StackSampler stacks, long now);

    /** Notes who runs it; the loop. */
    void probed() {}
  }

  /** One that changes hands, if loops do. */
  static final class Ours extends Loop {
    private final Enclave enclave;
    private final TransferableEventLoop loop;

    // Written by who looks
    private long turns = -1;
    private @Nullable LoopSnapshot snapshot;

    private Ours(Enclave enclave, TransferableEventLoop loop) {
      super(Integer.toString(loop.index()), "Loop " + loop.index());
      this.enclave = enclave;
      this.loop = loop;
    }

    int index() {
      return loop.index();
    }

    @Override
    int owner() {
      return snapshot == null ? -1 : snapshot.owner();
    }

    @Override
    int tid() {
      return enclave.tidOf(owner());
    }

    @Override
    @Nullable String runs() {
      return enclave.workOf(owner()) instanceof RequestWork work
          ? work.method()
              + " "
              + work.route()
              + (work.requestId() == null ? "" : ", request " + work.requestId())
          : null;
    }

    @Override
    boolean hasTurned() {
      snapshot = loop.snapshot();
      boolean turned = snapshot.turns() != turns;
      turns = snapshot.turns();
      return turned;
    }

    @Override
    void execute(Runnable probe) {
      loop.execute(probe);
    }

    @Override
    @Nullable Doing look(StackSampler stacks, long now) {
      return stacks.look(enclave, owner(), true, now);
    }
  }

  /** A stock one: its thread is the only one that ever drives it. */
  static final class Stock extends Loop {
    private static final String PINNED = "pinned-";

    private final EventLoop loop;

    // Written by the loop, when it runs a probe, and by who looks
    private volatile @Nullable Thread thread;
    private volatile int tid;

    // Written by who looks
    private boolean serves;

    private Stock(BatonVertx.StockLoop stock) {
      super(
          stock.label(),
          stock.label().startsWith(PINNED)
              ? "Pinned loop " + stock.label().substring(PINNED.length())
              : "The " + stock.label());
      this.loop = stock.loop();
    }

    /** Whether the requests of a deployment come to it. */
    boolean serves() {
      return serves;
    }

    /** Whether deployments have it. */
    boolean isPinned() {
      return label().startsWith(PINNED);
    }

    @Override
    int owner() {
      return -1;
    }

    @Override
    int tid() {
      return tid;
    }

    @Override
    @Nullable String runs() {
      Thread t = thread;
      String id = t == null ? null : BatonVertx.requestIdOn(t);
      return id == null ? null : "request " + id;
    }

    @Override
    boolean hasTurned() {
      return false;
    }

    @Override
    void execute(Runnable probe) {
      loop.execute(probe);
    }

    @Override
    @Nullable Doing look(StackSampler stacks, long now) {
      Thread t = thread;
      if (t == null) {
        t = stacks.threadOf(loop); // it has stood still since before the first probe
        thread = t;
      }
      return t == null ? null : stacks.look(t, tid, false, now);
    }

    @Override
    void probed() {
      if (tid == 0) {
        tid = KernelThreads.ownTid();
        thread = Thread.currentThread();
      }
    }
  }

  private final StackSampler stacks;
  private final List<Loop> loops = new CopyOnWriteArrayList<>();

  LoopWatch(Enclave enclave, List<TransferableEventLoop> ours, StackSampler stacks) {
    this.stacks = stacks;
    ours.forEach(loop -> loops.add(new Ours(enclave, loop)));
  }

  /**
   * Watches these, too.
   *
   * @return those that are new
   */
  List<Loop> add(List<BatonVertx.StockLoop> stock) {
    List<Loop> added = new ArrayList<>();
    for (BatonVertx.StockLoop each : stock) {
      Stock known = stock().stream().filter(s -> s.loop == each.loop()).findFirst().orElse(null);
      if (known == null) {
        known = new Stock(each);
        added.add(known);
        loops.add(known);
      }
      known.serves |= each.serves();
    }
    return added;
  }

  /** All, Baton's first. */
  List<Loop> loops() {
    return loops;
  }

  /** Baton's, by index. */
  List<Ours> ours() {
    return loops.stream().filter(Ours.class::isInstance).map(Ours.class::cast).toList();
  }

  /** The others. */
  List<Stock> stock() {
    return loops.stream().filter(Stock.class::isInstance).map(Stock.class::cast).toList();
  }

  /** Those that stand still, the longest first. */
  List<Loop> still() {
    List<Loop> still = new ArrayList<>(loops.stream().filter(l -> l.stillNanos > 0).toList());
    still.sort((a, b) -> Long.compare(b.stillNanos, a.stillNanos));
    return still;
  }

  /**
   * Looks once at each.
   *
   * @param aliveNanos a clock that stands when this process does
   */
  void look(long aliveNanos, long nowNanos) {
    for (Loop loop : loops) {
      look(loop, aliveNanos, nowNanos);
    }
  }

  private void look(Loop loop, long aliveNanos, long nowNanos) {
    if (loop.hasTurned() || (loop.sent && loop.ran)) {
      loop.sent &= !loop.ran; // one that is still queued needs no other
      loop.sentNanos = aliveNanos;
      loop.suspected = false;
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
    if (!loop.suspected) {
      loop.suspected = true; // the whole process may have stood still, and goes on just now
      loop.suspectedNanos = aliveNanos;
      loop.waitedNanos = KernelThreads.waitedNanos(loop.tid());
      return;
    }
    if (loop.stillNanos == 0) {
      loop.episodes++;
    }
    loop.stillNanos = nanos;
    if (loop.doing == null || nanos > 2 * loop.lookedNanos) {
      Doing doing = loop.look(stacks, nowNanos);
      if (doing != null) {
        loop.doing = isStarved(loop, aliveNanos) ? doing.withKind(Doing.Kind.CPU) : doing;
        loop.lookedNanos = nanos;
      }
    }
  }

  /** Whether its thread waited for a CPU most of the time since it was suspected. */
  private static boolean isStarved(Loop loop, long aliveNanos) {
    long waited = KernelThreads.waitedNanos(loop.tid()) - loop.waitedNanos;
    return waited > (aliveNanos - loop.suspectedNanos) / 2;
  }

  private static void send(Loop loop, long aliveNanos) {
    loop.ran = false;
    loop.sentNanos = aliveNanos;
    try {
      loop.execute(
          () -> {
            loop.probed();
            loop.ran = true;
          });
      loop.sent = true;
    } catch (RejectedExecutionException shutDown) {
      loop.sent = false;
    }
  }
}
