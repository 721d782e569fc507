package dev.baton.server.main;

import dev.baton.scheduler.DidYouMean;
import dev.baton.scheduler.EnclaveOptions;
import dev.baton.scheduler.notify.BlockNotifier;
import dev.baton.scheduler.os.CpuSet;
import dev.baton.scheduler.policy.Policies;
import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.PipelineHandler;
import dev.baton.server.context.ContextMode;
import dev.baton.server.logging.AccessFormat;
import dev.baton.server.logging.AccessLog;
import dev.baton.server.logging.LogConsole;
import dev.baton.server.logging.LogLevels;
import dev.baton.server.management.Listening;
import dev.baton.server.management.ManagementOptions;
import dev.baton.server.management.ManagementServer;
import dev.baton.server.management.Watch;
import dev.baton.server.metrics.BatonMetrics;
import dev.baton.server.metrics.BatonMetricsFactory;
import dev.baton.stages.PipelineOptions;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code serve}: runs the demo service until SIGTERM or SIGINT, then drains. */
@Command(
    name = "serve",
    description = {
      "Run the demo service until SIGTERM or Ctrl-C, then drain and exit 0.",
      "",
      "Try it, in another terminal:",
      "  curl localhost:8080/            what there is",
      "  curl localhost:8080/block/5000  blocks its handler for 5 s",
      "  curl localhost:8080/fast        is answered meanwhile, on the same event loop",
      "  http://localhost:9090/baton     shows who took which loop over, and why",
      ""
    },
    sortOptions = false,
    mixinStandardHelpOptions = true)
final class Serve implements Callable<Integer> {
  private static final System.Logger LOGGER = System.getLogger(Serve.class.getName());

