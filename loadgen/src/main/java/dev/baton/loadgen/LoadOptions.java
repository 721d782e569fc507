package dev.baton.loadgen;

import dev.baton.loadgen.scenario.Scenario;
import dev.baton.loadgen.scenario.Step;
import dev.baton.loadgen.schedule.Arrivals;
import dev.baton.loadgen.schedule.Part;
import dev.baton.loadgen.schedule.Phase;
import dev.baton.loadgen.values.Feed;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What to send, how fast, over which connections. Setters check their own value; checks across
 * fields run when a {@link LoadGenerator} is created. Not thread-safe.
 */
public final class LoadOptions {
  public static final double DEFAULT_RATE = 1_000;
  public static final Duration DEFAULT_DURATION = Duration.ofSeconds(10);
  public static final Duration DEFAULT_WARMUP = Duration.ofSeconds(2);
  public static final int DEFAULT_CONNECTIONS = 64;
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
  public static final Duration DEFAULT_DRAIN = Duration.ofSeconds(2);
  public static final Duration DEFAULT_SPIN = Duration.ofNanos(50_000);
  public static final long DEFAULT_SEED = 1;

  private final List<RequestSpec> requests = new ArrayList<>();
  private final List<Phase> phases = new ArrayList<>();
  private final List<Scenario> scenarios = new ArrayList<>();
  private final List<Feed> feeds = new ArrayList<>();
  private Part part = Part.WHOLE;
  private @Nullable Instant startAt;
  private NetworkOptions network = new NetworkOptions();
  private double rate;
  private Duration duration = DEFAULT_DURATION;
  private Duration warmup = DEFAULT_WARMUP;
  private Arrivals arrivals = Arrivals.POISSON;
  private long seed = DEFAULT_SEED;
  private boolean closedLoop;
  private Protocol protocol = Protocol.HTTP1;
  private int connections = DEFAULT_CONNECTIONS;
  private int depth;
  private boolean newConnections;
  private boolean insecure;
  private Duration timeout = DEFAULT_TIMEOUT;
  private Duration drain = DEFAULT_DRAIN;
  private Duration spin = DEFAULT_SPIN;
  private boolean compilersYield;
  private boolean realtime;
  private boolean unreachableAllowed;

  /** Creates options with the defaults and no request. */
  public LoadOptions() {}

  /** Copies other options. */
  public LoadOptions(LoadOptions other) {
    requests.addAll(other.requests);
    phases.addAll(other.phases);
    scenarios.addAll(other.scenarios);
    feeds.addAll(other.feeds);
    part = other.part;
    startAt = other.startAt;
    network = new NetworkOptions(other.network);
    rate = other.rate;
    duration = other.duration;
    warmup = other.warmup;
    arrivals = other.arrivals;
    seed = other.seed;
    closedLoop = other.closedLoop;
    protocol = other.protocol;
    connections = other.connections;
    depth = other.depth;
    newConnections = other.newConnections;
    insecure = other.insecure;
    timeout = other.timeout;
    drain = other.drain;
    spin = other.spin;
    compilersYield = other.compilersYield;
    realtime = other.realtime;
    unreachableAllowed = other.unreachableAllowed;
  }

  /** Adds a request to the mix. */
  public LoadOptions addRequest(RequestSpec request) {
    requests.add(request);
    return this;
  }

  /** Replaces the mix. */
  public LoadOptions setRequests(List<RequestSpec> newRequests) {
    requests.clear();
    requests.addAll(newRequests);
    return this;
  }

  /** The mix. */
  public List<RequestSpec> getRequests() {
    return List.copyOf(requests);
  }

  /** Adds a phase; phases replace {@link #setRate rate} and {@link #setDuration duration}. */
  public LoadOptions addPhase(Phase phase) {
    phases.add(phase);
    return this;
  }

  /** Replaces the phases. */
  public LoadOptions setPhases(List<Phase> newPhases) {
    phases.clear();
    phases.addAll(newPhases);
    return this;
  }

  /** The phases given; empty if rate and duration say it all. */
  public List<Phase> getPhases() {
    return List.copyOf(phases);
  }

  /** Adds a kind of sessions that arrive beside the requests of the mix. */
  public LoadOptions addScenario(Scenario scenario) {
    scenarios.add(scenario);
    return this;
  }

