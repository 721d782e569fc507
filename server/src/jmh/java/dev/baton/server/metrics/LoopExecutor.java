package dev.baton.server.metrics;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.loop.TransferableEventLoop;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;

/** Runs JMH's iterations as tasks of one of Baton's loops, in IO. */
public final class LoopExecutor extends AbstractExecutorService {
  private static final Scheduler SCHEDULER =
      Scheduler.start(new SchedulerOptions().setLoops(1).setPinning(false));

  /**
   * What JMH makes by reflection.
   *
   * @param threads 1
   * @param prefix of thread names, not used
   */
  public LoopExecutor(int threads, String prefix) {
    if (threads != 1) {
      throw new IllegalArgumentException("threads=" + threads + ", " + prefix + ": use 1");
    }
  }

  static Scheduler scheduler() {
    return SCHEDULER;
  }

  @Override
  public void execute(Runnable task) {
    TransferableEventLoop loop = SCHEDULER.eventLoopGroup().loops().getFirst();
    loop.execute(task);
  }

  @Override
  public void shutdown() {
    Future<?> _ = SCHEDULER.eventLoopGroup().shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  @Override
  public List<Runnable> shutdownNow() {
    shutdown();
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return SCHEDULER.eventLoopGroup().isShuttingDown();
  }

  @Override
  public boolean isTerminated() {
    return SCHEDULER.eventLoopGroup().isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return SCHEDULER.eventLoopGroup().awaitTermination(timeout, unit);
  }
}
