package dev.baton.loadgen.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A shop with sessions: {@code POST /login?user=U} answers a token and sets a cookie; {@code POST
 * /orders} with both answers 201 and a location; that is "pending" twice and then "done". Whoever
 * shows the token or cookie of another gets 403.
 */
public final class ShopServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, String> userOfToken = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> looks = new ConcurrentHashMap<>();
  private final AtomicInteger numbers = new AtomicInteger();

  private ShopServer(HttpServer server) {
    this.server = server;
    server.setExecutor(executor);
    server.createContext("/login", this::login);
    server.createContext("/orders", this::orders);
    server.start();
  }

  /** Starts a server on a free port of the loopback. */
  public static ShopServer start() {
    try {
      return new ShopServer(
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The URL of a path. */
  public String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  /** Orders that were looked at until they were done. */
  public long done() {
    return looks.values().stream().filter(n -> n.get() > 2).count();
  }

  /** Users that logged in. */
  public Set<String> users() {
    return Set.copyOf(userOfToken.values());
  }

  private void login(HttpExchange exchange) throws IOException {
    String user = exchange.getRequestURI().getQuery().substring("user=".length());
    String token = "t/" + numbers.incrementAndGet();
    userOfToken.put(token, user);
    exchange.getResponseHeaders().add("Set-Cookie", "who=" + user + "; Path=/orders; HttpOnly");
    exchange.getResponseHeaders().add("Set-Cookie", "other=x; Path=/elsewhere");
    answer(exchange, 200, "{\"auth\": {\"token\": \"%s\"}}".formatted(token));
  }

  private void orders(HttpExchange exchange) throws IOException {
    String token = exchange.getRequestHeaders().getFirst("Authorization");
    String cookie = exchange.getRequestHeaders().getFirst("Cookie");
    String user = token == null ? null : userOfToken.get(token.replace("Bearer ", ""));
    String path = exchange.getRequestURI().getPath();
    if (user == null || !("who=" + user).equals(cookie)) {
      answer(exchange, 403, "not yours: " + cookie);
    } else if (path.equals("/orders")) {
      int number = numbers.incrementAndGet();
      looks.put("/orders/" + number, new AtomicInteger());
      exchange.getResponseHeaders().add("Location", "/orders/" + number);
      answer(exchange, 201, "");
    } else {
      boolean done = Objects.requireNonNull(looks.get(path)).incrementAndGet() > 2;
      answer(exchange, 200, "{\"status\": \"%s\"}".formatted(done ? "done" : "pending"));
    }
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    exchange.getRequestBody().readAllBytes();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.close();
  }
}