  @Option(
      names = "--port",
      defaultValue = "8080",
      description = "Port of the service; 0 takes a free one. Default: ${DEFAULT-VALUE}")
  private int port;

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      description =
          "Address to listen on; 0.0.0.0 lets other machines in. Default: ${DEFAULT-VALUE}")
  private String host = "";

  @Option(
      names = "--loops",
      paramLabel = "N",
      defaultValue = "0",
      description = "Number of event loops; 0 means one per CPU. Default: ${DEFAULT-VALUE}")
  private int loops;

  @Option(
      names = "--cpus",
      paramLabel = "LIST",
      converter = CpuSetConverter.class,
      description = "CPUs to pin event loops to, such as 0-3,6. Default: all this process may use")
  private @Nullable CpuSet cpus;

  @Option(
      names = "--management-port",
      defaultValue = "9090",
      description = "Port for health and insight; -1 switches it off. Default: ${DEFAULT-VALUE}")
  private int managementPort;

  @Option(
      names = "--management-host",
      paramLabel = "ADDRESS",
      defaultValue = ManagementOptions.DEFAULT_HOST,
      description =
          "Address of that port; 0.0.0.0 lets other machines read it. Default: ${DEFAULT-VALUE}")
  private String managementHost = "";

  @Option(
      names = "--management-names",
      paramLabel = "NAME",
      split = ",",
      description =
          "Names that port may be asked by, beside addresses, localhost and this machine's own."
              + " Default: none")
  private List<String> managementNames = List.of();

  @Option(
      names = "--management-token-file",
      paramLabel = "FILE",
      converter = TokenConverter.class,
      description =
          "File whose only line is asked of those who read that port, as bearer token or as"
              + " password; not for /health. Default: nothing is asked")
  private @Nullable String managementToken;

  @Option(
      names = "--management-writable",
      description =
          "Let who may read that port, on loopback, install scheduling policies, too. Default:"
              + " read-only")
  private boolean managementWritable;

  @Option(
      names = "--context",
      paramLabel = "MODE",
      defaultValue = "per-request",
      converter = ModeConverter.class,
      description =
          "What may run at the same time: serial (one callback of the service at a time),"
              + " per-request (one of a request), pinned (stock Vert.x: a block stalls the loop)."
              + " Default: ${DEFAULT-VALUE}")
  private ContextMode context = ContextMode.PER_REQUEST;

  @Option(
      names = "--notifier",
      paramLabel = "KIND",
      defaultValue = "perf",
      converter = NotifierConverter.class,
      description =
          "How blocks are noticed: perf (the kernel tells), proc (sampled), tick (by the clock)."
              + " Worse ones follow if one is refused. Default: ${DEFAULT-VALUE}")
  private BlockNotifier.Kind notifier = BlockNotifier.Kind.PERF;

  @Option(
      names = "--grace-micros",
      paramLabel = "US",
      defaultValue = "0",
      description = "How long a handler may sleep before its loop moves. Default: ${DEFAULT-VALUE}")
  private long graceMicros;

  @Option(
      names = "--slice-micros",
      paramLabel = "US",
      defaultValue = "1000",
      description =
          "How long a handler may compute before its loop moves. Default: ${DEFAULT-VALUE}")
  private long sliceMicros;

  @Option(
      names = "--policy",
      paramLabel = "NAME",
      defaultValue = Policies.DEFAULT,
      converter = PolicyConverter.class,
      description =
          "Which scheduling policy decides: run-to-completion (idle loops run what busy ones will"
              + " not run soon), per-core-fifo, centralized-fifo, shinjuku, earliest-deadline,"
              + " reserved-short, stage-partitioned, or one that the class path brings. Default:"
              + " ${DEFAULT-VALUE}")
  private String policy = Policies.DEFAULT;

  @Option(
      names = "--enclave",
      paramLabel = "NAME=CPUS",
      converter = EnclaveConverter.class,
      description =
          "One more enclave: CPUs with loops and a policy of their own, such as batch=3,"
              + " batch=core:2 (with the siblings on that core), siblings:2, l3:0, node:1. Enclave"
              + " main has what is left. Default: none")
  private List<EnclaveOptions> enclaves = List.of();

  @Option(
      names = "--enclave-policy",
      paramLabel = "NAME=POLICY",
      description = "The policy of such an enclave. Default: " + Policies.DEFAULT)
  private Map<String, String> enclavePolicies = Map.of();

  @Option(
      names = "--route-enclave",
      paramLabel = "ROUTE=NAME",
      description =
          "Where the handlers of a route run, such as 'GET /block/*=batch'. Default: where their"
              + " connections are")
  private Map<String, String> routeEnclaves = new LinkedHashMap<>();

  @Option(
      names = "--max-standbys",
      paramLabel = "N",
      defaultValue = "256",
      description =
          "The most handlers per CPU that may block at once; beyond, requests wait and are then"
              + " shed with 503. Default: ${DEFAULT-VALUE}")
  private int maxStandbys;

  @Option(
      names = "--max-held",
      paramLabel = "N",
      defaultValue = "1024",
      description =
          "How many requests wait per loop, for a worker or behind one that blocks,"
              + " before others are refused."
              + " Default: ${DEFAULT-VALUE}")
  private int maxHeld;

  @Option(
      names = "--max-wait-millis",
      paramLabel = "MS",
      defaultValue = "10000",
      description =
          "How long such a request waits before it is refused, too. Default: ${DEFAULT-VALUE}")
  private long maxWaitMillis;

  @Option(
      names = "--max-away-per-route",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "The most handlers of one route per CPU that may block at once, so that others still find"
              + " workers; 0 means three quarters of --max-standbys, and four times as many on"
              + " virtual threads. Default: ${DEFAULT-VALUE}")
  private int maxAwayPerRoute;

  @Option(
      names = "--record-requests",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Keep when the last N requests came and what their handlers took, for the commands trace"
              + " and simulate. Default: ${DEFAULT-VALUE}")
  private int recordedRequests;

  @Option(
      names = "--pipelines",
      paramLabel = "FILE",
      converter = PipelinesConverter.class,
      description = {
        "Places and bounds of the pipelines, as JSON by name, such as",
        "  {\"orders\": {\"deadlineMillis\": 500, \"stages\":",
        "    {\"price\": {\"placement\": \"partitioned\", \"loops\": 1}}}}",
        "/orders has the stages parse, price and respond. Default: all fused"
      })
  private @Nullable PipelineFile pipelines;

  @Option(
      names = "--stock",
      description = "Run the same service on stock Vert.x instead, for comparison")
  private boolean stock;

  @Option(
      names = "--start-ahead",
      defaultValue = "true",
      fallbackValue = "true",
      negatable = true,
      description =
          "Whether routes that nearly always wait are started on virtual threads."
              + " Default: ${DEFAULT-VALUE}")
  private boolean startAhead;

  @Option(
      names = "--metrics",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Whether to record metrics. Default: ${DEFAULT-VALUE}")
  private boolean metrics;

  @Option(
      names = "--tell-after-millis",
      paramLabel = "MS",
      defaultValue = "2000",
      description =
          "How long a handler may be away from its loop, or a loop stand still, before the log"
              + " tells where it is; 0 switches that off. Default: ${DEFAULT-VALUE}")
  private long tellAfterMillis;

  @Option(
      names = "--log",
      paramLabel = "FORMAT",
      defaultValue = "plain",
      converter = LogFormatConverter.class,
      description =
          "How the log on the standard error looks: plain or json, one object a line."
              + " Default: ${DEFAULT-VALUE}")
  private LogConsole.Format log = LogConsole.Format.PLAIN;

  @Option(
      names = "--log-level",
      paramLabel = "[LOGGER=]LEVEL",
      converter = LogLevelConverter.class,
      description =
          "What is logged, of everything or below one logger: trace, debug, info, warn, error, off."
              + " May be given several times. Default: info")
  private List<Map.Entry<String, String>> logLevels = List.of();

  @Option(
      names = "--access-log",
      paramLabel = "FORMAT",
      defaultValue = "off",
      converter = AccessFormatConverter.class,
      description =
          "How each request is logged on the standard output: off, combined, json."
              + " Default: ${DEFAULT-VALUE}")
  private AccessFormat accessLog = AccessFormat.OFF;

  @Option(
      names = "--drain-seconds",
      paramLabel = "S",
      defaultValue = "15",
      description =
          "How long requests under way may take to finish at the end. Default: ${DEFAULT-VALUE}")
  private int drainSeconds;

  @Option(
      names = "--drain-delay",
      paramLabel = "S",
      defaultValue = "0",
      description =
          "How long to go on accepting after /health/ready says no, so that balancers see it first."
              + " Default: ${DEFAULT-VALUE}")
  private int drainDelaySeconds;

  @Override
  public Integer call() throws Exception {
    try (LogConsole _ = openLog()) {
      return serve();
    }
  }

  private LogConsole openLog() {
    Map<String, String> levels = new LinkedHashMap<>();
    logLevels.forEach(level -> levels.put(level.getKey(), level.getValue()));
    return LogConsole.open(log, levels);
  }

  private int serve() throws Exception {
    Vertx vertx = stock ? stockVertx() : Baton.vertx(options());
    int instances = stock ? Math.max(1, loops) : Baton.scheduler(vertx).enclave().loops().size();
    ManagementServer management = null;
    CountDownLatch signal = new CountDownLatch(1);
    Thread main = Thread.currentThread();
    // SIGTERM and SIGINT start the JVM's shutdown; it waits for this hook, and so for the drain.
    // It comes first, since requests may come before the last server listens.
    Thread hook = new Thread(() -> drainThenHalt(signal, main));
    Runtime.getRuntime().addShutdownHook(hook);
    boolean serves = false;
    try {
      int actualPort = deploy(vertx, instances);
      if (managementPort >= 0) {
        management = ManagementServer.start(managementOptions(), vertx);
      }
      serves = true;
      announce(
          String.format(
              Locale.ROOT,
              "Baton serves http://%s:%d/ on %d event loop%s%s%s",
              host,
              actualPort,
              instances,
              instances == 1 ? "" : "s",
              stock ? " of stock Vert.x" : ", context " + context,
              management == null
                  ? ""
                  : "; management http://" + managementHost + ":" + management.port() + "/"));
      signal.await();
      drain(vertx, management);
    } finally {
      if (!serves) {
        remove(hook);
      }
      close(vertx, management);
    }
    return 0;
  }

  /** The process is to end with the code of its failure. */
  private static void remove(Thread hook) {
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOGGER.log(System.Logger.Level.DEBUG, "Told to end before it served", e);
    }
  }

  private void announce(String line) {
    if (log == LogConsole.Format.JSON) {
      LOGGER.log(System.Logger.Level.INFO, line);
    } else {
      System.out.println(line);
    }
  }

  /** Readiness first, and accepting goes on until those who ask for it have seen that. */
  private void drain(Vertx vertx, @Nullable ManagementServer management)
      throws InterruptedException {
    if (management != null) {
      management.draining();
    }
    if (drainDelaySeconds > 0) {
      LOGGER.log(
          System.Logger.Level.INFO,
          "Not ready any more; accepting for another {0} s",
          drainDelaySeconds);
      TimeUnit.SECONDS.sleep(drainDelaySeconds);
    }
    LOGGER.log(
        System.Logger.Level.INFO,
        "Draining for at most {0} s: {1}",
        drainSeconds,
        Watch.of(vertx).underWayInWords());
  }

  private int deploy(Vertx vertx, int instances) throws Exception {
    // Vert.x shares a port between the instances of one server only if it is named.
    int shared = port == 0 && instances > 1 ? freePort() : port;
    HttpServerOptions http = new HttpServerOptions().setHost(host).setPort(shared);
    DeploymentOptions deployment = Baton.contextMode(new DeploymentOptions(), context);
    List<DemoService> services = new ArrayList<>();
    // One for all instances: the loops of its stages are shared.
    PipelineHandler orders =
        DemoService.ordersHandler(
            vertx, pipelines == null ? new PipelineOptions() : pipelines.orders());
    vertx
        .deployVerticle(
            () -> {
              DemoService service =
                  // Longer than is waited for below: what is dropped is told.
                  new DemoService(http, orders, Duration.ofSeconds(drainSeconds + 1L));
              services.add(service);
              return service;
            },
            deployment.setInstances(instances))
        .recover(failure -> Future.failedFuture(refused(failure, shared)))
        .await(30, TimeUnit.SECONDS);
    return services.getFirst().actualPort();
  }

  private Throwable refused(Throwable failure, int port) {
    return failure instanceof IOException e
        ? Listening.failure("the service", host, port, e)
        : failure;
  }

  private int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName(host))) {
      return probe.getLocalPort();
    }
  }

  private ManagementOptions managementOptions() {
    return new ManagementOptions()
        .setHost(managementHost)
        .setPort(managementPort)
        .setNames(managementNames)
        .setWritable(managementWritable)
        .setToken(managementToken);
  }

  private Vertx stockVertx() {
    VertxBuilder builder =
        Vertx.builder()
            .with(
                new VertxOptions()
                    .setPreferNativeTransport(true)
                    .setEventLoopPoolSize(Math.max(1, loops)));
    Vertx vertx = (metrics ? builder.withMetrics(new BatonMetricsFactory()) : builder).build();
    BatonMetrics recorded = BatonMetrics.of(vertx);
    if (recorded != null && accessLog != AccessFormat.OFF) {
      recorded.accessLog(new AccessLog(accessLog));
    }
    return vertx;
  }

  private BatonOptions options() {
    BatonOptions options =
        new BatonOptions()
            .setContextMode(context)
            .setMetrics(metrics)
            .setStartAhead(startAhead)
            .setMaxAwayPerRoute(maxAwayPerRoute)
            .setRecordedRequests(recordedRequests)
            .setAccessLog(accessLog)
            .setRoutes(routeEnclaves)
            .setTellAfter(Duration.ofMillis(tellAfterMillis));
    enclavePolicies.forEach(this::setPolicy);
    options
        .getScheduler()
        .setLoops(loops)
        .setCpus(cpus)
        .setNotifier(notifier)
        .setGrace(Duration.ofNanos(graceMicros * 1000))
        .setSlice(Duration.ofNanos(sliceMicros * 1000))
        .setPolicy(policy)
        .setEnclaves(enclaves)
        .setMaxStandbys(maxStandbys)
        .setMaxHeldContinuations(maxHeld)
        .setMaxWait(Duration.ofMillis(maxWaitMillis));
    return options;
  }

  private void setPolicy(String enclave, String name) {
    for (EnclaveOptions options : enclaves) {
      if (options.getName().equals(enclave)) {
        options.setPolicy(name);
        return;
      }
    }
    List<String> names = enclaves.stream().map(EnclaveOptions::getName).toList();
    throw new IllegalArgumentException(
        "--enclave-policy "
            + enclave
            + "="
            + name
            + ": there is no such enclave; "
            + (names.isEmpty()
                ? "name its CPUs by --enclave " + enclave + "=CPUS"
                : "did you mean " + DidYouMean.nearest(enclave, names) + "?"));
  }

  private void close(Vertx vertx, @Nullable ManagementServer management) {
    Watch watch = Watch.of(vertx); // before: a Vertx that is closed has no shared data
    try {
      vertx.close().await(drainSeconds, TimeUnit.SECONDS);
      LOGGER.log(System.Logger.Level.INFO, "Drained");
    } catch (TimeoutException e) {
      LOGGER.log(
          System.Logger.Level.WARNING,
          "Not drained after {0} s, dropped: {1}. Allow more with --drain-seconds.",
          drainSeconds,
          watch.underWayInWords());
    }
    if (management != null) {
      management.close();
    }
  }

  private void drainThenHalt(CountDownLatch signal, Thread main) {
    signal.countDown();
    try {
      main.join(Duration.ofSeconds(drainDelaySeconds + drainSeconds + 2L));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // The JVM would exit with 128 + signal; a drained server has done what it was asked for.
    Runtime.getRuntime().halt(0);
  }

  static final class CpuSetConverter implements ITypeConverter<CpuSet> {
    @Override
    public CpuSet convert(String value) {
      try {
        return CpuSet.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class EnclaveConverter implements ITypeConverter<EnclaveOptions> {
    @Override
    public EnclaveOptions convert(String value) {
      int equals = value.indexOf('=');
      if (equals < 0) {
        throw new TypeConversionException(
            "'" + value + "': write its name and its CPUs, such as batch=3");
      }
      try {
        return new EnclaveOptions(value.substring(0, equals), value.substring(equals + 1));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class LogFormatConverter implements ITypeConverter<LogConsole.Format> {
    @Override
    public LogConsole.Format convert(String value) {
      return switch (value) {
        case "plain" -> LogConsole.Format.PLAIN;
        case "json" -> LogConsole.Format.JSON;
        default -> throw new TypeConversionException("'" + value + "' is none of plain, json");
      };
    }
  }

  static final class LogLevelConverter implements ITypeConverter<Map.Entry<String, String>> {
    @Override
    public Map.Entry<String, String> convert(String value) {
      int equals = value.indexOf('=');
      try {
        return Map.entry(
            equals < 0 ? LogLevels.ROOT : value.substring(0, equals),
            LogConsole.checkLevel(value.substring(equals + 1)));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class AccessFormatConverter implements ITypeConverter<AccessFormat> {
    @Override
    public AccessFormat convert(String value) {
      try {
        return AccessFormat.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class TokenConverter implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      try {
        String token = Files.readString(Path.of(value)).strip();
        return Objects.requireNonNull(new ManagementOptions().setToken(token).getToken());
      } catch (IOException unreadable) {
        throw new TypeConversionException(
            "'"
                + value
                + "' cannot be read ("
                + unreadable.getClass().getSimpleName()
                + "): name a file");
      } catch (IllegalArgumentException refused) {
        throw new TypeConversionException("'" + value + "': " + refused.getMessage());
      }
    }
  }

  static final class PipelinesConverter implements ITypeConverter<PipelineFile> {
    @Override
    public PipelineFile convert(String value) {
      try {
        return PipelineFile.read(Path.of(value));
      } catch (IllegalArgumentException e) { // InvalidPathException is one
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class ModeConverter implements ITypeConverter<ContextMode> {
    @Override
    public ContextMode convert(String value) {
      try {
        return ContextMode.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class PolicyConverter implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      try {
        return Policies.byName(value).name();
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  static final class NotifierConverter implements ITypeConverter<BlockNotifier.Kind> {
    @Override
    public BlockNotifier.Kind convert(String value) {
      try {
        return BlockNotifier.Kind.valueOf(value.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException("'" + value + "' is none of perf, proc, tick");
      }
    }
  }
}
