package dev.baton.loadgen.client;

import dev.baton.loadgen.scenario.Source;
import dev.baton.loadgen.values.Values;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.search.SearchProcessor;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One request on its way; client thread only. Linked into the list of open requests while sent. */
final class Exchange implements Source.Reply {
  final RequestTemplate request;
  final int phase;

  /** When it was meant to start, {@link System#nanoTime()}. */
  final long intendedNanos;

  /** Which one of this request it is: 0, 1, … */
  final long ordinal;

  /** What it is a step of; null if it stands alone. */
  final @Nullable Session session;

  private final Values values;
  private @Nullable EncodedRequest message;

  /** When it was handed to a connection; 0 before. */
  long sentNanos;

  @Nullable Connection connection;
  @Nullable Exchange previous;
  @Nullable Exchange next;
  boolean done;

  // Filled in as the response arrives.
  int status;
  long bodyBytes;
  int attempts;
  boolean refused;
  private @Nullable SearchProcessor bodySearch;
  private boolean bodyFound;
  private @Nullable ByteArrayOutputStream body;
  private @Nullable List<Map.Entry<String, String>> headers;

  Exchange(RequestTemplate request, int phase, long intendedNanos, long ordinal, Values values) {
    this.request = request;
    this.phase = phase;
    this.intendedNanos = intendedNanos;
    this.ordinal = ordinal;
    this.values = values;
    this.session = null;
  }

  Exchange(RequestTemplate request, Session session, long intendedNanos) {
    this.request = request;
    this.phase = session.phase;
    this.intendedNanos = intendedNanos;
    this.ordinal = session.ordinal;
    this.values = session;
    this.session = session;
  }

  /** Takes a part of the body. */
  void received(ByteBuf bytes) {
    bodyBytes += bytes.readableBytes();
    if (request.spec.check().needsBody() && !bodyFound) {
      if (bodySearch == null) {
        bodySearch = request.newBodySearch();
      }
      bodyFound = bodySearch != null && bytes.forEachByte(bodySearch) >= 0;
    }
    if (session != null && session.readsBody()) {
      if (body == null) {
        body = new ByteArrayOutputStream();
      }
      body.writeBytes(ByteBufUtil.getBytes(bytes));
    }
  }

  /** Whether the body holds what it must. */
  boolean bodyFound() {
    return bodyFound || !request.spec.check().needsBody();
  }

  /** Whether anything of a response has come. */
  boolean responding() {
    return status != 0;
  }

  /** Forgets the response that came, to be sent once more. */
  void again() {
    attempts++;
    refused = false;
    connection = null;
    status = 0;
    bodyBytes = 0;
    bodySearch = null;
    bodyFound = false;
    body = null;
  }

  /** Keeps the headers of a response if somebody will look at them. */
  void headers(Iterable<? extends Map.Entry<? extends CharSequence, ? extends CharSequence>> read) {
    if (session != null) {
      var kept = new ArrayList<Map.Entry<String, String>>();
      read.forEach(h -> kept.add(Map.entry(h.getKey().toString(), h.getValue().toString())));
      headers = kept;
    }
  }

  @Override
  public @Nullable String header(String name) {
    var all = headers(name);
    return all.isEmpty() ? null : all.getFirst();
  }

  /** All headers of a name. */
  List<String> headers(String name) {
    return headers == null
        ? List.of()
        : headers.stream()
            .filter(h -> h.getKey().equalsIgnoreCase(name))
            .map(Map.Entry::getValue)
            .toList();
  }

  @Override
  public String text() {
    return body == null ? "" : body.toString(StandardCharsets.UTF_8);
  }

  /** Its URL. */
  URI uri() {
    return request.uri(values);
  }

  /** What to write; made when it is first asked for, so that requests that wait stay small. */
  EncodedRequest message() {
    var made = message;
    if (made == null) {
      made = request.encode(ordinal, values);
      message = made;
    }
    return made;
  }
}
