package dev.baton.server.connection;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

// google-java-format off
/*
 * A server that shuts down closes what has no request under way, and what the kernel still holds for
 * it is cut. A client whose request lies in a socket when the server is told to stop would lose it.
 * So that is taken in first, in rounds:
 *
 *   acceptor: a poll ─▶ each loop that serves: a poll ─▶ accepted nothing since the last round? done
 *                                                   └──▶ otherwise: the next round
 *
 * That a loop has polled is known from a timer: it is looked at after a poll, and runs after what
 * that poll brought. A poll of the acceptor accepts sixteen connections at most. A loop that stands
 * still is not waited for.
 */
// google-java-format on
/** Connections and requests that have reached the process and no handler yet. Any thread. */
public final class Backlog {
  /** So many polls of the acceptor take in what the longest queue of a kernel holds (4,096). */
  private static final int MAX_ROUNDS = 256;

  private static final int MAX_SECONDS = 1;

  private volatile int accepted;

  /** Counts what {@code server} accepts. Before it is bound. */
  public <C extends Channel> C counted(C server) {
    server
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              @SuppressWarnings("NonAtomicVolatileUpdate") // written by the one acceptor only
              public void channelRead(ChannelHandlerContext context, Object channel) {
                accepted++;
                context.fireChannelRead(channel);
              }
            });
    return server;
  }

  /**
   * Calls {@code then} once what has reached the process by now is with its handlers, on one of the
   * event loops.
   *
   * @param acceptor accepts the connections
   * @param loops serve them, not empty
   */
  public void takeIn(EventLoop acceptor, List<EventLoop> loops, Runnable then) {
    var done = new AtomicBoolean();
    Runnable end =
        () -> {
          if (done.compareAndSet(false, true)) {
            then.run();
          }
        };
    round(acceptor, loops, end, MAX_ROUNDS);
    var _ = acceptor.schedule(end, MAX_SECONDS, TimeUnit.SECONDS);
  }

  private void round(EventLoop acceptor, List<EventLoop> loops, Runnable end, int left) {
    int before = accepted;
    afterPoll(
        acceptor,
        () -> {
          var polling = new AtomicInteger(loops.size());
          for (EventLoop loop : loops) {
            afterPoll(
                loop,
                () -> {
                  if (polling.decrementAndGet() > 0) {
                    return;
                  }
                  if (accepted == before || left == 1) {
                    end.run();
                  } else {
                    round(acceptor, loops, end, left - 1);
                  }
                });
          }
        });
  }

  private static void afterPoll(EventLoop loop, Runnable task) {
    var _ = loop.schedule(task, 1, TimeUnit.MILLISECONDS);
  }
}
