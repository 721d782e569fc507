package io.vertx.core.impl;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Absence;
import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.scheduler.loop.Enclave;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.server.connection.Backlog;
import dev.baton.server.context.BlockingRoutes;
import dev.baton.server.context.ContextMode;
import dev.baton.server.context.RequestClasses;
import dev.baton.server.context.RequestRecorder;
import dev.baton.server.context.RequestWork;
import dev.baton.server.context.RouteStart;
import dev.baton.server.context.SerialExecutor;
import dev.baton.server.context.StockRequestContext;
import dev.baton.server.tracing.RequestTrace;
import dev.baton.stages.RequestContext;
import io.netty.channel.EventLoop;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.eventbus.impl.clustered.NodeSelector;
import io.vertx.core.http.impl.HttpClientImpl;
import io.vertx.core.http.impl.HttpServerBuilderImpl;
import io.vertx.core.internal.ContextBuilder;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.deployment.DeploymentContext;
import io.vertx.core.internal.resolver.NameResolver;
import io.vertx.core.json.JsonObject;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.core.spi.tracing.VertxTracer;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A {@code Vertx} whose event loop verticles, and whose contexts for threads outside Vert.x, are
 * {@link BatonContext}s. Everything else is stock.
 */
public final class BatonVertx extends VertxImpl {
  /** The version whose package-private parts this package relies on. */
  public static final String VERTX_VERSION = "5.2.0";

  /** Key in a deployment's configuration that chooses its context mode. */
  public static final String CONTEXT_MODE_KEY = "baton.contextMode";

  /** Key in a deployment's configuration that chooses its enclave. */
  public static final String ENCLAVE_KEY = "baton.enclave";

  private static final StackWalker CALLER =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  private final Scheduler scheduler;
  private final ContextMode defaultMode;
  private final boolean setsContextClassLoader;

  /** Stock event loops, for deployments that want one thread for all their callbacks. */
  private final PinnedLoops pinned;

  /** A thread outside Vert.x keeps its loop, as in stock. */
  private final ThreadLocal<EventLoop> pinnedOutsider;

  /** By loop, what contexts of threads outside Vert.x share. */
  private final List<SerialExecutor> outsiders;

  private final BooleanSupplier accepts;
  private final Backlog backlog;
  private final @Nullable NameResolver resolver; // null while the constructor above runs

  private final BlockingRoutes blockingRoutes;
  private final RequestClasses requestClasses;
  private volatile @Nullable RequestRecorder recorder;

  private final Queue<Supplier<Future<Void>>> ends = new ConcurrentLinkedQueue<>();

  BatonVertx(
      BatonBootstrap bootstrap,
      VertxTracer<?, ?> tracer,
      @Nullable ClusterManager clusterManager,
      @Nullable NodeSelector nodeSelector,
      Scheduler scheduler,
      ContextMode defaultMode,
      BlockingRoutes blockingRoutes) {
    super(
        bootstrap.options(),
        clusterManager,
        nodeSelector,
        bootstrap.metrics(),
        tracer,
        bootstrap.transport(),
        null,
        bootstrap.fileResolver(),
        bootstrap.threadFactory(),
        bootstrap.executorServiceFactory(),
        bootstrap.eventExecutorProvider(),
        false);
    this.scheduler = scheduler;
    this.defaultMode = defaultMode;
    this.setsContextClassLoader = !bootstrap.options().getDisableTCCL();
    this.pinned = bootstrap.pinnedLoops();
    this.pinnedOutsider = ThreadLocal.withInitial(() -> pinned.next(false));
    this.accepts = bootstrap::accepts;
    this.backlog = bootstrap.backlog();
    this.outsiders = scheduler.eventLoopGroup().loops().stream().map(SerialExecutor::new).toList();
    this.resolver = new ResolverByLoop(this, bootstrap.options().getAddressResolverOptions());
    closeLast(pinned::close);
    this.blockingRoutes = blockingRoutes;
    this.requestClasses = new RequestClasses(scheduler.enclave().classes());
    for (Enclave enclave : scheduler.enclaves()) {
      enclave.onTakeover(this::noteTakeover);
      enclave.onAbsence(this::noteAbsence);
    }
  }

  /** What drives the event loops. */
  public Scheduler scheduler() {
    return scheduler;
  }

  /** What is known of routes whose handlers block. */
  public BlockingRoutes blockingRoutes() {
    return blockingRoutes;
  }