  /** Replaces the scenarios. */
  public LoadOptions setScenarios(List<Scenario> newScenarios) {
    scenarios.clear();
    scenarios.addAll(newScenarios);
    return this;
  }

  /** The kinds of sessions that arrive beside the requests of the mix. */
  public List<Scenario> getScenarios() {
    return List.copyOf(scenarios);
  }

  /** Everything that is sent and counted for itself: the mix, then the steps of the scenarios. */
  public List<RequestSpec> allRequests() {
    var all = new ArrayList<>(requests);
    for (var scenario : scenarios) {
      scenario.steps().stream().map(Step::request).forEach(all::add);
    }
    return all;
  }

  /** Adds rows of values that placeholders in URLs, headers and bodies stand for. */
  public LoadOptions addFeed(Feed feed) {
    feeds.add(feed);
    return this;
  }

  /** Rows of values that placeholders stand for. */
  public List<Feed> getFeeds() {
    return List.copyOf(feeds);
  }

  /** Sets which part of the schedule is sent; the rates stay those of the whole. */
  public LoadOptions setPart(Part newPart) {
    part = newPart;
    return this;
  }

  /** Which part of the schedule is sent. */
  public Part getPart() {
    return part;
  }

  /** Sets when the schedule starts; null for as soon as the connections are open. */
  public LoadOptions setStartAt(@Nullable Instant newStartAt) {
    startAt = newStartAt;
    return this;
  }

  /** When the schedule starts; null for as soon as the connections are open. */
  public @Nullable Instant getStartAt() {
    return startAt;
  }

  /** Sets where connections really go, and what they show in the TLS handshake. */
  public LoadOptions setNetwork(NetworkOptions newNetwork) {
    network = new NetworkOptions(newNetwork);
    return this;
  }

  /** Where connections really go; not to be changed. */
  public NetworkOptions getNetwork() {
    return network;
  }

  /** Sets the total rate in requests per second, more than 0. */
  public LoadOptions setRate(double newRate) {
    if (!(newRate > 0 && Double.isFinite(newRate))) {
      throw new IllegalArgumentException("rate=" + newRate + ": must be above 0 requests/s");
    }
    rate = newRate;
    return this;
  }

  /** The total rate: as set, else the sum of the rates of the mix, else the default. */
  public double getRate() {
    if (rate > 0) {
      return rate;
    }
    double own =
        requests.stream().mapToDouble(RequestSpec::rate).sum()
            + scenarios.stream().mapToDouble(Scenario::rate).sum();
    return own > 0 ? own : DEFAULT_RATE;
  }

  /** Sets how long requests are measured. */
  public LoadOptions setDuration(Duration newDuration) {
    duration = positive("duration", newDuration);
    return this;
  }

  /** How long requests are measured. */
  public Duration getDuration() {
    return duration;
  }

  /** Sets how long requests are sent before they are measured; zero for none. */
  public LoadOptions setWarmup(Duration newWarmup) {
    warmup = notNegative("warmup", newWarmup);
    return this;
  }

  /** How long requests are sent before they are measured. */
  public Duration getWarmup() {
    return warmup;
  }

  /** Sets how requests are spaced. */
  public LoadOptions setArrivals(Arrivals newArrivals) {
    arrivals = newArrivals;
    return this;
  }

  /** How requests are spaced. */
  public Arrivals getArrivals() {
    return arrivals;
  }

  /** Sets the seed of the schedule. */
  public LoadOptions setSeed(long newSeed) {
    seed = newSeed;
    return this;
  }

  /** The seed of the schedule. */
  public long getSeed() {
    return seed;
  }

  /** Sets whether each connection sends its next request when the last was answered. */
  public LoadOptions setClosedLoop(boolean newClosedLoop) {
    closedLoop = newClosedLoop;
    return this;
  }

  /** Whether each connection sends its next request when the last was answered. */
  public boolean isClosedLoop() {
    return closedLoop;
  }

  /** Sets the HTTP version. */
  public LoadOptions setProtocol(Protocol newProtocol) {
    protocol = newProtocol;
    return this;
  }

  /** The HTTP version. */
  public Protocol getProtocol() {
    return protocol;
  }

  /** Sets the connections of each pool, 1 or more. */
  public LoadOptions setConnections(int newConnections) {
    if (newConnections < 1) {
      throw new IllegalArgumentException("connections=" + newConnections + ": must be 1 or more");
    }
    connections = newConnections;
    return this;
  }

