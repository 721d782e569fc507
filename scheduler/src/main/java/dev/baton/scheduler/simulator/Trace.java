package dev.baton.scheduler.simulator;

import dev.baton.scheduler.policy.SchedulingPolicy;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Requests that a server has had, in the order in which they came. As text: a line that begins with
 * {@link #HEADER}, then a line for each request.
 *
 * @param routes names, by the index that requests say
 * @param requests at least one
 */
public record Trace(List<String> routes, List<Entry> requests) {
  /** How a trace begins. */
  public static final String HEADER = "# baton trace 1";

  /** Names of the fields. */
  public static final String FIELDS = "arrival_ns,route,cpu_ns,block_ns,connection";

  private static final int FIELD_COUNT = 5;

  /**
   * One request.
   *
   * @param arrivalNanos from the first one
   * @param route index of its route
   * @param cpuNanos how long its handler has computed
   * @param blockNanos how long its handler has slept
   * @param connection it came by
   */
  public record Entry(
      long arrivalNanos, int route, long cpuNanos, long blockNanos, int connection) {
    /** The same request, so much earlier. */
    public Entry earlier(long nanos) {
      return new Entry(arrivalNanos - nanos, route, cpuNanos, blockNanos, connection);
    }
  }

  /** Checks that there is something. */
  public Trace {
    routes = List.copyOf(routes);
    requests = List.copyOf(requests);
    if (requests.isEmpty()) {
      throw new IllegalArgumentException("the trace has no requests");
    }
  }

  /**
   * Reads a trace.
   *
   * @param name for what is said of what does not fit
   * @throws IllegalArgumentException if it is none
   */
  public static Trace read(BufferedReader in, String name) throws IOException {
    Map<String, Integer> routes = new LinkedHashMap<>();
    var requests = new ArrayList<Entry>();
    long before = 0;
    int number = 0;
    for (String line; (line = in.readLine()) != null; ) {
      number++;
      if (number == 1 && !line.startsWith(HEADER)) {
        throw new IllegalArgumentException(
            name + ": the first line is '" + line + "', not '" + HEADER + "': is it a trace?");
      }
      if (line.isBlank() || line.startsWith("#") || line.equals(FIELDS)) {
        continue;
      }
      Entry entry = entry(line, routes, name + ":" + number);
      if (entry.arrivalNanos() < before) {
        throw new IllegalArgumentException(
            name + ":" + number + ": it came before the one above: sort by arrival");
      }
      before = entry.arrivalNanos();
      requests.add(entry);
    }
    if (requests.isEmpty()) {
      throw new IllegalArgumentException(name + ": the trace has no requests");
    }
    return new Trace(List.copyOf(routes.keySet()), requests);
  }

  private static Entry entry(String line, Map<String, Integer> routes, String where) {
    // A route may contain commas: it is what is left between the first and the last three.
    String[] fields = line.split(",", -1);
    int extra = fields.length - FIELD_COUNT;
    try {
      if (extra >= 0) {
        String route = String.join(",", List.of(fields).subList(1, 2 + extra));
        Integer known = routes.get(route);
        int index = known == null ? routes.size() : known;
        routes.put(route, index);
        var entry =
            new Entry(
                Long.parseLong(fields[0]),
                index,
                Long.parseLong(fields[2 + extra]),
                Long.parseLong(fields[3 + extra]),
                Integer.parseInt(fields[4 + extra]));
        if (Math.min(Math.min(entry.arrivalNanos, entry.cpuNanos), entry.blockNanos) >= 0
            && entry.connection >= 0) {
          return entry;
        }
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(where + ": '" + line + "' is not " + FIELDS, e);
    }
    throw new IllegalArgumentException(where + ": '" + line + "' is not " + FIELDS);
  }

  /** The text that {@link #read} reads. */
  public String text() {
    var text = new StringBuilder(HEADER).append('\n').append(FIELDS).append('\n');
    for (Entry entry : requests) {
      text.append(entry.arrivalNanos())
          .append(',')
          .append(routes.get(entry.route()))
          .append(',')
          .append(entry.cpuNanos())
          .append(',')
          .append(entry.blockNanos())
          .append(',')
          .append(entry.connection())
          .append('\n');
    }
    return text.toString();
  }

  /** From the first request to the last, nanoseconds, at least 1. */
  public long spanNanos() {
    return Math.max(1, requests.getLast().arrivalNanos() - requests.getFirst().arrivalNanos());
  }

  /** How many came per second. */
  public double perSecond() {
    return requests.size() * 1e9 / spanNanos();
  }

  /** The mean of what a request computes, nanoseconds. */
  public double meanCpuNanos() {
    return requests.stream().mapToLong(Entry::cpuNanos).average().orElse(0);
  }

  /**
   * The same requests, in the same order, as fast as they came or faster or slower.
   *
   * @param speed 2: in half the time
   */
  public Workload at(double speed) {
    long first = requests.getFirst().arrivalNanos();
    return new Workload() {
      private int next;

      @Override
      public boolean next(Request into) {
        if (next == requests.size()) {
          return false;
        }
        Entry entry = requests.get(next++);
        into.arrivedNanos = Math.round((entry.arrivalNanos() - first) / speed);
        into.kind = entry.route();
        into.connection = entry.connection();
        into.cpuNanos = entry.cpuNanos();
        into.blockNanos = entry.blockNanos();
        into.cpuAfterNanos = 0;
        if (into.blockNanos > 0) {
          into.cpuAfterNanos = into.cpuNanos / 2;
          into.cpuNanos -= into.cpuAfterNanos;
        }
        into.deadlineNanos = SchedulingPolicy.NO_DEADLINE;
        return true;
      }

      @Override
      public List<String> kinds() {
        return routes;
      }
    };
  }
}
