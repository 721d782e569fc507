package io.vertx.core.impl;

import dev.baton.scheduler.loop.AwayBound;
import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.loop.UnitTimer;
import dev.baton.scheduler.policy.SchedulingPolicy;
import dev.baton.server.context.BlockingRoute;
import dev.baton.server.context.BlockingRoutes;
import dev.baton.server.context.ClientGate;
import dev.baton.server.context.ContextMode;
import dev.baton.server.context.InboundGate;
import dev.baton.server.context.NewWork;
import dev.baton.server.context.RequestClasses;
import dev.baton.server.context.RequestRecorder;
import dev.baton.server.context.RequestWork;
import dev.baton.server.context.RouteStart;
import dev.baton.server.context.SerialExecutor;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.server.metrics.ShedReason;
import dev.baton.server.tracing.RequestTrace;
import dev.baton.stages.Problem;
import dev.baton.stages.Problems;
import dev.baton.stages.RequestContext;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.ThreadingModel;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpResponseHead;
import io.vertx.core.http.impl.HttpServerStream;
import io.vertx.core.http.impl.headers.HttpRequestHeaders;
import io.vertx.core.http.impl.headers.HttpResponseHeaders;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextBuilder;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.EventExecutor;
import io.vertx.core.internal.PromiseInternal;
import io.vertx.core.internal.WorkerPool;
import io.vertx.core.internal.http.HttpServerRequestInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.impl.tcp.NetSocketImpl;
import io.vertx.core.spi.context.storage.AccessMode;
import io.vertx.core.spi.context.storage.ContextLocal;
import io.vertx.core.spi.tracing.VertxTracer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A Vert.x context whose callbacks run one at a time on a loop that changes hands: where stock runs
 * them if the context is free, else when it is.
 *
 * <p>The HTTP server duplicates its context once per request or stream. In mode {@code serial} the
 * duplicates share one executor, in mode {@code per-request} each has its own.
 */