  /** Which class of handlers a request belongs to. */
  RequestClasses requestClasses() {
    return requestClasses;
  }

  /** Who keeps requests that were answered; null if nobody does. */
  public @Nullable RequestRecorder recorder() {
    return recorder;
  }

  /**
   * Begins to keep requests that were answered, or ends it. Any thread.
   *
   * @param requests how many; 0 keeps none
   */
  public void record(int requests) {
    recorder = requests == 0 ? null : new RequestRecorder(scheduler.enclave().classes(), requests);
  }

  private void noteAbsence(Absence absence) {
    BatonContext _ = BatonThread.takeDescribed();
    if (absence.work() instanceof RequestWork work) {
      requestClasses.away(work, absence.cause() == TakeoverCause.BLOCKED, absence.nanos());
    }
  }

  /**
   * An event loop that is never taken over.
   *
   * @param label {@code acceptor}, or {@code pinned-0} and so on: given to deployments that are
   *     pinned, to those that run on workers, and to contexts of threads outside
   * @param serves whether the requests of a deployment come to it
   */
  public record StockLoop(String label, EventLoop loop, boolean serves) {}

  /** Those in use: the acceptor once a server listens. Any thread. */
  public List<StockLoop> stockLoops() {
    List<StockLoop> loops = new ArrayList<>();
    pinned
        .inUse()
        .forEach(
            (loop, serves) -> loops.add(new StockLoop("pinned-" + loops.size(), loop, serves)));
    if (accepts.getAsBoolean()) {
      loops.add(new StockLoop("acceptor", acceptorEventLoopGroup().next(), false)); // it has one
    }
    return loops;
  }

  /** The id of the request that a stock event loop's thread runs a callback of. Any thread. */
  public static @Nullable String requestIdOn(Thread thread) {
    RequestTrace trace =
        thread instanceof VertxThread stock ? RequestTrace.of(stock.context()) : null;
    return trace == null ? null : trace.requestId();
  }

  // ---------------------------------------------------------------- stages

  /**
   * The context of one request, for stages.
   *
   * @param current the context the request was given to
   */
  public static RequestContext requestContext(ContextInternal current) {
    if (current instanceof BatonContext context) {
      return context.ofRequest();
    }
    if (current.unwrap() instanceof ContextImpl base && base.owner() instanceof BatonVertx vertx) {
      // The handlers of the deployment are pinned; its stages are not.
      TransferableEventLoop loop = (TransferableEventLoop) vertx.nettyEventLoopGroup().next();
      BatonContext own =
          new BatonContext(base, ContextMode.PER_REQUEST, loop, new SerialExecutor(loop))
              .withSource(current);
      own.copyLocals(current);
      return own;
    }
    return new StockRequestContext(current);
  }

  /** Has {@code end} called when everything else is closed: verticles have drained by then. */
  public void closeLast(Supplier<Future<Void>> end) {
    ends.add(end);
  }

  @Override
  public synchronized Future<Void> close() {
    return super.close().eventually(() -> Future.join(ends.stream().map(Supplier::get).toList()));
  }

  // ---------------------------------------------------------------- contexts

  @Override
  public ContextInternal getOrCreateContext() {
    ContextInternal context = getContext();
    if (context != null) {
      return context;
    }
    if (Thread.currentThread() instanceof BatonThread) {
      // Netty code of a user inside a channel: there a stock context of that channel is the right
      // one.
      ChannelLoop channel = ChannelLoop.current();
      if (channel != null) {
        return createContext(
            ThreadingModel.EVENT_LOOP, channel, closeFuture(), workerPool(), null, tccl());
      }
    }
    if (defaultMode == ContextMode.PINNED) {
      return createContext(
          ThreadingModel.EVENT_LOOP,
          pinnedOutsider.get(),
          closeFuture(),
          workerPool(),
          null,
          tccl());
    }
    ContextInternal stock = super.getOrCreateContext();
    // In stock all contexts that a thread outside gets are one event loop's: what one of them
    // completes, another one is told at once.
    return stock instanceof ContextImpl base
            && base.isEventLoopContext()
            && base.nettyEventLoop() instanceof TransferableEventLoop loop
        ? new BatonContext(base, defaultMode, loop, outsiders.get(loop.index()))
        : stock;
  }

  private static ClassLoader tccl() {
    return Thread.currentThread().getContextClassLoader();
  }

