package dev.baton.stages;

import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.streams.ReadStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a pipeline answers: status, headers, body. Not thread-safe. */
public final class Response {
  private static final CharSequence TEXT = HttpHeaders.createOptimized("text/plain; charset=utf-8");
  private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");

  /** How a body gets onto the wire. */
  private sealed interface Body {}

  private record Bytes(Buffer bytes) implements Body {}

  private record FileAt(String path) implements Body {}

  private record Piped(ReadStream<Buffer> source) implements Body {}

  private record Written(Handler<ResponseStream> writer) implements Body {}

  private int status = 200;
  private @Nullable CharSequence type;
  private @Nullable List<CharSequence> headers;
  private final @Nullable Body body;

  private Response(@Nullable CharSequence type, @Nullable Body body) {
    this.type = type;
    this.body = body;
  }

  /** Status 204. */
  public static Response empty() {
    return new Response(null, null).status(204);
  }

  /** As UTF-8. */
  public static Response text(String text) {
    return new Response(TEXT, new Bytes(Buffer.buffer(text)));
  }

  /** A body of JSON. */
  public static Response json(Buffer json) {
    return new Response(JSON, new Bytes(json));
  }

  /** A body as it is; set its type with {@link #type}. */
  public static Response bytes(Buffer bytes) {
    return new Response(null, new Bytes(bytes));
  }

  /** A file's content, its type by its name. */
  public static Response file(String path) {
    return new Response(null, new FileAt(path));
  }

  /** What {@code source} gives, as fast as the client takes it, in chunks. */
  public static Response stream(ReadStream<Buffer> source) {
    return new Response(null, new Piped(source));
  }

  /**
   * What {@code writer} writes, in chunks. It is called in the request's context and ends the
   * response; {@code writeQueueFull} and {@code drainHandler} tell how fast the client takes it.
   */
  public static Response written(Handler<ResponseStream> writer) {
    return new Response(null, new Written(writer));
  }

  /** Sets the status, 200..599. */
  public Response status(int status) {
    this.status = Fields.check("status", status, 200, 599);
    return this;
  }

  /** The media type of the body. */
  public Response type(CharSequence type) {
    this.type = type;
    return this;
  }

  /** Adds a header. */
  public Response header(CharSequence name, CharSequence value) {
    if (headers == null) {
      headers = new ArrayList<>(4);
    }
    headers.add(name);
    headers.add(value);
    return this;
  }

  /** Whether somebody writes it bit by bit, after {@link #to} has returned. */
  boolean isWrittenLater() {
    return body instanceof Piped || body instanceof Written;
  }

  /**
   * Sends it. In {@code context}, the request's.
   *
   * @param failed called if a file cannot be sent
   */
  void to(HttpServerResponse response, RequestContext context, Handler<Throwable> failed) {
    response.setStatusCode(status);
    if (type != null) {
      response.putHeader(HttpHeaders.CONTENT_TYPE, type);
    }
    if (headers != null) {
      for (int i = 0; i < headers.size(); i += 2) {
        response.putHeader(headers.get(i), headers.get(i + 1));
      }
    }
    switch (body) {
      case null -> response.end();
      case Bytes(Buffer bytes) -> response.end(bytes);
      case FileAt(String path) -> {
        try {
          response.sendFile(path).onFailure(failed);
        } catch (NullPointerException e) { // Vert.x 5.2.0 throws it if the client has just gone
          abort(response);
        }
      }
      case Piped(ReadStream<Buffer> source) -> {
        chunked(response);
        // Not ended on failure: what was cut short must not look complete.
        source
            .pipe()
            .endOnFailure(false)
            .to(new ResponseStream(response, context))
            .onFailure(e -> abort(response));
      }
      case Written(Handler<ResponseStream> writer) -> {
        chunked(response);
        writer.handle(new ResponseStream(response, context));
      }
    }
  }

  private static void chunked(HttpServerResponse response) {
    if (!response.headers().contains(HttpHeaders.CONTENT_LENGTH)) {
      response.setChunked(true);
    }
  }

  /** Only the end of the connection tells the client that what it has is not the whole. */
  static void abort(HttpServerResponse response) {
    if (!response.closed()) {
      response.reset();
    }
  }
}
