package dev.baton.loadgen.peers;

import dev.baton.loadgen.peers.server.HelidonPeer;
import dev.baton.loadgen.peers.server.JavalinPeer;
import dev.baton.loadgen.peers.server.NettyPeer;
import dev.baton.loadgen.peers.server.UndertowPeer;
import dev.baton.loadgen.peers.server.VertxPeer;
import io.vertx.core.ThreadingModel;
import java.util.Arrays;
import java.util.stream.Collectors;

/** A server that the service runs on. */
public enum Peer {
  BATON("baton", "Baton", "one loop, contexts per request, metrics off"),
  BATON_METRICS("baton-metrics", "Baton, metrics on", "as Baton, with its metrics as shipped"),
  VERTX("vertx", "Vert.x", "event loop verticle, one loop"),
  VERTX_WORKER("vertx-worker", "Vert.x, workers", "64 worker verticles on 64 threads"),
  VERTX_VIRTUAL("vertx-virtual", "Vert.x, virtual threads", "64 virtual thread verticles"),
  NETTY("netty", "Netty", "one loop, no framework"),
  HELIDON("helidon", "Helidon", "a virtual thread per connection"),
  UNDERTOW("undertow", "Undertow", "one I/O thread, 64 workers"),
  JAVALIN("javalin", "Javalin (Jetty)", "Jetty's pool of up to 250 threads");

  private final String id;
  private final String title;
  private final String setup;

  Peer(String id, String title, String setup) {
    this.id = id;
    this.title = title;
    this.setup = setup;
  }

  /** The name on the command line and in files. */
  public String id() {
    return id;
  }

  /** The name in tables. */
  public String title() {
    return title;
  }

  /** How it is set up, as a phrase. */
  public String setup() {
    return setup;
  }

  /**
   * The peer of that name.
   *
   * @throws IllegalArgumentException naming those there are
   */
  public static Peer of(String id) {
    for (var peer : values()) {
      if (peer.id.equals(id)) {
        return peer;
      }
    }
    throw new IllegalArgumentException(
        "peer '"
            + id
            + "': choose one of "
            + Arrays.stream(values()).map(Peer::id).collect(Collectors.joining(", ")));
  }

  /**
   * Starts the server. Only its own classes are loaded.
   *
   * @param port a free port
   * @return closes it
   */
  public AutoCloseable start(String host, int port) {
    return switch (this) {
      case BATON -> VertxPeer.baton(false, host, port);
      case BATON_METRICS -> VertxPeer.baton(true, host, port);
      case VERTX -> VertxPeer.stock(ThreadingModel.EVENT_LOOP, host, port);
      case VERTX_WORKER -> VertxPeer.stock(ThreadingModel.WORKER, host, port);
      case VERTX_VIRTUAL -> VertxPeer.stock(ThreadingModel.VIRTUAL_THREAD, host, port);
      case NETTY -> NettyPeer.start(host, port);
      case HELIDON -> HelidonPeer.start(host, port);
      case UNDERTOW -> UndertowPeer.start(host, port);
      case JAVALIN -> JavalinPeer.start(host, port);
    };
  }
}
