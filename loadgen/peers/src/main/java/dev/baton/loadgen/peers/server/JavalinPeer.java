package dev.baton.loadgen.peers.server;

import dev.baton.loadgen.peers.service.Answer;
import dev.baton.loadgen.peers.service.Service;
import io.javalin.Javalin;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.List;

/** Javalin on Jetty, with its default pool of platform threads. */
public final class JavalinPeer {
  private JavalinPeer() {}

  /** Starts it. */
  public static AutoCloseable start(String host, int port) {
    var methods = List.of(HandlerType.GET, HandlerType.POST, HandlerType.PUT, HandlerType.DELETE);
    Javalin server =
        Javalin.create(
            config -> {
              config.startup.showJavalinBanner = false;
              methods.forEach(
                  method -> config.routes.addHttpHandler(method, "/*", JavalinPeer::handle));
            });
    server.start(host, port);
    return server::stop;
  }

  private static void handle(Context context) {
    String method = context.method().name();
    byte[] body = Service.hasBody(method) ? context.bodyAsBytes() : new byte[0];
    Answer answer = Service.answer(method, context.path(), body);
    context.status(answer.status()).contentType(answer.contentType()).result(answer.body());
  }
}
