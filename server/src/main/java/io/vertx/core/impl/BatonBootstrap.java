package io.vertx.core.impl;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.loop.ChannelLoop;
import dev.baton.scheduler.loop.LoopChooser;
import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.server.connection.Backlog;
import dev.baton.server.connection.ConnectionScout;
import dev.baton.server.connection.Timeouts;
import dev.baton.server.context.BlockingRoutes;
import dev.baton.server.context.ClientGate;
import dev.baton.server.context.ContextMode;
import dev.baton.server.tracing.RequestTrace;
import dev.baton.server.tracing.RequestTracer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.util.concurrent.EventExecutor;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.impl.clustered.DefaultNodeSelector;
import io.vertx.core.eventbus.impl.clustered.NodeSelector;
import io.vertx.core.impl.transports.EpollTransport;
import io.vertx.core.impl.transports.NioTransport;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.net.impl.VertxEventLoopGroup;
import io.vertx.core.net.impl.VertxHandler;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.core.spi.transport.Transport;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Vert.x's own bootstrap, with our transport and our {@code Vertx}. */
public final class BatonBootstrap extends VertxBootstrapImpl {
  static {
    RequestTrace.register();
  }

  private final SchedulerOptions schedulerOptions;
  private final ContextMode mode;
  private final Timeouts timeouts;
  private final Backlog backlog = new Backlog();
  private boolean startAhead = true;
  private int maxAwayPerRoute;
  private int recordedRequests;
  private @Nullable Scheduler scheduler;
  private @Nullable Supplier<EventLoopGroup> stockLoops;
  private volatile boolean accepts;

  /**
   * Prepares; starts nothing.
   *
   * @param options its event loop pool size is the number of loops
   * @param timeouts of the connections of HTTP servers
   * @throws IllegalStateException if the Vert.x on the class path is not the one this is made for
   */
  public BatonBootstrap(
      VertxOptions options,
      SchedulerOptions schedulerOptions,
      ContextMode mode,
      Timeouts timeouts) {
    super(options);
    String found = VertxImpl.version();
    if (!found.equals(BatonVertx.VERTX_VERSION)) {
      throw new IllegalStateException(
          "Baton is made for Vert.x "
              + BatonVertx.VERTX_VERSION
              + " and found "
              + found
              + " on the class path; use the matching version (import Baton's dependency"
              + " management)");
    }
    this.schedulerOptions = schedulerOptions;
    this.mode = mode;
    this.timeouts = timeouts;
  }

  /** Sets whether routes that nearly always block are started ahead. Before the first Vert.x. */
  public BatonBootstrap startAhead(boolean enabled) {
    startAhead = enabled;
    return this;
  }

  /**
   * Sets how many handlers of a route may be away from the loops of one CPU; 0 means three quarters
   * of its standbys, and of the virtual threads in their place. Before the first Vert.x.
   */
  public BatonBootstrap maxAwayPerRoute(int max) {
    maxAwayPerRoute = max;
    return this;
  }

  /** Sets how many requests are kept, as {@link BatonVertx#record}. Before the first Vert.x. */
  public BatonBootstrap recordedRequests(int requests) {
    recordedRequests = requests;
    return this;
  }

  @Override
  public BatonBootstrap init() {
    transport(Epoll.isAvailable() ? new EpollLoops() : new NioLoops());
    super.init();
    return this;
  }

  @Override
  public Vertx vertx() {
    BatonVertx vertx = create(null, null); // whatever cluster manager was found: nobody asked
    vertx.init(verticleFactories());
    return vertx;
  }

  @Override
  public Future<Vertx> clusteredVertx() {
    ClusterManager manager = clusterManager();
    if (manager == null) {
      throw new IllegalStateException("clusterManager=null: a clustered Vert.x needs one");
    }
    NodeSelector selector = clusterNodeSelector();
    return create(manager, selector == null ? new DefaultNodeSelector() : selector)
        .initClustered(options(), verticleFactories());
  }

  private BatonVertx create(@Nullable ClusterManager manager, @Nullable NodeSelector selector) {
    scheduler =
        BatonThread.schedulers()
            .options(schedulerOptions)
            .ioHandlerFactory(transport().ioHandlerFactory())
            .start();
    RequestTracer tracer = RequestTracer.around(tracer());
    int standbys = schedulerOptions.getMaxStandbys();
    boolean isSet = maxAwayPerRoute > 0;
    var routes =
        new BlockingRoutes(
            startAhead,
            isSet ? maxAwayPerRoute : Math.max(1, standbys * 3 / 4),
            isSet ? maxAwayPerRoute : standbys * SchedulerOptions.VIRTUAL_PER_STANDBY * 3 / 4,
            schedulerOptions.getMaxHeldContinuations(),
            scheduler.enclave());
    var vertx = new BatonVertx(this, tracer, manager, selector, scheduler, mode, routes);
    vertx.record(recordedRequests);
    return vertx;
  }

