package dev.baton.loadgen.peers.server;

import dev.baton.loadgen.peers.service.Answer;
import dev.baton.loadgen.peers.service.Service;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;

/** Helidon 4: a virtual thread per connection. */
public final class HelidonPeer {
  private HelidonPeer() {}

  /** Starts it. */
  public static AutoCloseable start(String host, int port) {
    WebServer server =
        WebServer.builder()
            .host(host)
            .port(port)
            .shutdownHook(false)
            .routing(routing -> routing.any(HelidonPeer::handle))
            .build()
            .start();
    return server::stop;
  }

  private static void handle(ServerRequest request, ServerResponse response) {
    String method = request.prologue().method().text();
    byte[] body =
        Service.hasBody(method) && request.content().hasEntity()
            ? request.content().as(byte[].class)
            : new byte[0];
    Answer answer = Service.answer(method, request.path().rawPath(), body);
    response.status(answer.status());
    response.header(HeaderNames.CONTENT_TYPE, answer.contentType());
    response.send(answer.body());
  }
}
