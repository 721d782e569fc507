package io.vertx.core.impl;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.loop.Takeover;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.server.context.ContextMode;
import dev.baton.server.context.StockRequestContext;
import dev.baton.server.tracing.RequestTrace;
import dev.baton.stages.RequestContext;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.internal.ThreadExecutorMap;
import io.vertx.core.Future;
import io.vertx.core.ThreadingModel;
import io.vertx.core.eventbus.impl.clustered.NodeSelector;
import io.vertx.core.internal.ContextBuilder;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.deployment.DeploymentContext;
import io.vertx.core.json.JsonObject;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.core.spi.tracing.VertxTracer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
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

  private final Scheduler scheduler;
  private final ContextMode defaultMode;
  private final boolean setsContextClassLoader;

  private final Queue<Supplier<Future<Void>>> ends = new ConcurrentLinkedQueue<>();

  BatonVertx(
      BatonBootstrap bootstrap,
      VertxTracer<?, ?> tracer,
      @Nullable ClusterManager clusterManager,
      @Nullable NodeSelector nodeSelector,
      Scheduler scheduler,
      ContextMode defaultMode) {
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
  }

  /** What drives the event loops. */
  public Scheduler scheduler() {
    return scheduler;
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
    if (current.unwrap() instanceof ContextImpl base
        && base.owner() instanceof BatonVertx
        && base.nettyEventLoop() instanceof TransferableEventLoop loop) {
      // The handlers of the deployment are pinned; its stages are not.
      BatonContext own = new BatonContext(base, ContextMode.PER_REQUEST, loop).withSource(current);
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
      // Netty code of a user on the loop itself: there the stock context is the right one.
      EventExecutor executor = ThreadExecutorMap.currentExecutor();
      if (executor instanceof TransferableEventLoop loop && loop.inEventLoop()) {
        return createContext(
            ThreadingModel.EVENT_LOOP, loop, closeFuture(), workerPool(), null, tccl());
      }
    }
    ContextInternal stock = super.getOrCreateContext();
    return stock instanceof ContextImpl base && base.isEventLoopContext()
        ? batonContext(base, defaultMode)
        : stock;
  }

  private static ClassLoader tccl() {
    return Thread.currentThread().getContextClassLoader();
  }

  private ContextInternal batonContext(ContextImpl base, ContextMode mode) {
    return mode != ContextMode.PINNED && base.nettyEventLoop() instanceof TransferableEventLoop loop
        ? new BatonContext(base, mode, loop)
        : base;
  }

  @Override
  public ContextBuilder contextBuilder() {
    return new Builder(this);
  }

  /**
   * Makes the contexts of event loop verticles ours. Other contexts that Vert.x builds (connections
   * of clients, for example) belong into IO and stay stock.
   */
  private static final class Builder extends ContextBuilderImpl {
    private final BatonVertx vertx;
    private @Nullable String deployment;

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
    public ContextInternal build() {
      ContextInternal stock = super.build();
      return deployment != null && stock instanceof ContextImpl base && base.isEventLoopContext()
          ? vertx.batonContext(base, vertx.modeOf(deployment))
          : stock;
    }
  }

  private ContextMode modeOf(String deploymentID) {
    DeploymentContext deployment = deploymentManager().deployment(deploymentID);
    JsonObject config = deployment == null ? null : deployment.deployment().options().getConfig();
    Object mode = config == null ? null : config.getValue(CONTEXT_MODE_KEY);
    return mode == null ? defaultMode : ContextMode.parse(mode.toString());
  }

  /** Called on the loop's new owner, which has just described what the old one runs. */
  static void noteTakeover(Takeover takeover) {
    if (takeover.work() != null && Thread.currentThread() instanceof BatonThread taker) {
      RequestTrace trace = RequestTrace.of(taker.described);
      taker.described = null;
      if (trace != null) {
        trace.taken(takeover.atNanos());
      }
    }
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
