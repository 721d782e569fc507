package dev.baton.loadgen.cli;

import dev.baton.loadgen.Body;
import dev.baton.loadgen.LoadOptions;
import dev.baton.loadgen.Protocol;
import dev.baton.loadgen.RequestSpec;
import dev.baton.loadgen.ResponseCheck;
import dev.baton.loadgen.client.Rehearsal;
import dev.baton.loadgen.schedule.Arrivals;
import dev.baton.loadgen.values.Text;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that describe the load, shared by all commands. */
final class LoadArguments {
  private static final Set<String> WITHOUT_BODY =
      Set.of("GET", "HEAD", "OPTIONS", "TRACE", "CONNECT");

  private static final Set<String> SINGLE =
      Set.of("host", "authorization", "content-length", "content-type", "user-agent", "referer");

  @Option(
      names = {"-r", "--rate"},
      paramLabel = "RATE",
      description =
          "Requests per second in total, as in 500, 20k. Default: the sum of --mix, or 1k.")
  @Nullable String rate;

  @Option(
      names = {"-d", "--duration"},
      paramLabel = "TIME",
      description = "How long to measure (default: ${DEFAULT-VALUE}).")
  String duration = "10s";

  @Option(
      names = "--warmup",
      paramLabel = "TIME",
      description = "Sent before, but not measured (default: ${DEFAULT-VALUE}).")
  String warmup = "2s";

  @Option(
      names = "--mix",
      paramLabel = "[METHOD ]URL[=SHARE]",
      description =
          "A request with a rate of its own ('http://h/fast=4000/s') or a weight"
              + " ('POST http://h/orders=3'), 1 if there is none; repeatable."
              + " In 'http://h/x?page=2' the 2 is the page.")
  List<String> mix = new ArrayList<>();

  @Mixin DataArguments data = new DataArguments();

  @Mixin NetworkArguments network = new NetworkArguments();

