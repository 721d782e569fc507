package dev.baton.scheduler.loop;

import dev.baton.scheduler.EnclaveOptions;
import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.os.CpuSet;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.ThreadAwareExecutor;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Event loops without sockets that take a turn when they are told to. Let go, they turn by
 * themselves, but only those that are awake or have been woken: whoever has been forgotten sleeps
 * on.
 */
final class HandDrivenLoops implements AutoCloseable {
  /** In place of a poll. */
  private static final class Turns implements IoHandler {
    // Guarded by this
    private int permits;
    // Guarded by this
    private boolean woken;
    // Guarded by this
    private boolean isFree;
    // Guarded by this
    private long waits;
    // Guarded by this
    private boolean isWaiting;

    @Override
    public int run(IoHandlerContext context) {
      boolean mayBlock = context.canBlock();
      synchronized (this) {
        waits++;
        isWaiting = true;
        notifyAll();
        waitUntil(() -> permits > 0 || (isFree && (woken || !mayBlock)), Long.MAX_VALUE);
        permits = Math.max(0, permits - 1);
        woken = false;
        isWaiting = false;
      }
      return 0;
    }

    /** Holding this monitor. */
    private void waitUntil(BooleanSupplier condition, long deadlineNanos) {
      try {
        while (!condition.getAsBoolean()) {
          if (System.nanoTime() > deadlineNanos) {
            throw new AssertionError("the loop does not turn");
          }
          wait(100);
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public synchronized void wakeup() {
      woken = true;
      notifyAll();
    }

    /** Has the loop take one turn, and waits until it has. */
    synchronized void turn() {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      waitUntil(() -> isWaiting, deadline);
      long before = waits;
      permits = 1;
      notifyAll();
      waitUntil(() -> waits > before && isWaiting, deadline);
    }

    synchronized void letGo() {
      isFree = true;
      notifyAll();
    }

    @Override
    public void prepareToDestroy() {}

    @Override
    public void destroy() {}

    @Override
    public IoRegistration register(IoHandle handle) {
      throw new UnsupportedOperationException("no sockets here");
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
      return false;
    }
  }

  private static final class Factory implements IoHandlerFactory {
    private final List<Turns> turns = new CopyOnWriteArrayList<>();

    @Override
    public IoHandler newHandler(ThreadAwareExecutor executor) {
      var made = new Turns();
      turns.add(made);
      return made;
    }
  }

  private final Factory factory = new Factory();
  private final Scheduler scheduler;

  /**
   * Starts them.
   *
   * @param mainLoops of enclave main
   * @param batchLoops of enclave batch; 0 if there is no such
   * @param cpus at least two if there is
   */
  HandDrivenLoops(int mainLoops, int batchLoops, @Nullable CpuSet cpus) {
    SchedulerOptions options = new SchedulerOptions().setTakeover(false).setLoops(mainLoops);
    if (batchLoops > 0 && cpus != null) {
      options
          .setCpus(CpuSet.of(cpus.cpuAt(0)))
          .setEnclaves(
              List.of(
                  new EnclaveOptions("batch", Integer.toString(cpus.cpuAt(1)))
                      .setLoops(batchLoops)));
    }
    scheduler = Scheduler.builder().options(options).ioHandlerFactory(factory).start();
  }

  Scheduler scheduler() {
    return scheduler;
  }

  int size() {
    return factory.turns.size();
  }

  TransferableEventLoop loop(int index) {
    return scheduler.loop(index);
  }

  /** Has a loop take one turn, and waits until it has. */
  void turn(int loop) {
    factory.turns.get(loop).turn();
  }

  /** Has the loops turn as they are woken. */
  void letGo() {
    factory.turns.forEach(Turns::letGo);
  }

  @Override
  public void close() {
    letGo();
    if (!scheduler
        .eventLoopGroup()
        .shutdownGracefully(0, 5, TimeUnit.SECONDS)
        .awaitUninterruptibly(20, TimeUnit.SECONDS)) {
      throw new AssertionError("the event loops do not end");
    }
  }
}
