package dev.baton.scheduler.loop;

import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** A Netty event loop group whose loops change hands. */
public final class TransferableEventLoopGroup extends MultiThreadIoEventLoopGroup {
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
   */
  public TransferableEventLoopGroup(int loops, Enclave enclave, IoHandlerFactory ioHandlerFactory) {
    super(loops, NO_EXECUTOR, ioHandlerFactory, enclave, new int[1]);
    for (EventExecutor loop : this) {
      this.loops.add((TransferableEventLoop) loop);
    }
    terminationFuture().addListener(_ -> enclave.stop());
    enclave.start(this.loops);
  }

  @Override
  protected IoEventLoop newChild(
      Executor executor, IoHandlerFactory ioHandlerFactory, Object... args) {
    Enclave enclave = (Enclave) args[0];
    int index = ((int[]) args[1])[0]++;
    return new TransferableEventLoop(this, enclave, index, ioHandlerFactory);
  }

  /** The loops, by index. */
  public List<TransferableEventLoop> loops() {
    return List.copyOf(loops);
  }
}
