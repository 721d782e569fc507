package dev.baton.scheduler.loop;

import dev.baton.scheduler.queue.PullQueue;
import dev.baton.scheduler.queue.StageQueue;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A Netty event loop group whose loops change hands. */
public final class TransferableEventLoopGroup extends MultiThreadIoEventLoopGroup {
  private static final System.Logger LOGGER =
      System.getLogger(TransferableEventLoopGroup.class.getName());

  private static final Executor NO_EXECUTOR =
      task -> {
        throw new UnsupportedOperationException("workers are started by the enclave");
      };

  private final List<TransferableEventLoop> loops = new ArrayList<>();

  /**
   * Makes the loops and starts their workers.
   *
   * @param loops at least 1
   * @param ioHandlerFactory its handlers must work on changing threads, as epoll's do
   * @param stage what the loops pull from beside their own queues, null for nothing
   */
  public TransferableEventLoopGroup(
      int loops, Enclave enclave, IoHandlerFactory ioHandlerFactory, @Nullable StageQueue stage) {
    super(
        loops,
        NO_EXECUTOR,
        ioHandlerFactory,
        enclave,
        new int[1],
        stage,
        enclave.prepare(loops, stage == null));
    for (EventExecutor loop : this) {
      this.loops.add((TransferableEventLoop) loop);
    }
    terminationFuture()
        .addListener(
            _ -> {
              enclave.stop();
              if (stage != null && !stage.isEmpty()) {
                LOGGER.log(
                    System.Logger.Level.WARNING,
                    "A stage ended at its shutdown timeout with {0} continuations not run",
                    stage.waiting());
              }
            });
    try {
      enclave.start(this.loops);
    } catch (Throwable notStarted) {
      Future<?> _ = shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly();
      throw notStarted;
    }
  }

  @Override
  protected IoEventLoop newChild(
      Executor executor, IoHandlerFactory ioHandlerFactory, @Nullable Object... args) {
    Enclave enclave = (Enclave) Objects.requireNonNull(args[0]);
    int index = ((int[]) Objects.requireNonNull(args[1]))[0]++;
    @SuppressWarnings("unchecked")
    PullQueue<Errand> peers = (PullQueue<Errand>) args[3];
    return new TransferableEventLoop(
        this, enclave, index, ioHandlerFactory, (StageQueue) args[2], peers);
  }

  /** The loops, by index. */
  public List<TransferableEventLoop> loops() {
    return List.copyOf(loops);
  }
}
