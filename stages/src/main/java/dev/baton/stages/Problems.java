package dev.baton.stages;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Answers requests that cannot be served. In the request's context. */
public final class Problems {
  private static final System.Logger LOGGER = System.getLogger(Problems.class.getName());
  private static final int MAX_REQUEST_ID_LENGTH = 128;

  private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");
  private static final CharSequence RETRY_AFTER = HttpHeaders.createOptimized("retry-after");
  private static final CharSequence ONE_SECOND = HttpHeaders.createOptimized("1");
  private static final CharSequence PROBLEM =
      HttpHeaders.createOptimized("application/problem+json");

  private Problems() {}

  /**
   * The request's {@code x-request-id} if it is 1..{@value #MAX_REQUEST_ID_LENGTH} visible ASCII
   * characters; else one that is made up now. The response repeats it.
   */
  public static String requestId(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    String id = response.headers().get(REQUEST_ID);
    if (id == null) {
      id = request.headers().get(REQUEST_ID);
      if (id == null || !isUsable(id)) {
        id = Long.toHexString(ThreadLocalRandom.current().nextLong());
      }
      if (!response.headWritten()) {
        response.putHeader(REQUEST_ID, id);
      }
    }
    return id;
  }

  private static boolean isUsable(String id) {
    return !id.isEmpty()
        && id.length() <= MAX_REQUEST_ID_LENGTH
        && id.chars().allMatch(c -> c > ' ' && c < 127);
  }

  /**
   * Answers a {@link Problem} as it says; everything else with status 500, and one line in the log.
   * A query that cannot be decoded is such a problem, whoever has asked for a parameter.
   *
   * @param where the place in the code, for the log
   */
  public static void answer(HttpServerRequest request, Throwable failure, String where) {
    Problem problem =
        failure instanceof Problem known
            ? known
            : failure instanceof IllegalArgumentException ? malformedQuery(request) : null;
    if (problem == null) {
      String text = request.method() + " " + where + ", request " + requestId(request);
      LOGGER.log(Level.ERROR, Printable.of(text), Printable.of(failure));
      problem = new Problem(500, null, null, "failed here", "quote the request id in a report");
    }
    answer(request, problem);
  }

  private static @Nullable Problem malformedQuery(HttpServerRequest request) {
    String query = request.query();
    if (query != null) {
      try {
        Map<String, List<String>> _ =
            new QueryStringDecoder(query, StandardCharsets.UTF_8, false).parameters();
      } catch (IllegalArgumentException malformed) {
        return Problem.notEncoded("query", malformed);
      }
    }
    return null;
  }

  /** Answers unless there is an answer; breaks off one that is half out. */
  public static void answer(HttpServerRequest request, Problem problem) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed()) {
      return;
    }
    if (response.headWritten()) {
      Response.abort(response);
      return;
    }
    String id = requestId(request);
    response.setChunked(false).setStatusCode(problem.status());
    response.headers().remove(HttpHeaders.CONTENT_LENGTH).set(HttpHeaders.CONTENT_TYPE, PROBLEM);
    if (problem.status() == 503) {
      response.putHeader(RETRY_AFTER, ONE_SECOND);
    }
    boolean close = problem.status() == 408 && request.version() != HttpVersion.HTTP_2;
    if (close) {
      response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    Future<Void> sent = response.end(problem.toJson(response.getStatusMessage(), id).toBuffer());
    if (close) {
      // Vert.x would wait for the rest of the body.
      sent.onComplete(_ -> request.connection().close());
    }
  }
}
