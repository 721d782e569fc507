package dev.baton.scheduler.loop;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.UnitHandle;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * A channel and its loop.
 *
 *   attached   its events, tasks and timers run as units of whoever owns the loop
 *   detached   the loop was taken from the thread that runs a unit of this channel: that thread
 *              keeps the channel until the unit ends; what comes for it meanwhile waits here
 *
 *   attached ── TransferableEventLoop.taken, new owner in IO ──────────────▶ detached
 *   detached ── giveBack: the old owner queues it, the loop's owner does it ─▶ attached
 *
 * Who is inside. inEventLoop() is true for the thread that runs a unit of this channel, also after
 * the loop was taken from it, and for the loop's owner outside of units unless the channel is
 * detached; for nobody else. So at most one thread is inside, and it stays so until it leaves:
 * Netty and Vert.x ask once and then write plain fields.
 *
 * Events of a detached channel are put aside, and its descriptor is made edge triggered, so that the
 * loop does not spin. When the channel is back they come first, after what it had read before, then
 * the tasks that have waited, in order, then all later ones.
 *
 * A unit reads on from its socket only while what it has read goes straight through (mayRead), and
 * takes the peer's close for one more read: a channel that is closed below callbacks which are yet
 * to run would lose their answers.
 *
 * Held. The layer above may hold inbound events back (holdFor) until a callback has run whose
 * context was taken, or is about to wait. Tasks run meanwhile; events wait as if the channel was
 * detached, the end of a read among them, at which the layer above flushes: so each unit flushes then.
 * Only what joins the event whose callback holds the channel goes on (deliverMore).
 */
// google-java-format on
/**
 * An event loop as one channel sees it, its {@link Channel#eventLoop}: the loop, but for who is
 * inside.
 */
public final class ChannelLoop extends UnitExecutor implements IoEventLoop, UnitHandle.Sink {
  /** Inbound events that wait until no decoder is on the stack. Whoever is inside the channel. */
  public interface Inbound {
    /**
     * Delivers the next event, with nothing of Netty on the stack.
     *
     * @return false if there is none, or it must wait
     */
    boolean deliverNext();

    /**
     * Delivers the next event though the channel is held, if it joins the one whose callback holds
     * it.
     *
     * @return false if there is none
     */
    default boolean deliverMore() {
      return false;
    }

    /** Whether nothing waits. */
    boolean isEmpty();

    /** Whether callbacks run in between, inside the channel; else they are continuations. */
    default boolean runsCallbacks() {
      return true;
    }

    /** Whether they may run nowhere else, also if their context is taken when they come. */
    default boolean runsCallbacksInsideOnly() {
      return false;
    }
  }

  /** Something that runs inside a channel. */
  static final class Task implements Runnable {
    final ChannelLoop channel;
    final Runnable task;

    Task(ChannelLoop channel, Runnable task) {
      this.channel = channel;
      this.task = task;
    }

    @Override
    public void run() {
      throw new AssertionError("unwrapped by the loop");
    }
  }

  /** Does nothing itself: what the channel holds back goes on before its unit ends. */
  static final Runnable GO_ON = () -> {};

  final TransferableEventLoop loop;

  // Written by the loop's owner in IO
  private @Nullable UnitHandle handle;
  private boolean masked;
  private boolean detached;
  private @Nullable ArrayDeque<Runnable> parked;

  // Written inside the channel
  private @Nullable Channel channel;
  private @Nullable Inbound inbound;
  private int holds;
  private boolean registering; // until the owner in IO has done so
  private boolean inTask;
  private final ArrayDeque<Runnable> afterHold = new ArrayDeque<>(0);
  private @Nullable RunningCallbacks callbacks;

  /**
   * Whatever the layer above keeps per channel. Whoever is inside it, or before it is registered.
   */
  public @Nullable Object attachment;

  ChannelLoop(TransferableEventLoop loop) {
    this.loop = loop;
  }

  /** The loop behind this view of it. */
  public TransferableEventLoop loop() {
    return loop;
  }

