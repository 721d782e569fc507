package io.netty.channel.epoll;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a loop registers with Netty's epoll handler in place of a channel's own handle: an event is
 * only noted, and handled later as a unit of the loop, with nothing of Netty's handler on the
 * stack.
 *
 * <p>The channel sees it as its registration. Netty's own one says "cancelled" under its monitor
 * before the channel closes its descriptor, so {@link #mask} from the loop's owner can meet that on
 * another thread and never touches a descriptor that is somebody else's by then.
 */
public final class UnitHandle implements EpollIoHandle, IoRegistration {
  /** Who is told. */
  public interface Sink {
    /** There are events, the first since the last {@link UnitHandle#take}. The owner in IO. */
    void ready();

    /** Whether the channel is yet to be connected. Inside it. */
    boolean isConnecting();

    /** Whether nothing more will be read. Inside the channel. */
    boolean isInputShutdown();

    /** The loop ends: runs {@code close} inside the channel. The owner in IO. */
    void close(Runnable close);
  }

  /** Scratch memory of writes: a thread that was left behind with its channel needs its own. */
  private static final FastThreadLocal<NativeArrays> ARRAYS =
      new FastThreadLocal<>() {
        @Override
        protected NativeArrays initialValue() {
          return new NativeArrays();
        }

        @Override
        protected void onRemoval(NativeArrays arrays) {
          arrays.free();
        }
      };

  private final EpollIoHandle real;
  private final Sink sink;

  // Written by the owner in IO
  private int events;
  private int missed;

  // Written once, before the first event
  private @Nullable IoRegistration registration;

  // Guarded by this
  private int ops;
  // Guarded by this
  private boolean masked;

  public UnitHandle(IoHandle real, Sink sink) {
    this.real = (EpollIoHandle) real;
    this.sink = sink;
  }

  /** Whether {@code handle} is of the kind that can be wrapped. */
  public static boolean fits(IoHandle handle) {
    return handle instanceof EpollIoHandle;
  }

  /** Netty's handler has accepted this handle. Before its first event. */
  public void registered(IoRegistration accepted) {
    registration = accepted;
  }

  private IoRegistration registration() {
    return Objects.requireNonNull(registration, "registration");
  }

  // ---------------------------------------------------------------- as Netty's handler sees it

  @Override
  public FileDescriptor fd() {
    return real.fd();
  }

  @Override
  public void handle(IoRegistration of, IoEvent event) {
    int now = ((EpollIoEvent) event).ops().value;
    if (events == 0) {
      events = now;
      sink.ready();
    } else {
      events |= now;
    }
  }

  @Override
  public void registered() {
    real.registered();
  }

  @Override
  public void unregistered() {
    real.unregistered();
  }

  @Override
  public void close() {
    sink.close(
        () -> {
          try {
            real.close();
          } catch (Exception e) {
            throw new IllegalStateException("A channel could not be closed", e);
          }
        });
  }

  // ---------------------------------------------------------------- units

  /** The events noted, to be passed to {@link #run}. The owner in IO. */
  public int take() {
    int e = events;
    events = 0;
    return e;
  }

  /** Notes events that were taken once more. The owner in IO. */
  public void putBack(int taken) {
    events |= taken;
    sink.ready();
  }

  /** Puts the events noted aside until {@link #unmask}. The owner in IO. */
  public void putAside() {
    missed |= events;
    events = 0;
  }

  /**
   * Handles events. Told that the peer has closed, Netty reads up to there in one go, whatever is
   * to happen first; so it is only told that there is something to read, while there may be. Inside
   * the channel.
   */
  public void run(int taken) {
    if (registration().isValid()) {
      if ((taken & Native.EPOLLOUT) != 0 && sink.isConnecting()) {
        taken &= ~(Native.EPOLLIN | Native.EPOLLRDHUP); // reported again, when it is connected
      }
      boolean closing = (taken & Native.EPOLLRDHUP) != 0 && !sink.isInputShutdown();
      int now = closing ? (taken & ~Native.EPOLLRDHUP) | Native.EPOLLIN : taken;
      real.handle(this, EpollIoOps.eventOf(now));
    }
  }

  /** Has the kernel report each event once only, until {@link #unmask}. The owner in IO. */
  public synchronized void mask() {
    masked = true;
    resubmit();
  }

  /** Has the kernel report again whatever is ready, and comes back to what it told. As above. */
  public void unmask() {
    synchronized (this) {
      masked = false;
      resubmit();
    }
    if (missed != 0) {
      int before = events;
      events |= missed;
      missed = 0;
      if (before == 0) {
        sink.ready();
      }
    }
  }

  private void resubmit() {
    if (ops != 0 && registration().isValid()) {
      long _ = registration().submit(effective());
    }
  }

  private EpollIoOps effective() {
    return EpollIoOps.valueOf(masked ? ops | Native.EPOLLET : ops);
  }

  // ---------------------------------------------------------------- as the channel sees it

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // Netty's
  @Override
  public <T> T attachment() {
    return (T) ARRAYS.get();
  }

  @Override
  public synchronized long submit(IoOps submitted) {
    ops = ((EpollIoOps) submitted).value;
    return registration().submit(ops == 0 ? submitted : effective());
  }

  @Override
  public boolean isValid() {
    return registration().isValid();
  }

  @Override
  public boolean cancel() {
    return registration().cancel();
  }
}
