package dev.baton.stages.parse;

import dev.baton.stages.Exchange;
import dev.baton.stages.Problem;
import dev.baton.stages.Stage;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.streams.ReadStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Stages named {@code parse}. Whatever cannot be parsed fails with a {@link Problem} that names the
 * field, its value and the remedy.
 *
 * <p>Records say what is allowed: a component without {@code @Nullable} is required, and a
 * constructor may throw {@link Problem#badField} about its own components.
 */
public final class Parse {
  private static final String NAME = "parse";
  private static final int MAX_PARAMETERS = 256;

  private Parse() {}

  /** The exchange itself. */
  public static Stage<Exchange, Exchange> exchange() {
    return Stage.plain(NAME, exchange -> exchange);
  }

  /**
   * A body of JSON, bound to {@code type}. Unknown fields are ignored. 415 if the body says that it
   * is something else, 400 if it does not fit, 413 if it is too large or has too many values.
   */
  public static <T> Stage<Exchange, T> json(Class<T> type) {
    Binder<T> binder = Binder.ofJson(type);
    return Stage.future(
        NAME,
        exchange -> {
          check(exchange, Parse::isJson, "application/json");
          return exchange.body().map(binder::bind);
        });
  }

  /** A body of {@code application/x-www-form-urlencoded}, bound to {@code type}. */
  public static <T> Stage<Exchange, T> form(Class<T> type) {
    Binder<T> binder = Binder.ofParameters(type, "form");
    return Stage.future(
        NAME,
        exchange -> {
          check(
              exchange,
              mediaType -> mediaType.equals("application/x-www-form-urlencoded"),
              "application/x-www-form-urlencoded");
          return exchange.body().map(body -> binder.bind(decodeForm(body)));
        });
  }

  /** The parameters of the query, bound to {@code type}. */
  public static <T> Stage<Exchange, T> query(Class<T> type) {
    Binder<T> binder = Binder.ofParameters(type, "query");
    return Stage.plain(NAME, exchange -> binder.bind(parameters(exchange)));
  }

  /** The parts of the path that the route names, bound to {@code type}. */
  public static <T> Stage<Exchange, T> path(Class<T> type) {
    Binder<T> binder = Binder.ofParameters(type, "path");
    return Stage.plain(
        NAME,
        exchange -> {
          Map<String, List<String>> lists = new LinkedHashMap<>();
          exchange.pathParams().forEach((name, value) -> lists.put(name, List.of(value)));
          return binder.bind(lists);
        });
  }

  /** One parameter of the query; 400 without it. */
  public static Stage<Exchange, String> query(String name) {
    return Stage.plain(
        NAME,
        exchange -> {
          List<String> values = parameters(exchange).get(name);
          return required(name, values == null ? null : values.getFirst());
        });
  }

  /** One part of the path that the route names. */
  public static Stage<Exchange, String> path(String name) {
    return Stage.plain(NAME, exchange -> required(name, exchange.pathParam(name)));
  }

  /** The whole body as it is. 413 if it is too large. */
  public static Stage<Exchange, Buffer> body() {
    return Stage.future(NAME, Exchange::body);
  }

  /**
   * The body while it comes, without limit. Paused: pipe it, or set handlers and call {@code
   * resume}.
   */
  public static Stage<Exchange, ReadStream<Buffer>> stream() {
    return Stage.plain(NAME, Exchange::stream);
  }

  /** What two parsers find, joined. At most one of them may read the body. */
  public static <A, B, T> Stage<Exchange, T> both(
      Stage<Exchange, A> first, Stage<Exchange, B> second, BiFunction<A, B, T> join) {
    return Stage.future(
        NAME,
        exchange ->
            first.begin(exchange).compose(a -> second.begin(exchange).map(b -> join.apply(a, b))));
  }

  // ---------------------------------------------------------------- checks

  private static String required(String name, @Nullable String value) {
    if (value == null) {
      throw Problem.badField(name, null, "is missing", "the request needs it");
    }
    return value;
  }

  private interface MediaTypeTest {
    boolean fits(String mediaType);
  }

  private static void check(Exchange exchange, MediaTypeTest test, String expected) {
    String header = exchange.request().headers().get(HttpHeaders.CONTENT_TYPE);
    if (header == null) {
      return;
    }
    int parameters = header.indexOf(';');
    String mediaType = parameters < 0 ? header : header.substring(0, parameters);
    if (!test.fits(mediaType.strip().toLowerCase(Locale.ROOT))) {
      throw new Problem(415, "content-type", header, "is not understood here", "send " + expected);
    }
  }

  private static boolean isJson(String mediaType) {
    return mediaType.equals("application/json") || mediaType.endsWith("+json");
  }

  private static Map<String, List<String>> decodeForm(Buffer body) {
    return decode(body.toString(StandardCharsets.UTF_8), "body");
  }

  private static Map<String, List<String>> parameters(Exchange exchange) {
    String query = exchange.request().query();
    return query == null ? Map.of() : decode(query, "query");
  }

  private static Map<String, List<String>> decode(String encoded, String what) {
    Map<String, List<String>> parameters;
    try {
      parameters =
          new QueryStringDecoder(encoded, StandardCharsets.UTF_8, false, MAX_PARAMETERS + 1)
              .parameters();
    } catch (IllegalArgumentException malformed) {
      throw Problem.notEncoded(what, malformed);
    }
    int count = 0;
    for (List<String> values : parameters.values()) {
      count += values.size();
    }
    if (count > MAX_PARAMETERS) {
      throw new Problem(
          413,
          "parameters",
          count,
          "are too many",
          "send at most " + MAX_PARAMETERS + " in one request");
    }
    return parameters;
  }
}