  /** The channel whose unit the calling thread runs, or null. */
  public static @Nullable ChannelLoop current() {
    return Thread.currentThread() instanceof LoopThread thread
            && thread.unit instanceof ChannelLoop mine
        ? mine
        : null;
  }

  @Override
  public boolean inEventLoop(Thread thread) {
    if (!(thread instanceof LoopThread t)) {
      return false;
    }
    if (TransferableEventLoop.NAIVE_IN_EVENT_LOOP) {
      return t.drives == loop;
    }
    return t.unit == this || (t.unit == null && t.drives == loop && !detached);
  }

  // ---------------------------------------------------------------- inbound

  /** The channel registered here; null before that. */
  public @Nullable Channel channel() {
    return channel;
  }

  /** Whether callbacks that this channel's events bring run inside it. Inside. */
  public boolean runsCallbacks() {
    Inbound i = inbound;
    return i != null && i.runsCallbacks();
  }

  /** Whether callbacks that this channel's events bring may run only inside it. Inside. */
  boolean runsCallbacksInsideOnly() {
    Inbound i = inbound;
    return i != null && i.runsCallbacksInsideOnly();
  }

  /** Its callbacks that run outside of its units. Inside. */
  public RunningCallbacks callbacks() {
    RunningCallbacks known = callbacks;
    if (known == null) {
      known = new RunningCallbacks(this);
      callbacks = known;
    }
    return known;
  }

  /** What holds back inbound events; null if nothing does. Inside. */
  public @Nullable Inbound inbound() {
    return inbound;
  }

  /**
   * Has {@code inbound} asked for what it has held back before each unit of this channel ends, and
   * callbacks run in between. Inside.
   */
  public void inbound(@Nullable Inbound inbound) {
    this.inbound = inbound;
  }

  /**
   * Whether an inbound event may go on at once: nothing is held, and no callback of this channel is
   * to run first, or runs. Inside.
   */
  public boolean mayDeliver() {
    return !isHolding()
        && !(Thread.currentThread() instanceof LoopThread thread
            && thread.unit == this
            && (thread.inCallback || !thread.callbacks.isEmpty()));
  }

  /** Whether the calling thread runs a callback in a unit of this channel. */
  public boolean isInCallback() {
    return Thread.currentThread() instanceof LoopThread thread
        && thread.unit == this
        && thread.inCallback;
  }

  /** Whether a task runs, and no event: what it fires is not part of a read. Inside. */
  public boolean isInTask() {
    return inTask;
  }

  /** Whether a unit may read once more from its socket. Inside. */
  boolean mayRead() {
    Inbound i = inbound;
    return mayDeliver() && (i == null || i.isEmpty());
  }

  /** Does one more thing that was held back; false if there is none, or it must wait. Inside. */
  boolean goOn() {
    Inbound i = inbound;
    if (holds > 0) {
      if (afterHold.isEmpty() && i != null && i.deliverMore()) {
        return true;
      }
      flush();
      return false;
    }
    Runnable next = afterHold.poll();
    if (next != null) {
      next.run();
      return true;
    }
    return i != null && i.deliverNext();
  }

  /** What is written while the end of a read is held back would go out no sooner than that. */
  private void flush() {
    Channel c = channel;
    if (c != null && c.isActive()) {
      Channel _ = c.flush();
    }
  }

  /** Whether something is held back, for {@link #goOn}. Inside. */
  boolean isHolding() {
    return holds > 0 || !afterHold.isEmpty();
  }

  /** Has {@link #goOn} run {@code next}, in order. Inside. */
  void afterHold(Runnable next) {
    afterHold.add(next);
  }

  /**
   * Holds inbound events back until {@code callback} has run. Inside.
   *
   * @return what to run in its place, once, on any thread
   */
  public Runnable holdFor(Runnable callback) {
    holds++;
    return new Held(callback);
  }

  private final class Held implements ContinuationLoop.Hold {
    private final Runnable callback;

