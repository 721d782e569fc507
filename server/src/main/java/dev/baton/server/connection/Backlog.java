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
 *   acceptor: a poll ─▶ each loop that serves: two ─▶ accepted nothing since the last round? done
 *                                                 └──▶ otherwise: the next round
 *
 * That a loop has polled is known from a timer: it is looked at after a poll, and runs after what
 * that poll brought, and after the tasks that were there. One of these may have registered a
 * connection, whose request only the next poll brings. A poll of the acceptor accepts sixteen
 * connections at most. A loop that stands still for three seconds is not waited for; a busy machine
 * may take a second for a round.
 */
// google-java-format on
/** Connections and requests that have reached the process and no handler yet. Any thread. */
public final class Backlog {
  /** So many polls of the acceptor take in what the longest queue of a kernel holds (4,096). */
  private static final int MAX_ROUNDS = 256;

  private static final int STUCK_SECONDS = 3;
  private static final int MAX_SECONDS = 4 * STUCK_SECONDS;

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
    var takingIn = new TakingIn(acceptor, loops, then);
    takingIn.round();
    takingIn.endIfStuck(MAX_SECONDS);
  }

  private final class TakingIn {
    private final EventLoop acceptor;
    private final List<EventLoop> loops;
    private final Runnable then;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile int rounds; // begun

    TakingIn(EventLoop acceptor, List<EventLoop> loops, Runnable then) {
      this.acceptor = acceptor;
      this.loops = loops;
      this.then = then;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one round after the other
    void round() {
      rounds++;
      int before = accepted;
      afterPoll(
          acceptor,
          () -> {
            var polling = new AtomicInteger(loops.size());
            for (EventLoop loop : loops) {
              afterTwoPolls(
                  loop,
                  () -> {
                    if (polling.decrementAndGet() > 0) {
                      return;
                    }
                    if (accepted == before || rounds == MAX_ROUNDS) {
                      end();
                    } else {
                      round();
                    }
                  });
            }
          });
    }

    void endIfStuck(int secondsLeft) {
      int seen = rounds;
      var _ =
          acceptor.schedule(
              () -> {
                if (ended.get()) {
                  return;
                }
                int left = secondsLeft - STUCK_SECONDS;
                if (rounds == seen || left == 0) {
                  end();
                } else {
                  endIfStuck(left);
                }
              },
              STUCK_SECONDS,
              TimeUnit.SECONDS);
    }

    private void end() {
      if (ended.compareAndSet(false, true)) {
        then.run();
      }
    }
  }

  private static void afterTwoPolls(EventLoop loop, Runnable task) {
    afterPoll(loop, () -> afterPoll(loop, task));
  }

  private static void afterPoll(EventLoop loop, Runnable task) {
    var _ = loop.schedule(task, 1, TimeUnit.MILLISECONDS);
  }
}