  /** The connections of each pool. */
  public int getConnections() {
    return connections;
  }

  /**
   * Sets how many requests a connection carries at once: pipelining in HTTP/1.1, streams in HTTP/2;
   * 0 for the default, 1 or 100.
   */
  public LoadOptions setDepth(int newDepth) {
    if (newDepth < 0) {
      throw new IllegalArgumentException("depth=" + newDepth + ": must be 1 or more");
    }
    depth = newDepth;
    return this;
  }

  /** How many requests a connection carries at once. */
  public int getDepth() {
    return depth > 0 ? depth : protocol == Protocol.HTTP1 ? 1 : 100;
  }

  /** Sets whether every request opens a connection of its own. */
  public LoadOptions setNewConnections(boolean perRequest) {
    newConnections = perRequest;
    return this;
  }

  /** Whether every request opens a connection of its own. */
  public boolean isNewConnections() {
    return newConnections;
  }

  /** Sets whether any TLS certificate is accepted. */
  public LoadOptions setInsecure(boolean newInsecure) {
    insecure = newInsecure;
    return this;
  }

  /** Whether any TLS certificate is accepted. */
  public boolean isInsecure() {
    return insecure;
  }

  /** Sets how long after it was sent a request is given up. */
  public LoadOptions setTimeout(Duration newTimeout) {
    timeout = positive("timeout", newTimeout);
    return this;
  }

  /** How long after it was sent a request is given up. */
  public Duration getTimeout() {
    return timeout;
  }

  /** Sets how long after the last phase answers are awaited and the backlog is sent. */
  public LoadOptions setDrain(Duration newDrain) {
    drain = notNegative("drain", newDrain);
    return this;
  }

  /** How long after the last phase answers are awaited and the backlog is sent. */
  public Duration getDrain() {
    return drain;
  }

  /** Sets how long before a request is due the thread stops sleeping and polls. */
  public LoadOptions setSpin(Duration newSpin) {
    spin = notNegative("spin", newSpin);
    return this;
  }

  /** How long before a request is due the thread stops sleeping and polls. */
  public Duration getSpin() {
    return spin;
  }

  /**
   * Sets whether the compiler threads of this JVM run at low priority, for good, from the first
   * measured request on: for a generator that has its process to itself and shares one core with
   * them. Linux only.
   */
  public LoadOptions setCompilersYield(boolean newCompilersYield) {
    compilersYield = newCompilersYield;
    return this;
  }

  /** Whether the compiler threads of this JVM yield from the first measured request on. */
  public boolean isCompilersYield() {
    return compilersYield;
  }

  /**
   * Sets whether the thread that runs the load is put into the real-time class {@code SCHED_FIFO},
   * for good, so that nobody else on its core delays it. Linux only; needs privileges.
   */
  public LoadOptions setRealtime(boolean newRealtime) {
    realtime = newRealtime;
    return this;
  }

  /** Whether the thread that runs the load is put into the real-time class. */
  public boolean isRealtime() {
    return realtime;
  }

  /**
   * Sets whether the load runs although no connection can be opened to a server: every request is
   * an error then. Otherwise such a run fails before it begins.
   */
  public LoadOptions setUnreachableAllowed(boolean newUnreachableAllowed) {
    unreachableAllowed = newUnreachableAllowed;
    return this;
  }

  /** Whether the load runs although no connection can be opened to a server. */
  public boolean isUnreachableAllowed() {
    return unreachableAllowed;
  }

  /** The phases to run: as given, or one at the rate for the duration; the warm-up before them. */
  public List<Phase> effectivePhases() {
    var all = new ArrayList<Phase>();
    var measured = phases.isEmpty() ? List.of(Phase.hold("steady", getRate(), duration)) : phases;
    if (warmup.isPositive()) {
      double rateAtStart = measured.getFirst().startRate();
      all.add(Phase.warmup(rateAtStart > 0 ? rateAtStart : measured.getFirst().endRate(), warmup));
    }
    all.addAll(measured);
    return all;
  }

  private static Duration positive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(name + "=" + value + ": must be longer than 0");
    }
    return value;
  }

  private static Duration notNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + "=" + value + ": must not be negative");
    }
    return value;
  }
}
