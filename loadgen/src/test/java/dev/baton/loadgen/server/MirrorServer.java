package dev.baton.loadgen.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The JDK's HTTP server; answers "ok" and keeps what it was asked. */
public final class MirrorServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final Set<InetSocketAddress> clients = ConcurrentHashMap.newKeySet();

  /**
   * What came.
   *
   * @param target path and query, raw
   * @param headers with names capitalized as the JDK's server does
   * @param body bytes as ISO 8859-1; of long ones the length only
   */
  public record Request(
      String method, String target, Map<String, List<String>> headers, String body, long length) {}

  private MirrorServer(HttpServer server) {
    this.server = server;
    server.setExecutor(executor);
    server.createContext("/", this::answer);
    server.start();
  }

  /** Starts a server on a free port of the loopback. */
  public static MirrorServer start() {
    try {
      return new MirrorServer(
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    var in = exchange.getRequestBody();
    byte[] first = in.readNBytes(10_000);
    long length = first.length;
    byte[] rest = new byte[1 << 16];
    for (int n = in.read(rest); n >= 0; n = in.read(rest)) {
      length += n;
    }
    clients.add(exchange.getRemoteAddress());
    requests.add(
        new Request(
            exchange.getRequestMethod(),
            exchange.getRequestURI().toASCIIString(),
            Map.copyOf(exchange.getRequestHeaders()),
            length > first.length ? "" : new String(first, StandardCharsets.ISO_8859_1),
            length));
    byte[] ok = "ok".getBytes(StandardCharsets.UTF_8);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(200, head ? -1 : ok.length);
    if (!head) {
      exchange.getResponseBody().write(ok);
    }
    exchange.close();
  }

  /** The port. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** The URL of a path. */
  public String url(String path) {
    return "http://127.0.0.1:" + port() + path;
  }

  /** What it was asked so far, in order. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** How many connections it saw a request on. */
  public int connections() {
    return clients.size();
  }

  @Override
  public void close() {
    server.stop(0);
    executor.close();
  }
}
