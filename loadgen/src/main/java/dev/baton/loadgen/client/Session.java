package dev.baton.loadgen.client;

import dev.baton.loadgen.scenario.Scenario;
import dev.baton.loadgen.scenario.Step;
import dev.baton.loadgen.values.Values;
import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One run through the steps of a scenario: what it has learned, its cookies, and where it is.
 * Client thread only.
 */
final class Session implements Values {
  final Scenario scenario;

  /** Index of the scenario. */
  final int index;

  final int phase;
  final long ordinal;

  /** When it was meant to arrive, {@link System#nanoTime()}. */
  final long intendedNanos;

  private final Values feeds;
  private final Map<String, String> values = new HashMap<>();
  private final SplittableRandom random;
  private @Nullable CookieManager cookies;
  private int step;
  private int tries;
  private @Nullable String failure;

  Session(
      Scenario scenario,
      int index,
      int phase,
      long ordinal,
      long intendedNanos,
      Values feeds,
      long seed) {
    this.scenario = scenario;
    this.index = index;
    this.phase = phase;
    this.ordinal = ordinal;
    this.intendedNanos = intendedNanos;
    this.feeds = feeds;
    // The same pauses in every run, whichever part of the schedule the session is in.
    this.random = new SplittableRandom(seed * 31 + ordinal);
  }

  /** Index of the step it is at. */
  int step() {
    return step;
  }

  @Override
  public @Nullable String get(String name) {
    var value = values.get(name);
    return value == null ? feeds.get(name) : value;
  }

  /**
   * Reads what a response with an accepted status is asked for.
   *
   * @return why the session cannot go on; null if it can
   */
  @Nullable String read(Exchange reply) {
    var current = scenario.steps().get(step);
    keepCookies(reply);
    for (var entry : current.extract().entrySet()) {
      var value = entry.getValue().find(reply);
      if (value == null) {
        return fail("no value for '" + entry.getKey() + "': " + entry.getValue());
      }
      values.put(entry.getKey(), value);
    }
    return null;
  }

  private @Nullable String fail(String why) {
    failure = why;
    return why;
  }

  /** What it failed for although its last response was one that is accepted; null if nothing. */
  @Nullable String failure() {
    return failure;
  }

  /**
   * Goes on after a response that was read.
   *
   * @return nanoseconds until its next request; negative if there is none
   */
  long proceed(Exchange reply) {
    var current = scenario.steps().get(step);
    var until = current.until();
    if (until != null && !until.is().equals(until.source().find(reply))) {
      if (++tries >= until.atMost()) {
        failure = "not '" + until.is() + "' after " + tries + " tries: " + until.source();
        return -1;
      }
      return until.every().toNanos();
    }
    tries = 0;
    step++;
    return step < scenario.steps().size() ? pause(scenario.steps().get(step)) : -1;
  }

  /** Whether the body of the response to its current request is looked into. */
  boolean readsBody() {
    return scenario.steps().get(step).readsBody();
  }

  /** The pause before its first request. */
  long firstPause() {
    return pause(scenario.steps().getFirst());
  }

  private long pause(Step before) {
    long least = before.thinkAtLeast().toNanos();
    long more = before.thinkAtMost().toNanos() - least;
    return more > 0 ? least + random.nextLong(more + 1) : least;
  }

  private void keepCookies(Exchange reply) {
    var set = reply.headers("set-cookie");
    if (scenario.cookies() && !set.isEmpty()) {
      if (cookies == null) {
        cookies = new CookieManager();
      }
      try {
        cookies.put(reply.uri(), Map.of("Set-Cookie", set));
      } catch (IOException e) {
        throw new IllegalStateException("a store in memory fails", e);
      }
    }
  }

  @Override
  public List<String> cookies(URI uri) {
    if (cookies == null) {
      return List.of();
    }
    try {
      return cookies.get(uri, Map.of()).getOrDefault("Cookie", List.of());
    } catch (IOException e) {
      throw new IllegalStateException("a store in memory fails", e);
    }
  }
}