  @Option(
      names = "--phase",
      paramLabel = "NAME=RATE:TIME",
      description =
          "A phase at a rate (steady=20k:30s), from one to another (ramp=0..20k:10s) or in steps"
              + " (steps=1k..5k/5:50s); repeatable; replaces --rate and --duration.")
  List<String> phases = new ArrayList<>();

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "YAML with options by their long names, 'requests', 'scenarios' and 'phases'.")
  @Nullable Path config;

  @Option(
      names = {"-c", "--connections"},
      paramLabel = "N",
      description =
          "Connections to each host (default: ${DEFAULT-VALUE}). In an open loop a request of the"
              + " mix with a rate of its own has as many for itself, so that a slow one never"
              + " delays another.")
  int connections = LoadOptions.DEFAULT_CONNECTIONS;

  @Option(
      names = "--closed",
      description =
          "Closed loop: each connection sends when its last answer came. For peak throughput; its"
              + " latencies hide what an open loop shows.")
  boolean closed;

  @Option(
      names = "--depth",
      paramLabel = "N",
      description =
          "Requests open at once per connection: pipelining in HTTP/1.1 (default 1), streams in"
              + " HTTP/2 (default 100).")
  int depth;

  @Option(
      names = "--new-connections",
      description = "Open a connection for every request; its time counts.")
  boolean newConnections;

  @Option(names = "--http2", description = "HTTP/2: h2c for http, h2 by ALPN for https.")
  boolean http2;

  @Option(names = "--insecure", description = "Accept any TLS certificate.")
  boolean insecure;

  @Option(
      names = "--arrivals",
      paramLabel = "LAW",
      description = "uniform or poisson (default: ${DEFAULT-VALUE}).")
  Arrivals arrivals = Arrivals.POISSON;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "Seed of the schedule (default: ${DEFAULT-VALUE}); the same seed, the same run.")
  long seed = LoadOptions.DEFAULT_SEED;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "Give a request up this long after it was sent (default: ${DEFAULT-VALUE}).")
  String timeout = "10s";

  @Option(
      names = "--drain",
      paramLabel = "TIME",
      description = "Await answers and send the backlog this long (default: ${DEFAULT-VALUE}).")
  String drain = "2s";

  @Option(
      names = "--spin",
      paramLabel = "TIME",
      description =
          "Poll instead of sleeping this long before a request (default: ${DEFAULT-VALUE}).")
  String spin = "50us";

  @Option(
      names = "--realtime",
      description =
          "Put the thread that sends into SCHED_FIFO, so that nobody on its core delays it. Needs"
              + " root or CAP_SYS_NICE.")
  boolean realtime;

  @Option(
      names = {"-X", "--method"},
      paramLabel = "METHOD",
      description = "Method of the URLs given without one (default: GET, or POST with --body).")
  @Nullable String method;

  @Option(
      names = {"-H", "--header"},
      paramLabel = "'NAME: VALUE'",
      description = "A header of all requests; repeatable.")
  List<String> headers = new ArrayList<>();

  @Option(
      names = "--body",
      paramLabel = "TEXT",
      description = "Body of all requests but GET, HEAD and OPTIONS; of those with -X, too.")
  String body = "";

  @Option(
      names = "--expect-status",
      paramLabel = "CODE",
      split = ",",
      description = "Statuses that count as ok (default: any below 400).")
  Set<Integer> expectStatus = new LinkedHashSet<>();

  @Option(
      names = "--expect-body",
      paramLabel = "TEXT",
      description = "Text a body must contain to count as ok.")
  String expectBody = "";

  @Option(
      names = "--rehearsal",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description =
          "First load a server inside this process for some seconds, so that the generator runs"
              + " compiled before it sends anything (default: yes).")
  boolean rehearsal = true;

  /** Compiles the generator's code, unless told not to. */
  void rehearse(LoadOptions load) {
    if (rehearsal) {
      Rehearsal.run(load);
    }
  }

  /** The options, with the given URLs and the mix as requests. */
  LoadOptions toOptions(List<String> urls, @Nullable ConfigFile file) {
    var options = new LoadOptions();
    for (var url : urls) {
      options.addRequest(complete(MixEntry.parseUrl(url)));
    }
    for (var entry : mix) {
      options.addRequest(complete(MixEntry.parse(entry)));
    }
    data.requests().forEach(request -> options.addRequest(complete(request)));
    for (var phase : phases) {
      PhaseArgument.parse(phase).forEach(options::addPhase);
    }
    if (file != null) {
      file.requests(defaults()).forEach(options::addRequest);
      file.scenarios().forEach(options::addScenario);
      if (phases.isEmpty()) {
        options.setPhases(file.phases());
      }
    }
    if (options.allRequests().isEmpty()) {
      throw new IllegalArgumentException(
          "no URL: give at least one URL, --urls, --mix or --config with requests");
    }
    checkBody(options);
    if (rate != null) {
      options.setRate(Quantities.rate(rate));
    }
    data.addTo(options);
    options.setNetwork(network.options());
    String authorization = network.authorization();
    if (authorization != null) {
      options.setRequests(
          options.getRequests().stream().map(r -> authorized(r, authorization)).toList());
      if (!options.getScenarios().isEmpty()) {
        throw new IllegalArgumentException(
            "--auth: a scenario says itself who it is; write 'headers' into its steps");
      }
    }
    Duration measured = Quantities.duration(duration);
    return options
        .setDuration(measured)
        .setWarmup(Quantities.duration(warmup))
        .setConnections(connections)
        .setClosedLoop(closed)
        .setDepth(depth)
        .setNewConnections(newConnections)
        .setProtocol(http2 ? Protocol.HTTP2 : Protocol.HTTP1)
        .setInsecure(insecure)
        .setArrivals(arrivals)
        .setSeed(seed)
        .setTimeout(Quantities.duration(timeout))
        .setDrain(Quantities.duration(drain))
        .setCompilersYield(true)
        .setRealtime(realtime)
        .setSpin(Quantities.duration(spin));
  }

  /** The options with the mix requested from the given base, or that URL itself without a mix. */
  LoadOptions toOptionsAt(String base, @Nullable ConfigFile file) {
    if (mix.isEmpty()) {
      return toOptions(List.of(base), file);
    }
    var root = MixEntry.parseUrl(base).uri();
    var absolute = mix;
    mix = absolute.stream().map(entry -> MixEntry.resolve(root, entry)).toList();
    try {
      return toOptions(List.of(), file);
    } finally {
      mix = absolute;
    }
  }

  private RequestSpec complete(RequestSpec parsed) {
    var request = parsed;
    boolean list = !request.urls().isEmpty();
    if (list
        || (request.method().equals("GET")
            && Text.escape(request.name()).equals(request.uri().toString()))) {
      if (method != null) {
        request = request.withMethod(method);
      } else if (!data.body(body).isEmpty()) {
        request = request.withMethod("POST");
      }
    }
    boolean takesBody =
        list || !WITHOUT_BODY.contains(request.method()) || request.method().equals(method);
    return request
        .withHeaders(headerMap())
        .withBody(takesBody ? data.body(body) : Body.NONE)
        .withCheck(new ResponseCheck(expectStatus, expectBody));
  }

  private static RequestSpec authorized(RequestSpec request, String authorization) {
    if (request.headers().keySet().stream().anyMatch("authorization"::equalsIgnoreCase)) {
      throw new IllegalArgumentException(
          "--auth: " + request.name() + " has an authorization header already; give one of them");
    }
    var headers = new LinkedHashMap<>(request.headers());
    headers.put("authorization", authorization);
    return request.withHeaders(headers);
  }

  /** What requests of a file are sent with where the file does not say it itself. */
  private Map<String, Object> defaults() {
    var defaults = new LinkedHashMap<String, Object>();
    if (method != null) {
      defaults.put("method", method);
    }
    if (data.bodyFile != null) {
      defaults.put("body-file", data.bodyFile.toString());
    } else if (!body.isEmpty()) {
      defaults.put("body", body);
    }
    defaults.put("headers", headerMap());
    if (!expectStatus.isEmpty()) {
      defaults.put("expect-status", expectStatus);
    }
    if (!expectBody.isEmpty()) {
      defaults.put("expect-body", expectBody);
    }
    return defaults;
  }

  /** A body that nobody sends is a mistake. */
  private void checkBody(LoadOptions options) {
    if (!data.body(body).isEmpty()
        && options.allRequests().stream().allMatch(r -> r.body().isEmpty())) {
      throw new IllegalArgumentException(
          "--body: no request takes it; name a method that does, as in --method POST");
    }
  }

  private Map<String, String> headerMap() {
    var map = new LinkedHashMap<String, String>();
    for (var header : headers) {
      int colon = header.indexOf(':');
      if (colon <= 0) {
        throw new IllegalArgumentException(
            "--header '" + header + "': write it as 'name: value', as in 'accept: text/html'");
      }
      add(map, header.substring(0, colon).trim(), header.substring(colon + 1).trim());
    }
    return map;
  }

  /**
   * Adds a header. Several of one name are one with all values, which means the same.
   *
   * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-5.3">RFC 9110, 5.3</a>
   */
  static void add(Map<String, String> headers, String name, String value) {
    String known =
        headers.keySet().stream().filter(name::equalsIgnoreCase).findFirst().orElse(name);
    if (headers.containsKey(known) && SINGLE.contains(name.toLowerCase(Locale.ROOT))) {
      throw new IllegalArgumentException(
          "header '" + name + "': is given twice and can be sent once; leave one of them out");
    }
    String separator = name.equalsIgnoreCase("cookie") ? "; " : ", ";
    headers.merge(known, value, (first, second) -> first + separator + second);
  }
}