final class BatonContext
    implements ContextInternal, RequestContext, NewWork.Maker, Supplier<RequestWork> {
  private static final VarHandle REQUEST;

  static {
    try {
      REQUEST = MethodHandles.lookup().findVarHandle(BatonContext.class, "request", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Of so many requests one is measured. */
  private static final int SAMPLE_EVERY = 32;

  /** What a root context and its duplicates share. */
  private static final class Shared {
    /** Deployment, pools, configuration: everything that is not about order. */
    final ContextImpl base;

    final ContextMode mode;
    final TransferableEventLoop loop;
    final BatonContext root;
    final EventExecutor worker;

    // Requests begun. Written by any thread: benign, a sample more or less
    int starts;

    Shared(
        ContextImpl base,
        ContextMode mode,
        TransferableEventLoop loop,
        BatonContext root,
        SerialExecutor executor) {
      this.base = base;
      this.mode = mode;
      this.loop = loop;
      this.root = root;
      this.worker = executor.worker();
    }
  }

  /** What only some requests have. Written before the first callback. */
  private static final class Details {
    /** Where the events of the request come, if not here. */
    @Nullable ContextInternal source;

    /** Since when it was queued; 0 if that is the executor's. */
    long queuedNanos;

    /** Of HTTP/2. */
    @Nullable HttpServerStream stream;

    /** What begins the stream, until its head has come, right after it. */
    @Nullable Handler<HttpServerStream> newStream;

    /** A stream that has not begun. Written inside the channel. */
    @Nullable StreamArrival arrival;
  }

  private final Shared shared;
  private final SerialExecutor executor;
  private final Object[] locals;

  /** Where the events come from: the channel in which this duplicate was made; null if in none. */
  private final @Nullable EventExecutor producer;

  // Written before the first callback; onlookers may be a moment behind
  private @Nullable Details details;

  // How many of its route may have begun, if that was known when it began; as details
  private @Nullable AwayBound bound;

  // What counts it, if it was started inline; as details
  private @Nullable RouteStart inline;

  // Written in IO, before the first callback
  private long arrivalNanos;

  // Whether its request was refused. Written and read inside the channel
  private boolean refused;

  // Written before the first callback, and when that has run; onlookers may be a moment behind
  private boolean starting;

  // Written once, by the first callback; read by onlookers. Release: with what the request holds
  private @Nullable Object request;

  /** The root context of a deployment, or of a thread outside Vert.x. */
  BatonContext(
      ContextImpl base, ContextMode mode, TransferableEventLoop loop, SerialExecutor executor) {
    this.shared = new Shared(base, mode, loop, this, executor);
    this.executor = executor;
    this.locals = newLocals(base);
    this.producer = null;
  }

  /** A duplicate. */
  private BatonContext(Shared shared, SerialExecutor executor) {
    this.shared = shared;
    this.executor = executor;
    this.locals = newLocals(shared.base);
    ChannelLoop channel = ChannelLoop.current();
    this.producer = channel != null && channel.loop() == shared.loop ? executorOf(channel) : null;
  }

  private Details details() {
    Details known = details;
    if (known == null) {
      known = new Details();
      details = known;
    }
    return known;
  }

  /** The executor of a channel. Inside. */
  static EventExecutor executorOf(ChannelLoop channel) {
    if (channel.attachment instanceof EventExecutor executor) {
      return executor;
    }
    EventExecutor executor = new EventLoopExecutor(channel);
    channel.attachment = executor;
    return executor;
  }

  private static Object[] newLocals(ContextImpl base) {
    int size = base.locals.length;
    return size == 0 ? VertxImpl.EMPTY_CONTEXT_LOCALS : new Object[size];
  }

  /** A root context like this one, whose callbacks wait for those of no other. */
  BatonContext withOwnExecutor() {
    return new BatonContext(shared.base, shared.mode, shared.loop, new SerialExecutor(shared.loop));
  }

  ContextMode mode() {
    return shared.mode;
  }

  /** Whether its callbacks come one after the other with those of {@code others}. */
  boolean runsIn(List<SerialExecutor> others) {
    return others.contains(executor);
  }

  @Override
  public ContextInternal duplicate(boolean copy) {
    BatonContext twin =
        new BatonContext(
            shared,
            shared.mode == ContextMode.PER_REQUEST
                ? new SerialExecutor(shared.loop)
                : shared.root.executor);
    if (copy) {
      twin.copyLocals(this);
    }
    return twin;
  }

  /** Takes over what {@code from} knows of its request. Before the first callback. */
  void copyLocals(ContextInternal from) {
    for (int i = 0; i < locals.length; i++) {
      copyLocal((ContextLocalImpl<?>) owner().contextLocals().get(i), from);
    }
  }

  private <T> void copyLocal(ContextLocalImpl<T> local, ContextInternal from) {
    T value = from.getLocal(local, AccessMode.CONCURRENT);
    if (value != null) {
      Function<T, T> duplicator = local.duplicator;
      AccessMode.CONCURRENT.put(locals, local.index, duplicator.apply(value));
    }
  }

  // ---------------------------------------------------------------- order

  @Override
  public EventExecutor executor() {
    return executor == shared.root.executor ? shared.worker : executor.worker();
  }

  /**
   * Whether the calling thread may dispatch here. Also for the event bus, which makes a duplicate
   * for a message while its root runs, in no callback of a user: that is stock's thread of both.
   */
  @Override
  public boolean inThread() {
    return executor.inThread()
        || (executor != shared.root.executor
            && shared.root.executor.inThread()
            && owner().getContext() == null);
  }

  /**
   * A promise. Where a client's connection is made it may be that of the connection, which has its
   * own context before anybody has it: what asks for a stream of it asks that for its event loop.
   */
  @Override
  public <T> PromiseInternal<T> promise() {
    PromiseInternal<T> promise = ContextInternal.super.promise();
    ChannelLoop channel = ChannelLoop.current();
    if (channel != null && channel.inbound() instanceof ClientGate) {
      Future<T> _ = promise.future().map(ConnectionContext::bindClient); // by whoever completes it
    }
    return promise;
  }

  @Override
  public <T> void emit(T argument, Handler<T> task) {
    if (executor.inThread()) {
      dispatch(argument, task);
    } else if (refused) {
      ContextInternal.super.dispatch(argument, task); // of Vert.x itself, and waits for nobody
    } else if (argument instanceof HttpServerRequest mine) {
      request(mine, handler(task));
    } else if (argument instanceof NetSocketImpl socket) {
      gate(socket);
      executor.execute(() -> dispatch(argument, task));
    } else if (task instanceof VertxImpl.InternalTimerHandler) {
      timer(argument, task);
    } else {
      execute(() -> dispatch(argument, task));
    }
  }

  /** A timer has fired. One that is periodic does not fire again before its callback has run. */
  private <T> void timer(T argument, Handler<T> task) {
    UnitTimer<?> periodic = UnitTimer.claim();
    if (periodic == null) {
      executor.execute(() -> dispatch(argument, task));
      return;
    }
    executor.execute(
        () -> {
          try {
            dispatch(argument, task);
          } finally {
            periodic.again();
          }
        });
  }

  /** A socket of a server begins: its handlers are to be set before its first message comes. */
  private static void gate(NetSocketImpl socket) {
    ChannelLoop channel = ChannelLoop.current();
    if (channel != null && channel.inbound() == null && channel == socket.channel().eventLoop()) {
      InboundGate.open(channel, socket.channelHandlerContext(), null);
    }
  }

  /** New work: it may have to wait, or is refused. */
  private void request(HttpServerRequest mine, Handler<Object> task) {
    arrivalNanos = TransferableEventLoop.turnNanos();
    ChannelLoop channel = ChannelLoop.current();
    if (!(channel != null && channel.inbound() instanceof InboundGate gate && gate.isPassing())) {
      // It begins with the answer to the one before; Vert.x goes on with what has come of it at
      // once. In its queue that waits for a handler that pauses.
      HttpServerRequest _ = mine.fetch(0);
    }
    BlockingRoute route = routes().of(mine);
    RouteStart start = null;
    if (route != null) {
      bound = route.bound(shared.loop);
      start = startOf(route);
    }
    if (executor.runsElsewhere()) {
      RequestArrival arrival = newWork(mine, task);
      if (arrival.mayWait()) {
        executor.executeFresh(arrival, start);
      } else {
        arrival.run(); // too many wait
      }
    } else if (channel != null && channel.runsCallbacks() && shared.loop.source() == null) {
      // One of several requests that came at once, begun by the answer to the one before.
      RequestArrival arrival = newWork(mine, task);
      arrival.holdSource(channel::holdFor);
      executor.executeFresh(arrival, null);
    } else {
      executor.dispatchFresh(this, mine, task, start);
    }
  }

  /**
   * Has callbacks of a request that need not run inside {@code channel} counted as that channel's.
   * Where requests share a context its executor is not of one channel.
   */
  void broughtBy(ChannelLoop channel) {
    if (shared.mode == ContextMode.PER_REQUEST && isDuplicate()) {
      executor.broughtBy(channel);
    }
  }

  private @Nullable RouteStart startOf(BlockingRoute route) {
    if (routes().startsAhead(route)) {
      return route.start();
    }
    inline = route.start();
    return null;
  }

  /** Whether the request's first callback runs. Any thread, after {@link #hasRequest}. */
  boolean isStarting() {
    return starting;
  }

  /** What counts this request, if it was started inline. As above. */
  @Nullable RouteStart startedInline() {
    return inline;
  }

  @SuppressWarnings("unchecked") // the argument is the handler's
  private static <T> Handler<T> handler(Handler<?> handler) {
    return (Handler<T>) handler;
  }

  private BlockingRoutes routes() {
    return ((BatonVertx) owner()).blockingRoutes();
  }

  private RequestClasses classes() {
    return ((BatonVertx) owner()).requestClasses();
  }

  /** When a request must have been answered of which a proxy has said how long it waits. */
  private long deadlineNanos(@Nullable CharSequence millis) {
    return millis != null && MILLIS.matcher(millis).matches()
        ? arrivalNanos + TimeUnit.MILLISECONDS.toNanos(Long.parseLong(millis.toString()))
        : SchedulingPolicy.NO_DEADLINE;
  }

  /** How many of the route may have begun, once that is known. Before the first callback. */
  private @Nullable AwayBound bound(@Nullable BlockingRoute known) {
    if (bound == null && known != null) {
      bound = known.bound(shared.loop);
    }
    return bound;
  }

  @Override
  public @Nullable AwayBound bound() {
    return bound;
  }

  /**
   * Counts a callback of this request that has lost {@code lost}, if it was not counted when it
   * began. Whoever has taken that.
   *
   * @return what to call when it is back; null if it counts for nothing
   */
  @Nullable Runnable left(TransferableEventLoop lost) {
    Object mine = REQUEST.getAcquire(this);
    AwayBound known = bound;
    if (lost.parent() != shared.loop.parent() || (starting && known != null)) {
      return null; // a worker of a stage, which has others of its own; or counted when it began
    }
    if (known == null && mine != null) {
      BlockingRoute route = routes().learn(RequestWork.of(mine, 0));
      known = route == null ? null : route.bound(shared.loop);
    }
    if (known == null) {
      return null;
    }
    known.left();
    return known::returned;
  }

  @Override
  public RequestArrival newWork(@Nullable Object argument, Handler<Object> handler) {
    return new RequestArrival(this, (HttpServerRequest) Objects.requireNonNull(argument), handler);
  }

  /** Of HTTP/2, once it has begun. */
  private @Nullable HttpServerStream stream() {
    Details mine = details;
    return mine == null ? null : mine.stream;
  }

  /** A request of HTTP/2: new work, as {@link #request}. */
  private void stream(HttpServerStream begun, HttpRequestHeaders head, Handler<Object> task) {
    arrivalNanos = TransferableEventLoop.turnNanos();
    Details mine = details();
    var arrival =
        new StreamArrival(this, begun, Objects.requireNonNull(mine.newStream), head, task);
    mine.newStream = null;
    mine.arrival = arrival;
    if (executor.runsElsewhere() && !arrival.mayWait()) {
      arrival.run();
    } else {
      executor.executeFresh(arrival, null);
    }
  }

  /**
   * A request of HTTP/1. What it brings waits for it in its channel; what came with the answer to
   * the one before, in its queue.
   */
  private static final class RequestArrival extends Arrival {
    private final HttpServerRequest request;
    private final Handler<Object> task;

    RequestArrival(BatonContext context, HttpServerRequest request, Handler<Object> task) {
      super(context, request.connection());
      this.request = request;
      this.task = task;
    }

    @Override
    void pause() {
      HttpServerRequest _ = request.pause();
    }

    /** The queue is emptied by a callback behind this one. */
    private void resume() {
      if (isPaused()) {
        HttpServerRequest _ = request.resume();
      }
    }

    @Override
    public @Nullable AwayBound bound() {
      return context.bound(context.routes().of(request));
    }

    @Override
    public int handlerClass() {
      return context.classes().of(request);
    }

    @Override
    public long deadlineNanos() {
      return context.deadlineNanos(request.getHeader(EXPECTED_WITHIN));
    }

    @Override
    @Nullable Object metric() {
      return request instanceof HttpServerRequestInternal internal ? internal.metric() : null;
    }

    @Override
    void begin() {
      resume();
      context.dispatch(request, task);
    }

    @Override
    void refuse() {
      resume();
      context.refused = context.isDuplicate();
      shed(request, metrics(), reason());
      if (context.executor.runsElsewhere() && hasBody(request.headers())) {
        request.connection().close(); // or it would come to that executor
      }
    }
  }

  /** What proxies say of how long they wait for an answer, in milliseconds. */
  private static final String EXPECTED_WITHIN = "x-envoy-expected-rq-timeout-ms";

  private static final Pattern MILLIS = Pattern.compile("[0-9]{1,9}");

  private static boolean hasBody(MultiMap headers) {
    return headers.contains(HttpHeaders.TRANSFER_ENCODING)
        || headers.contains(HttpHeaders.CONTENT_LENGTH);
  }

  /** A request of HTTP/2. What it brings comes to its context at once, whether it waits or not. */
  private static final class StreamArrival extends Arrival {
    private final HttpServerStream stream;
    private final Handler<HttpServerStream> newStream;
    private final HttpRequestHeaders head;
    private final Handler<Object> task;

    // Written inside the channel. Benign race: one whose client leaves just now may run
    private boolean reset;

    StreamArrival(
        BatonContext context,
        HttpServerStream stream,
        Handler<HttpServerStream> newStream,
        HttpRequestHeaders head,
        Handler<Object> task) {
      super(context, stream.connection());
      this.stream = stream;
      this.newStream = newStream;
      this.head = head;
      this.task = task;
    }

    /** Where streams share a context, one that waits must not hold up those under way. */
    @Override
    public boolean standsAlone() {
      return context.mode() != ContextMode.PER_REQUEST;
    }

    @Override
    void pause() {
      HttpServerStream _ = stream.pause();
    }

    @Override
    public @Nullable AwayBound bound() {
      return context.bound(context.routes().of(head));
    }

    @Override
    public int handlerClass() {
      return context.classes().of(head);
    }

    @Override
    public long deadlineNanos() {
      return context.deadlineNanos(head.get(EXPECTED_WITHIN));
    }

    @Override
    @Nullable Object metric() {
      return stream.metric();
    }

    @Override
    boolean isClientGone() {
      return reset || super.isClientGone();
    }

    @Override
    void begin() {
      context.details().arrival = null;
      BatonThread thread = Thread.currentThread() instanceof BatonThread t ? t : null;
      ContextInternal previous = context.starts(head, thread);
      try {
        newStream.handle(stream);
        if (isPaused()) {
          HttpServerStream _ = stream.fetch(Long.MAX_VALUE);
        }
        task.handle(head);
      } finally {
        context.starting = false;
        if (thread != null) {
          thread.dispatch.context = previous;
        }
      }
    }

    @Override
    void refuse() {
      context.refused = context.isDuplicate();
      BatonMetrics metrics = metrics();
      if (metrics != null) {
        metrics.shed(reason());
      }
      // Not at once: the stream has not seen its own head yet.
      context.nettyEventLoop().execute(() -> answer(stream, 503));
    }
  }

  /**
   * Whether the calling thread runs a callback of the same verticle: stock would call right here.
   */
  private boolean isNested() {
    ContextInternal running =
        Thread.currentThread() instanceof BatonThread thread
            ? thread.dispatch.context
            : Thread.currentThread().isVirtual() ? owner().getContext() : null;
    return running instanceof BatonContext current
        && current.shared == shared
        && current.executor.inThread();
  }

  /** Later, as in stock: after what the loop does now. */
  @Override
  public void runOnContext(Handler<Void> action) {
    if (TransferableEventLoop.isInUnitOf(shared.loop)) {
      shared.loop.execute(() -> executor.execute(() -> dispatch(action)));
    } else {
      executor.execute(() -> dispatch(action));
    }
  }

  /**
   * Answers at once: there is no worker left to run the handler. Nor one to route it, so it is
   * counted by the route that such paths had before.
   */
  private static void shed(
      HttpServerRequest request, @Nullable BatonMetrics metrics, ShedReason reason) {
    if (metrics != null) {
      metrics.shed(reason);
      String route = metrics.routeOf(String.valueOf(request.path()));
      if (route != null) {
        request.routed(route);
      }
    }
    Problems.answer(
        request,
        new Problem(
            503,
            null,
            null,
            switch (reason) {
              case ROUTE_FULL -> "came while too many of its kind were blocked";
              case CONTEXT_HELD -> "came while a handler blocked in its context";
              default -> "came while no worker was left";
            },
            "try again in a second"));
  }

  @Override
  public void execute(Runnable task) {
    if (executor.inThread() || refused) {
      task.run();
    } else if (isNested() && executor.tryEnter()) {
      try {
        task.run();
      } finally {
        executor.leave();
      }
    } else {
      executor.execute(task);
    }
  }

  @Override
  public <T> void execute(T argument, Handler<T> task) {
    if (executor.inThread() || refused) {
      task.handle(argument);
      return;
    }
    Details mine = details;
    HttpServerStream stream = mine == null ? null : mine.stream;
    if (stream == null && isDuplicate() && argument instanceof HttpServerStream begun) {
      details().stream = begun;
      details().newStream = handler(task);
    } else if (stream != null
        && mine.newStream != null
        && argument instanceof HttpRequestHeaders head) {
      stream(stream, head, handler(task));
    } else {
      StreamArrival waits = mine == null ? null : mine.arrival;
      if (waits != null && argument instanceof Long) {
        waits.reset = true; // its code
      }
      executor.execute(argument, task);
    }
  }

  /**
   * A stream of HTTP/2 begins: whoever takes the loop on the way to its handler is to see whose it
   * is.
   *
   * @param thread the calling one
   * @return what that ran before
   */
  private @Nullable ContextInternal starts(HttpRequestHeaders head, @Nullable BatonThread thread) {
    starting = true;
    REQUEST.setRelease(this, head);
    if (thread == null) {
      return null;
    }
    ContextInternal previous = thread.dispatch.context;
    thread.dispatch.context = this;
    return previous;
  }

  /**
   * What callbacks of users come by; Vert.x calls it for some of them wherever it is just then. The
   * first one of a request notes whose they are.
   */
  @Override
  public <T> void dispatch(T argument, Handler<T> task) {
    if (!executor.inThread()) {
      emit(argument, task);
      return;
    }
    boolean isKnown = request instanceof HttpRequestHeaders;
    boolean first =
        (request == null || isKnown) && RequestWork.isRequest(argument) && isDuplicate();
    Runnable back = null;
    if (first) {
      starting = true;
      REQUEST.setRelease(this, argument);
      if (!isKnown && TransferableEventLoop.hasLostLoop()) {
        back = left(shared.loop); // what was taken was nobody's: the rest of it is this request's
      }
    }
    RequestRecorder recorder = first ? ((BatonVertx) owner()).recorder() : null;
    boolean sample = first && isSample();
    long beganNanos = sample || recorder != null ? System.nanoTime() : 0;
    ContextInternal previous = beginDispatch();
    try {
      task.handle(argument);
    } catch (Throwable failure) {
      reportException(failure);
      if (failure instanceof Error) {
        failRequest();
      }
    } finally {
      endDispatch(previous);
      if (first) {
        starting = false;
        if (beganNanos != 0) {
          long nanos = System.nanoTime() - beganNanos;
          returned(Objects.requireNonNull(argument), nanos, sample, recorder);
        }
      }
      if (back != null) {
        back.run();
      }
    }
  }

  /** Now and then: reading the clock for each request would be felt. */
  private boolean isSample() {
    return ++shared.starts % SAMPLE_EVERY == 0;
  }

  /**
   * A request's first callback has returned. What it has taken is learned, unless it has lost its
   * loop: then that is learned.
   */
  private void returned(
      Object request, long nanos, boolean sample, @Nullable RequestRecorder recorder) {
    int handlerClass = classes().of(request);
    boolean away = !executor.keepsLoop();
    if (sample && !away && !shared.loop.queuesHandlers(handlerClass)) {
      classes().ran(handlerClass, nanos);
    }
    if (recorder != null) {
      long asleepNanos = away ? TransferableEventLoop.asleepNanos(nanos) : 0;
      HttpConnection connection =
          request instanceof HttpServerRequest mine
              ? mine.connection()
              : Objects.requireNonNull(stream()).connection();
      recorder.add(
          arrivalNanos,
          handlerClass,
          nanos - asleepNanos,
          asleepNanos,
          System.identityHashCode(connection));
    }
  }

  /** No handler of its own expects an error, such as a stack overflow: the client hears of it. */
  private void failRequest() {
    try {
      if (request instanceof HttpServerRequest mine) {
        Problems.answer(
            mine, new Problem(500, null, null, "failed here", "quote the request id in a report"));
        return;
      }
      HttpServerStream stream = stream();
      if (request != null && stream != null) {
        answer(stream, 500);
      }
    } catch (Throwable unanswered) {
      reportException(unanswered);
    }
  }

  private static void answer(HttpServerStream stream, int status) {
    var headers = new HttpResponseHeaders(new DefaultHttp2Headers());
    if (status == 503) {
      headers.set(HttpHeaders.RETRY_AFTER, "1");
    }
    Future<Void> _ = stream.writeHead(new HttpResponseHead(status, null, headers), null, true);
  }

  @Override
  public void dispatch(Runnable handler) {
    dispatch(null, _ -> handler.run());
  }

  @Override
  public ContextInternal beginDispatch() {
    return shared.base.owner().beginDispatch(this);
  }

  @Override
  public void endDispatch(ContextInternal previous) {
    shared.base.owner().endDispatch(previous);
  }

  @Override
  public <T> Future<T> executeBlocking(Callable<T> code, boolean ordered) {
    return executeBlocking(shared.base.workerPool, this, code, ordered);
  }

  /** Runs {@code code} in {@code pool}; what is ordered comes after what this context had run. */
  <T> Future<T> executeBlocking(
      WorkerPool pool, ContextInternal caller, Callable<T> code, boolean ordered) {
    return ExecuteBlocking.executeBlocking(
        pool, caller, code, ordered ? shared.base.executeBlockingTasks : null);
  }

  @Override
  public ThreadingModel threadingModel() {
    return ThreadingModel.EVENT_LOOP;
  }

  @Override
  public boolean isEventLoopContext() {
    return false;
  }

  @Override
  public boolean isWorkerContext() {
    return false;
  }

  // ---------------------------------------------------------------- stages

  /** A context whose executor belongs to one request: this one, or a new duplicate. */
  BatonContext ofRequest() {
    if (shared.mode == ContextMode.PER_REQUEST && isDuplicate()) {
      return this;
    }
    BatonContext own = new BatonContext(shared, new SerialExecutor(shared.loop));
    own.arrivalNanos = arrivalNanos;
    own.details().queuedNanos = executor.queuedNanos();
    own.request = request;
    own.bound = bound;
    own.copyLocals(this);
    return own.withSource(this);
  }

  /** Says where the events of the request come. Before the first callback. */
  BatonContext withSource(ContextInternal source) {
    details().source = source;
    return this;
  }

  @Override
  public void submitToSource(Runnable task) {
    Details mine = details;
    if (mine == null || mine.source == null) {
      submit(task);
    } else {
      mine.source.execute(task);
    }
  }

  @Override
  public void submit(Runnable task) {
    if (executor.inThread()) {
      dispatch(task);
    } else {
      defer(task);
    }
  }

  @Override
  public void defer(Runnable task) {
    ChannelLoop channel = ChannelLoop.current();
    if (channel != null && executor.inThread() && !executor.keepsLoop()) {
      // What the loop has seen of the connection meanwhile comes first: the client may be gone.
      // Twice, since Netty tells of a close in a task of its own.
      channel.execute(() -> channel.execute(() -> executor.execute(() -> dispatch(task))));
    } else {
      executor.execute(() -> dispatch(task));
    }
  }

  @Override
  public void handOff(HandOff next) {
    executor.handOff(next);
  }

  @Override
  public void enter() {
    executor.enter();
    ContextInternal _ = beginDispatch();
  }

  @Override
  public void showInLog() {
    RequestTrace trace = RequestTrace.of(this);
    if (trace != null) {
      trace.show();
    }
  }

  @Override
  public void leave() {
    endDispatch(null);
    executor.leave();
  }

  @Override
  public boolean keepsLoop() {
    return executor.keepsLoop();
  }

  @Override
  public int loop() {
    return shared.loop.index();
  }

  @Override
  public long arrivalNanos() {
    return arrivalNanos;
  }

  @Override
  public long queuedNanos() {
    Details mine = details;
    return mine == null || mine.queuedNanos == 0 ? executor.queuedNanos() : mine.queuedNanos;
  }

  @Override
  public java.util.concurrent.Future<?> schedule(Runnable task, long delayNanos) {
    return shared.loop.schedule(() -> submit(task), delayNanos, TimeUnit.NANOSECONDS);
  }

  // ---------------------------------------------------------------- the request, for onlookers

  boolean hasRequest() {
    return REQUEST.getAcquire(this) != null;
  }

  /** Describes the request this context was made for. Any thread, after {@link #hasRequest}. */
  @Override
  public RequestWork get() {
    if (Thread.currentThread() instanceof BatonThread taker) {
      taker.described = this;
    }
    return RequestWork.of(REQUEST.getAcquire(this), executor.waiting());
  }

  // ---------------------------------------------------------------- locals

  private static int indexOf(ContextLocal<?> key, Object[] locals) {
    int index = ((ContextLocalImpl<?>) key).index;
    if (index >= locals.length) {
      throw new IllegalArgumentException(
          "context local " + index + " was registered after Vert.x was created");
    }
    return index;
  }

  @SuppressWarnings("unchecked")
  @Override
  public <T> T getLocal(ContextLocal<T> key, AccessMode accessMode) {
    return (T) accessMode.get(locals, indexOf(key, locals));
  }

  @SuppressWarnings("unchecked")
  @Override
  public <T> T getLocal(
      ContextLocal<T> key, AccessMode accessMode, Supplier<? extends T> initialValueSupplier) {
    return (T)
        accessMode.getOrCreate(
            locals, indexOf(key, locals), (Supplier<Object>) initialValueSupplier);
  }

  @Override
  public <T> void putLocal(ContextLocal<T> key, AccessMode accessMode, T value) {
    accessMode.put(locals, indexOf(key, locals), value);
  }

  // ---------------------------------------------------------------- the rest is the base's

  @Override
  public ContextInternal unwrap() {
    return shared.root;
  }

  @Override
  public boolean isDuplicate() {
    return shared.root != this;
  }

  @Override
  public EventExecutor eventLoop() {
    if (producer != null) {
      return producer;
    }
    ChannelLoop channel = ChannelLoop.current();
    return channel != null && channel.loop() == shared.loop
        ? executorOf(channel)
        : shared.base.eventLoop();
  }

  @Override
  public TransferableEventLoop nettyEventLoop() {
    return shared.loop;
  }

  @Override
  public VertxImpl owner() {
    return shared.base.owner();
  }

  @Override
  public String deploymentID() {
    return shared.base.deploymentID();
  }

  @Override
  public CloseFuture closeFuture() {
    return shared.base.closeFuture();
  }

  @Override
  public Future<Void> close() {
    return isDuplicate() ? Future.succeededFuture() : shared.base.close();
  }

  @Override
  public JsonObject config() {
    return shared.base.config();
  }

  @Override
  public VertxTracer<?, ?> tracer() {
    return shared.base.tracer();
  }

  @Override
  public ClassLoader classLoader() {
    return shared.base.classLoader();
  }

  @Override
  public WorkerPool workerPool() {
    return shared.base.workerPool();
  }

  @Override
  public ConcurrentMap<Object, Object> contextData() {
    return shared.base.contextData();
  }

  @Override
  public void reportException(Throwable t) {
    shared.base.reportException(t);
  }

  @Override
  public Context exceptionHandler(Handler<Throwable> handler) {
    shared.base.exceptionHandler(handler);
    return this;
  }

  @Override
  public Handler<Throwable> exceptionHandler() {
    return shared.base.exceptionHandler();
  }

  @Override
  public ContextBuilder toBuilder() {
    // An HTTP server asks for an event loop context to listen in.
    return new ContextBuilderImpl(owner()) {
      private ThreadingModel model = ThreadingModel.EVENT_LOOP;

      @Override
      public ContextBuilderImpl withThreadingModel(ThreadingModel threadingModel) {
        model = threadingModel;
        return super.withThreadingModel(threadingModel);
      }

      @Override
      public ContextInternal build() {
        return model == ThreadingModel.EVENT_LOOP
            ? new ConnectionContext(shared.root)
            : super.build();
      }
    }.withCloseFuture(closeFuture())
        .withEventLoop(shared.loop)
        .withDeployment(deploymentID())
        .withWorkerPool(workerPool())
        .withClassLoader(classLoader());
  }
}