    // Written by who runs it
    private boolean released;

    Held(Runnable callback) {
      this.callback = callback;
    }

    @Override
    public void run() {
      try {
        callback.run();
      } finally {
        release();
      }
    }

    @Override
    public void release() {
      if (!released) {
        released = true;
        ChannelLoop.this.release();
      }
    }
  }

  private void release() {
    if (inEventLoop()) {
      released();
    } else {
      execute(new Release(this));
    }
  }

  private void released() {
    if (--holds == 0) {
      loop.outside(() -> loop.comeBack(this));
    }
  }

  private record Release(ChannelLoop channel) implements Runnable {
    @Override
    public void run() {
      channel.released();
    }
  }

  /** As {@link ContinuationLoop#continuationInside}. */
  void continuation(Runnable continuation) {
    execute(new HeldCallback(loop, continuation));
  }

  /** Noted by a unit of the channel; if that has lost its loop, the continuation comes again. */
  private record HeldCallback(TransferableEventLoop loop, Runnable continuation)
      implements Runnable {
    @Override
    public void run() {
      loop.continuation(continuation);
    }
  }

  /** Whether events must wait for a callback. The owner in IO. */
  boolean isHeld() {
    return holds > 0;
  }

  /**
   * Whether {@code task} must wait: the channel is away, or not registered yet; or it is held and
   * closed, and the task would tell of that, and end the pipeline, before what came first. What
   * ends the hold does not. The owner in IO.
   */
  boolean mustWait(Runnable task) {
    if (detached || registering) {
      return true;
    }
    Channel c = channel;
    return holds > 0
        && c != null
        && !c.isOpen()
        && !(task instanceof Release || task instanceof HeldCallback);
  }

  // ---------------------------------------------------------------- units

  @Override
  public void ready() {
    loop.ready(this);
  }

  @Override
  public boolean isConnecting() {
    Channel c = channel;
    return c != null && !c.isActive();
  }

  @Override
  public boolean isInputShutdown() {
    return channel instanceof DuplexChannel stream && stream.isInputShutdown();
  }

  @Override
  public void close(Runnable close) {
    execute(close);
  }

  int takeEvents() {
    return Objects.requireNonNull(handle).take();
  }

  void runEvents(int events) {
    Objects.requireNonNull(handle).run(events);
  }

  /** Runs a task, as a unit. */
  void inside(Runnable task) {
    inTask = true;
    try {
      task.run();
    } finally {
      inTask = false;
    }
  }

  /** Notes events again that {@link #takeEvents} has taken. The owner in IO. */
  void putBack(int events) {
    Objects.requireNonNull(handle).putBack(events);
  }

  /** Whether events and tasks must wait. The owner in IO. */
  boolean isDetached() {
    return detached;
  }

  /** The loop was taken from the thread that runs a unit of this channel. The new owner in IO. */
  void detach() {
    detached = true;
  }

  /** The thread that had the channel has left it. The owner in IO. */
  void attach() {
    detached = false;
  }

  /** An event of a channel that cannot handle it now. The owner in IO. */
  void mask() {
    UnitHandle h = Objects.requireNonNull(handle);
    h.putAside();
    if (!masked) {
      masked = true;
      h.mask();
    }
  }

  /** Has events reported again, unless they must still wait. The owner in IO. */
  void unmask() {
    if (masked && !detached && holds == 0) {
      masked = false;
      Objects.requireNonNull(handle).unmask();
    }
  }

  /** A task of a channel that is away. The owner in IO. */
  void park(Runnable task) {
    ArrayDeque<Runnable> p = parked;
    if (p == null) {
      p = new ArrayDeque<>();
      parked = p;
    }
    p.add(task);
  }

  /** The next task that waited for the channel, or null. The owner in IO. */
  @Nullable Runnable unpark() {
    ArrayDeque<Runnable> p = parked;
    Runnable next = p == null ? null : p.poll();
    if (next == null) {
      parked = null;
    }
    return next;
  }

  // ---------------------------------------------------------------- tasks and timers

