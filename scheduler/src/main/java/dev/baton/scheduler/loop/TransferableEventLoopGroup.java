package dev.baton.scheduler.loop;

import dev.baton.scheduler.queue.StageQueue;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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
  private final Enclave main;
  private final boolean isDivided;
  private final AtomicInteger next = new AtomicInteger();

  /** What its loops are made from, one after the other: how many of each enclave. */
  private static final class Plan {
    private final List<Enclave> ofLoop = new ArrayList<>();
    private int made;

    Plan(Map<Enclave, Integer> counts, boolean pull) {
      int all = counts.values().stream().mapToInt(Integer::intValue).sum();
      counts.forEach(
          (enclave, count) -> {
            enclave.prepare(ofLoop.size(), count, all, pull);
            ofLoop.addAll(Collections.nCopies(count, enclave));
          });
    }
  }

  /**
   * Makes the loops and starts their workers.
   *
   * @param counts how many loops each enclave begins with, at least 1; the first one is that of
   *     whoever asks for any loop
   * @param ioHandlerFactory its handlers must work on changing threads, as epoll's do
   * @param stage what the loops pull from beside their own queues, null for nothing
   */
  public TransferableEventLoopGroup(
      SequencedMap<Enclave, Integer> counts,
      IoHandlerFactory ioHandlerFactory,
      @Nullable StageQueue stage) {
    super(
        counts.values().stream().mapToInt(Integer::intValue).sum(),
        NO_EXECUTOR,
        ioHandlerFactory,
        new Plan(counts, stage == null),
        stage);
    main = counts.firstEntry().getKey();
    isDivided = counts.size() > 1;
    for (EventExecutor loop : this) {
      this.loops.add((TransferableEventLoop) loop);
    }
    terminationFuture()
        .addListener(
            _ -> {
              main.stop();
              if (stage != null && !stage.isEmpty()) {
                LOGGER.log(
                    System.Logger.Level.WARNING,
                    "A stage ended at its shutdown timeout with {0} continuations not run",
                    stage.waiting());
              }
            });
    try {
      this.loops.forEach(main.roster()::add);
      int made = 0;
      for (Map.Entry<Enclave, Integer> of : counts.entrySet()) {
        of.getKey().start(this.loops.subList(made, made += of.getValue()));
      }
      main.startSpawner();
    } catch (Throwable notStarted) {
      Future<?> _ = shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly();
      throw notStarted;
    }
  }

  @Override
  protected IoEventLoop newChild(
      Executor executor, IoHandlerFactory ioHandlerFactory, @Nullable Object... args) {
    Plan plan = (Plan) Objects.requireNonNull(args[0]);
    int index = plan.made++;
    return new TransferableEventLoop(
        this, plan.ofLoop.get(index), index, ioHandlerFactory, (StageQueue) args[1]);
  }

  /** The next loop for whoever does not choose an enclave: one of the first. */
  @Override
  public IoEventLoop next() {
    return isDivided ? nextOf(main) : super.next();
  }

  /** The next loop of an enclave. */
  public TransferableEventLoop nextOf(Enclave enclave) {
    List<TransferableEventLoop> here = enclave.loops();
    return here.get(Math.floorMod(next.getAndIncrement(), here.size()));
  }

  /** The loops, by index. */
  public List<TransferableEventLoop> loops() {
    return List.copyOf(loops);
  }
}