  @Override
  public ContextBuilder contextBuilder() {
    return new Builder(this);
  }

  /** An HTTP client asks for one per event loop of its pool, and makes connections in it. */
  @Override
  public ContextInternal createEventLoopContext() {
    ContextInternal stock = super.createEventLoopContext();
    return CALLER.getCallerClass() == HttpClientImpl.class
            && stock.nettyEventLoop() instanceof ChannelLoop view
        ? new PoolContext(stock, view.loop())
        : stock;
  }

  /**
   * Makes the contexts of event loop verticles ours. Those that Vert.x builds for connections of
   * clients are stock ones, each of the one channel that it will have. Deployments that do not
   * block Baton's loops, or ask for one thread, get stock event loops.
   */
  private static final class Builder extends ContextBuilderImpl {
    private final BatonVertx vertx;
    private @Nullable String deployment;
    private @Nullable EventLoop eventLoop;
    private ThreadingModel model = ThreadingModel.EVENT_LOOP;

    Builder(BatonVertx vertx) {
      super(vertx);
      this.vertx = vertx;
    }

    @Override
    public ContextBuilderImpl withDeployment(@Nullable String deploymentID) {
      deployment = deploymentID;
      return super.withDeployment(deploymentID);
    }

    @Override
    public ContextBuilderImpl withEventLoop(@Nullable EventLoop loop) {
      eventLoop = loop;
      return super.withEventLoop(loop);
    }

    @Override
    public ContextBuilderImpl withThreadingModel(ThreadingModel threadingModel) {
      model = threadingModel;
      return super.withThreadingModel(threadingModel);
    }

    @Override
    public ContextInternal build() {
      ContextMode mode =
          model != ThreadingModel.EVENT_LOOP
              ? ContextMode.PINNED
              : deployment == null ? vertx.defaultMode : vertx.modeOf(deployment);
      TransferableEventLoop ours =
          eventLoop instanceof ChannelLoop channel
              ? channel.loop()
              : eventLoop instanceof TransferableEventLoop loop ? loop : null;
      if (mode == ContextMode.PINNED) {
        vertx.checkInNone(deployment);
        if (eventLoop == null || ours != null) {
          boolean serves = deployment != null && model == ThreadingModel.EVENT_LOOP;
          ContextBuilderImpl _ = super.withEventLoop(vertx.pinned.next(serves));
        }
        return super.build();
      }
      if (deployment != null) {
        Enclave enclave = vertx.enclaveOf(deployment);
        if (enclave != null && eventLoop == null) {
          ContextBuilderImpl _ =
              super.withEventLoop(vertx.scheduler.eventLoopGroup().nextOf(enclave));
        }
        ContextInternal stock = super.build();
        return stock instanceof ContextImpl base
                && base.nettyEventLoop() instanceof TransferableEventLoop loop
            ? new BatonContext(base, mode, loop, new SerialExecutor(loop))
            : stock;
      }
      if (eventLoop == null) {
        ours = (TransferableEventLoop) vertx.nettyEventLoopGroup().next();
      }
      if (ours == null) {
        return super.build();
      }
      ContextBuilderImpl _ = super.withEventLoop(ours.newView()); // of a client's connection
      return super.build();
    }
  }

  private ContextMode modeOf(String deploymentID) {
    DeploymentContext deployment = deploymentManager().deployment(deploymentID);
    JsonObject config = deployment == null ? null : deployment.deployment().options().getConfig();
    Object mode = config == null ? null : config.getValue(CONTEXT_MODE_KEY);
    return mode == null ? defaultMode : ContextMode.parse(mode.toString());
  }

  private @Nullable String enclaveNameOf(@Nullable String deploymentID) {
    DeploymentContext deployment =
        deploymentID == null ? null : deploymentManager().deployment(deploymentID);
    JsonObject config = deployment == null ? null : deployment.deployment().options().getConfig();
    Object name = config == null ? null : config.getValue(ENCLAVE_KEY);
    return name == null ? null : name.toString();
  }

  private @Nullable Enclave enclaveOf(String deploymentID) {
    String name = enclaveNameOf(deploymentID);
    return name == null ? null : scheduler.enclave(name);
  }

  private void checkInNone(@Nullable String deploymentID) {
    String name = enclaveNameOf(deploymentID);
    if (name != null) {
      throw new IllegalArgumentException(
          ENCLAVE_KEY
              + "="
              + name
              + ": what is pinned, or runs on workers, is on none of Baton's loops; choose another"
              + " context mode or threading model, or no enclave");
    }
  }

