package dev.baton.stages;

import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** A request whose body the test sends by hand; knows what parsers ask for, and nothing else. */
public final class FakeRequest {
  public boolean closed;
  public final MultiMap headers = MultiMap.caseInsensitiveMultiMap();
  private final Map<String, Handler<Object>> handlers = new HashMap<>();
  private final String query;
  private long demand = Long.MAX_VALUE;
  private boolean ended;

  /** The response to it; knows whether it is closed, and nothing else. */
  private final HttpServerResponse response =
      (HttpServerResponse)
          Proxy.newProxyInstance(
              FakeRequest.class.getClassLoader(),
              new Class<?>[] {HttpServerResponse.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("closed")) {
                  return closed;
                }
                throw new UnsupportedOperationException(method.getName());
              });

  /**
   * @param query without question mark; empty means none
   */
  public FakeRequest(String query) {
    this.query = query;
  }

  /** The request as parsers see it. */
  public HttpServerRequest request() {
    Object[] self = new Object[1];
    self[0] =
        Proxy.newProxyInstance(
            FakeRequest.class.getClassLoader(),
            new Class<?>[] {HttpServerRequest.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "headers" -> headers;
                  case "query" -> query.isEmpty() ? null : query;
                  case "path" -> "/";
                  case "handler", "endHandler", "exceptionHandler" -> {
                    @SuppressWarnings("unchecked")
                    Handler<Object> handler = (Handler<Object>) arguments[0];
                    handlers.put(method.getName(), handler);
                    yield proxy;
                  }
                  case "pause" -> {
                    demand = 0;
                    yield proxy;
                  }
                  case "resume" -> {
                    demand = Long.MAX_VALUE;
                    yield proxy;
                  }
                  case "fetch" -> {
                    demand += (long) arguments[0];
                    yield proxy;
                  }
                  case "isEnded" -> ended;
                  case "response" -> response;
                  default -> throw new UnsupportedOperationException(method.getName());
                });
    return (HttpServerRequest) self[0];
  }

  /** Takes one of what has been asked for, if anything has. */
  public boolean takeDemand() {
    if (demand == 0) {
      return false;
    }
    if (demand != Long.MAX_VALUE) {
      demand--;
    }
    return true;
  }

  public void send(String piece) {
    send(Buffer.buffer(piece));
  }

  public void send(Buffer piece) {
    handler("handler").handle(piece);
  }

  @SuppressWarnings("NullAway") // as Vert.x does
  public void end() {
    ended = true;
    handler("endHandler").handle(null);
  }

  public void breakOff() {
    handler("exceptionHandler").handle(new java.io.IOException("reset"));
  }

  public boolean isRead() {
    return handlers.containsKey("handler");
  }

  private Handler<Object> handler(String name) {
    return Objects.requireNonNull(handlers.get(name), name);
  }
}