  /** The stock event loops that Vert.x would have, for who asks for them. */
  PinnedLoops pinnedLoops() {
    return new PinnedLoops(() -> Objects.requireNonNull(stockLoops, "stockLoops").get());
  }

  /** Whether a server has begun to listen. Any thread. */
  boolean accepts() {
    return accepts;
  }

  /** What the servers have accepted. */
  Backlog backlog() {
    return backlog;
  }

  private EventLoopGroup loops(
      Transport stock, int type, int threads, ThreadFactory factory, int ioRatio) {
    Scheduler s = scheduler;
    if (type != Transport.IO_EVENT_LOOP_GROUP || s == null) {
      return stock.eventLoopGroup(type, threads, factory, ioRatio);
    }
    stockLoops = () -> stock.eventLoopGroup(type, threads, factory, ioRatio);
    return s.eventLoopGroup();
  }

  private ChannelFactory<? extends ServerChannel> watched(
      ChannelFactory<? extends ServerChannel> stock) {
    return () -> {
      accepts = true;
      return ConnectionScout.on(backlog.counted(stock.newChannel()), timeouts);
    };
  }

  /**
   * Accepted channels are initialized by the handlers of their loop, which Vert.x finds by the
   * identity of {@code channel.eventLoop()}: here that is a view of the loop, and so is what a
   * context of no deployment may listen with.
   */
  private static void initializeByLoop(ServerBootstrap bootstrap) {
    if (bootstrap.config().childGroup() instanceof VertxEventLoopGroup handlers) {
      bootstrap.childAttr(LoopChooser.KEY, LoopChooser.among(() -> loopsOf(handlers)));
      bootstrap.childHandler(
          new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
              Handler<Channel> handler = handlerOf(handlers, channel.eventLoop());
              if (handler == null) {
                var _ = channel.close();
              } else {
                handler.handle(channel);
              }
            }

            @Override
            public boolean isSharable() {
              return true;
            }
          });
    }
  }

  /** The handler of a client's connection is there. Inside its channel. */
  private static void clientMade(ChannelHandlerContext handler) {
    ConnectionContext.bindClient(handler);
    if (handler.handler() instanceof VertxHandler) {
      ClientUpgrade.watch(handler);
    }
  }

  private static List<TransferableEventLoop> loopsOf(VertxEventLoopGroup handlers) {
    Set<TransferableEventLoop> loops = new LinkedHashSet<>();
    for (EventExecutor listening : handlers) {
      if (behind((EventLoop) listening) instanceof TransferableEventLoop loop) {
        loops.add(loop);
      }
    }
    return List.copyOf(loops);
  }

  private static @Nullable Handler<Channel> handlerOf(
      VertxEventLoopGroup handlers, EventLoop mine) {
    EventLoop loop = behind(mine);
    Handler<Channel> handler = handlers.chooseHandler(loop);
    Iterator<EventExecutor> listening = handlers.iterator();
    while (handler == null && listening.hasNext()) {
      EventLoop other = (EventLoop) listening.next();
      if (behind(other) == loop) {
        handler = handlers.chooseHandler(other);
      }
    }
    return handler;
  }

  /** The loop of which {@code loop} is a view, or itself. */
  static EventLoop behind(EventLoop loop) {
    return loop instanceof ChannelLoop view ? view.loop() : loop;
  }

  private final class EpollLoops extends EpollTransport {
    private final Transport stock = new EpollTransport();

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
      return watched(stock.serverChannelFactory(domainSocket));
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
      ChannelFactory<? extends Channel> channels = stock.channelFactory(domainSocket);
      return () -> ClientGate.on(channels.newChannel(), BatonBootstrap::clientMade);
    }

    @Override
    public EventLoopGroup eventLoopGroup(
        int type, int threads, ThreadFactory factory, int ioRatio) {
      return loops(stock, type, threads, factory, ioRatio);
    }

    @Override
    public void configure(TcpConfig config, boolean domainSocket, ServerBootstrap bootstrap) {
      super.configure(config, domainSocket, bootstrap);
      initializeByLoop(bootstrap);
    }
  }

  private final class NioLoops extends NioTransport {
    private final Transport stock = new NioTransport();

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
      return watched(stock.serverChannelFactory(domainSocket));
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
      ChannelFactory<? extends Channel> channels = stock.channelFactory(domainSocket);
      return () -> ClientGate.on(channels.newChannel(), BatonBootstrap::clientMade);
    }

    @Override
    public EventLoopGroup eventLoopGroup(
        int type, int threads, ThreadFactory factory, int ioRatio) {
      return loops(stock, type, threads, factory, ioRatio);
    }

    @Override
    public void configure(TcpConfig config, boolean domainSocket, ServerBootstrap bootstrap) {
      super.configure(config, domainSocket, bootstrap);
      initializeByLoop(bootstrap);
    }
  }
}