  /** As {@code Baton.moveRoute}. */
  public void moveRoute(String route, String enclave) {
    Enclave to = scheduler.enclave(enclave);
    to.place(requestClasses.name(route));
  }

  /** Called on the loop's new owner, which has just described what the old one runs. */
  private void noteTakeover(Takeover takeover) {
    BatonContext context = BatonThread.takeDescribed();
    if (context == null || !(takeover.work() instanceof RequestWork work)) {
      return;
    }
    RequestTrace trace = RequestTrace.of(context);
    if (trace != null) {
      trace.taken(takeover.atNanos());
    }
    RouteStart start = context.startedInline();
    if (start != null && context.isStarting()) {
      blockingRoutes.taken(takeover, work, start);
    }
  }

  /**
   * The context that a server listens in. Contexts of threads outside Vert.x share an executor;
   * what blocks in the handlers of one server shall not hold up another.
   */
  ContextInternal listening(ContextInternal context) {
    return context instanceof BatonContext ours && ours.runsIn(outsiders)
        ? ours.withOwnExecutor()
        : context;
  }

  /** Calls {@code then} when what has reached the process by now is with its handlers. */
  void takeIn(Runnable then) {
    List<EventLoop> loops = new ArrayList<>(scheduler.eventLoopGroup().loops());
    pinned
        .inUse()
        .forEach(
            (loop, serves) -> {
              if (serves) {
                loops.add(loop);
              }
            });
    backlog.takeIn(acceptorEventLoopGroup().next(), loops, then); // it has one
  }

  @Override
  public NameResolver nameResolver() {
    NameResolver byLoop = resolver;
    return byLoop == null ? super.nameResolver() : byLoop;
  }

  /** Stock ones take it that the context they are used in is one of the classes of Vert.x. */
  @Override
  public synchronized WorkerExecutorImpl createSharedWorkerExecutor(
      String name, int poolSize, long maxExecuteTime, TimeUnit maxExecuteTimeUnit) {
    return new WorkerExecutorImpl(
        this,
        cleaner(),
        registerResource(
            createSharedWorkerPool(name, poolSize, maxExecuteTime, maxExecuteTimeUnit))) {
      @Override
      public <T> Future<T> executeBlocking(Callable<T> code, boolean ordered) {
        ContextInternal context = getOrCreateContext();
        return context.unwrap() instanceof BatonContext ours
            ? ours.executeBlocking(pool(), context, code, ordered)
            : super.executeBlocking(code, ordered);
      }
    };
  }

  @Override
  public HttpServerBuilderImpl httpServerBuilder() {
    return new BatonHttpServer.Builder(this);
  }

  // ---------------------------------------------------------------- current context

  @Override
  ContextInternal beginDispatch(@Nullable ContextInternal context) {
    if (!(Thread.currentThread() instanceof BatonThread thread)) {
      ContextInternal previous = super.beginDispatch(context);
      RequestTrace.change(RequestTrace.of(previous), RequestTrace.of(context));
      return previous;
    }
    ContextDispatch dispatch = thread.dispatch;
    ContextInternal previous = dispatch.context;
    dispatch.context = context;
    RequestTrace.change(RequestTrace.of(previous), RequestTrace.of(context));
    if (setsContextClassLoader) {
      if (previous == null) {
        dispatch.topLevelTCCL = thread.getContextClassLoader();
      }
      if (context != null) {
        thread.setContextClassLoader(context.classLoader());
      }
    }
    return previous;
  }

  @Override
  void endDispatch(@Nullable ContextInternal previous) {
    if (!(Thread.currentThread() instanceof BatonThread thread)) {
      RequestTrace ended = RequestTrace.of(getContext());
      super.endDispatch(previous);
      RequestTrace.change(ended, RequestTrace.of(previous));
      return;
    }
    ContextDispatch dispatch = thread.dispatch;
    RequestTrace.change(RequestTrace.of(dispatch.context), RequestTrace.of(previous));
    dispatch.context = previous;
    if (setsContextClassLoader) {
      if (previous == null) {
        thread.setContextClassLoader(dispatch.topLevelTCCL);
        dispatch.topLevelTCCL = null;
      } else {
        thread.setContextClassLoader(previous.classLoader());
      }
    }
  }
}
