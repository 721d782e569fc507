package dev.baton.server.events;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the two ends of one connection saw, in order. Pieces of a body that follow each other are
 * one entry, since where they are cut depends on time. Any thread.
 */
final class Trace {
  /** The stream of what the client sees; when it does, beside the server, is a matter of time. */
  static final String CLIENT = "client";

  private final List<Entry> entries = new ArrayList<>();
  private int pending;
  private boolean closed;
  // Whether the order across streams is one that stock Vert.x guarantees
  private boolean strict = true;

  /**
   * Adds an entry.
   *
   * @param stream whose order is kept in any case: a request, a socket, the connection, the client
   */
  synchronized void add(String stream, String text) {
    entries.add(new Entry(stream, text, null));
    notifyAll();
  }

  synchronized void data(String stream, Buffer data) {
    Entry last = lastOfServer();
    if (last != null && last.data != null && last.stream.equals(stream)) {
      last.data.appendBuffer(data);
    } else {
      entries.add(new Entry(stream, "data", data.copy()));
    }
    notifyAll();
  }

  private @Nullable Entry lastOfServer() {
    for (Entry entry : entries.reversed()) {
      if (!entry.stream.equals(CLIENT)) {
        return entry;
      }
    }
    return null;
  }

  /** The order across streams depends on time: timers, or several streams at once. */
  synchronized void loose() {
    strict = false;
  }

  /** Something that was started on behalf of this connection and will say {@link #done}. */
  synchronized void begin() {
    pending++;
  }

  synchronized void done() {
    pending--;
    notifyAll();
  }

  synchronized void closed() {
    closed = true;
    notifyAll();
  }

  /** Waits until the server has closed the connection and nothing is under way for it. */
  synchronized boolean awaitEnd(int seconds) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!closed || pending > 0) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }

  /** Waits until this trace is as {@code other}. */
  synchronized boolean awaitEqual(List<String> other, int seconds) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (pending > 0 || !other.equals(lines())) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }

  /** What is compared: all entries in order, or, if that depends on time, stream by stream. */
  synchronized List<String> lines() {
    var lines = new ArrayList<String>();
    if (strict) {
      lines.add("in order:");
      for (Entry entry : entries) {
        if (!entry.stream.equals(CLIENT)) {
          lines.add(entry.stream + ": " + entry.line());
        }
      }
      for (Entry entry : entries) {
        if (entry.stream.equals(CLIENT)) {
          lines.add(CLIENT + ": " + entry.line());
        }
      }
      return lines;
    }
    Map<String, List<String>> streams = new LinkedHashMap<>();
    Map<String, Buffer> bodies = new LinkedHashMap<>();
    for (Entry entry : entries) {
      List<String> stream = streams.computeIfAbsent(entry.stream, name -> new ArrayList<>());
      Buffer body = bodies.get(entry.stream);
      if (entry.data == null) {
        bodies.remove(entry.stream);
        stream.add(entry.line());
      } else if (body == null) {
        bodies.put(entry.stream, entry.data.copy());
        stream.add(entry.line());
      } else {
        body.appendBuffer(entry.data);
        stream.set(stream.size() - 1, new Entry(entry.stream, "data", body).line());
      }
    }
    lines.add("stream by stream:");
    streams.keySet().stream()
        .sorted()
        .forEach(name -> lines.add(name + ": " + String.join(", ", streams.get(name))));
    return lines;
  }

  private record Entry(String stream, String text, @Nullable Buffer data) {
    String line() {
      return data == null
          ? text
          : text + " " + data.length() + "/" + Integer.toHexString(Objects.hashCode(data));
    }
  }
}