  @Override
  public void execute(Runnable task) {
    loop.execute(new Task(this, Objects.requireNonNull(task, "task")));
  }

  @Override
  <V> UnitTimer<V> timer(Callable<? extends @Nullable V> task, long delayNanos, long periodNanos) {
    return loop.timer(this, task, delayNanos, periodNanos);
  }

  // ---------------------------------------------------------------- Netty

  @Override
  public Future<IoRegistration> register(IoHandle real) {
    Promise<IoRegistration> promise = newPromise();
    IoHandler handler = loop.handler();
    registering = true;
    loop.outside(
        () -> {
          try {
            IoRegistration registration;
            if (UnitHandle.fits(real)) {
              UnitHandle h = new UnitHandle(real, this);
              h.registered(handler.register(h));
              handle = h;
              registration = h;
            } else {
              registration = handler.register(real); // its events come in IO
            }
            registered(() -> promise.setSuccess(registration)); // initializers run as a unit
          } catch (Exception e) {
            registered(() -> promise.setFailure(e));
          }
        });
    return promise;
  }

  /** What was asked of the channel meanwhile comes behind {@code complete}. The owner in IO. */
  private void registered(Runnable complete) {
    registering = false;
    loop.first(this, complete);
    loop.comeBack(this);
  }

  /**
   * Streams of a channel belong to it and insist on it by identity. Any other channel gets a view
   * of its own; a name resolver that was made for this one registers one. One that a server has
   * accepted may belong to another loop ({@link LoopChooser}).
   */
  private ChannelLoop viewFor(Channel registering) {
    Channel parent = registering.parent();
    if (parent != null && parent.eventLoop() == this) {
      return this;
    }
    LoopChooser<TransferableEventLoop> chooser = LoopChooser.take(registering);
    TransferableEventLoop chosen = chooser == null ? loop : chooser.choose(loop);
    if (chosen != loop) {
      return chosen.newView().viewFor(registering);
    }
    Channel mine = channel;
    if (mine == null || (mine != registering && !mine.isOpen())) {
      channel = registering; // the first one, or the next try to connect of the same context
      return this;
    }
    return mine == registering ? this : loop.newView().viewFor(registering);
  }

  @Deprecated
  @Override
  public ChannelFuture register(Channel registering) {
    ChannelLoop view = viewFor(registering);
    return view.registerHere(new DefaultChannelPromise(registering, view));
  }

  @Deprecated
  @Override
  public ChannelFuture register(ChannelPromise promise) {
    return viewFor(promise.channel()).registerHere(promise);
  }

  @Deprecated
  @Override
  public ChannelFuture register(Channel registering, ChannelPromise promise) {
    return viewFor(registering).registerHere(promise);
  }

  private ChannelFuture registerHere(ChannelPromise promise) {
    UnitRecvByteBufAllocator.install(promise.channel(), this);
    promise.channel().unsafe().register(this, promise);
    return promise;
  }

  @Override
  public IoEventLoop next() {
    return this;
  }

  @Override
  public IoEventLoopGroup parent() {
    return loop.parent();
  }

  @Override
  public boolean isCompatible(Class<? extends IoHandle> handleType) {
    return loop.isCompatible(handleType);
  }

  @Override
  public boolean isIoType(Class<? extends IoHandler> handlerType) {
    return loop.isIoType(handlerType);
  }

  @Override
  public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
    return loop.shutdownGracefully(quietPeriod, timeout, unit);
  }

  @Deprecated
  @Override
  public void shutdown() {
    loop.shutdown();
  }

  @Override
  public Future<?> terminationFuture() {
    return loop.terminationFuture();
  }

  @Override
  public boolean isShuttingDown() {
    return loop.isShuttingDown();
  }

  @Override
  public boolean isShutdown() {
    return loop.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return loop.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return loop.awaitTermination(timeout, unit);
  }

  @Override
  public String toString() {
    return "ChannelLoop[" + channel + ", " + loop + "]";
  }
}
