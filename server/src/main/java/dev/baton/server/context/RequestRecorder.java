package dev.baton.server.context;

import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.simulator.Trace;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jctools.queues.varhandle.MpmcVarHandleArrayQueue;

/**
 * The requests that were answered last, for a simulator: when they came, what class they are of,
 * how long their handlers have computed and slept. Any thread.
 *
 * <p>A handler is what runs from a request's first callback until that returns: what a request
 * waits for without a thread, and what goes on from there, is not in it.
 */
public final class RequestRecorder {
  /** The most requests that can be kept. */
  public static final int MAX_REQUESTS = 1_000_000;

  private final HandlerClasses classes;

  /** Their arrivals are of {@link System#nanoTime}, their routes classes. */
  private final MpmcVarHandleArrayQueue<Trace.Entry> kept;

  private final LongAdder dropped = new LongAdder();

  /**
   * @param capacity how many requests are kept, 2 … {@link #MAX_REQUESTS}
   */
  public RequestRecorder(HandlerClasses classes, int capacity) {
    this.classes = classes;
    this.kept = new MpmcVarHandleArrayQueue<>(capacity);
  }

  /**
   * A request's handler has returned.
   *
   * @param arrivalNanos {@link System#nanoTime}
   * @param handlerClass {@link RequestClasses}
   * @param cpuNanos how long it has computed
   * @param blockNanos how long it has slept
   * @param connection by which it came; requests of one have the same number
   */
  public void add(
      long arrivalNanos, int handlerClass, long cpuNanos, long blockNanos, int connection) {
    var entry =
        new Trace.Entry(
            arrivalNanos, handlerClass, cpuNanos, blockNanos, connection & Integer.MAX_VALUE);
    while (!kept.offer(entry)) {
      if (kept.poll() != null) {
        dropped.increment(); // the oldest
      }
    }
  }

  /** How many were dropped since others came. */
  public long dropped() {
    return dropped.sum();
  }

  /**
   * What is kept now, by arrival, times from the first one.
   *
   * @param sinceNanos of those that came since, {@link System#nanoTime}
   * @throws IllegalArgumentException if that is nothing
   */
  public Trace trace(long sinceNanos) {
    List<Trace.Entry> entries = new ArrayList<>();
    for (Iterator<Trace.Entry> all = kept.iterator(); all.hasNext(); ) {
      Trace.Entry entry = all.next();
      if (entry.arrivalNanos() - sinceNanos >= 0) {
        entries.add(entry);
      }
    }
    entries.sort(Comparator.comparingLong(entry -> entry.arrivalNanos() - sinceNanos));
    List<String> routes = new ArrayList<>();
    for (int c = 0; c < classes.size(); c++) {
      routes.add(classes.name(c));
    }
    long first = entries.isEmpty() ? 0 : entries.getFirst().arrivalNanos();
    return new Trace(routes, entries.stream().map(entry -> entry.earlier(first)).toList());
  }
}
