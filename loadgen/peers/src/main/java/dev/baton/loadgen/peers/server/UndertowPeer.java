package dev.baton.loadgen.peers.server;

import dev.baton.loadgen.peers.service.Answer;
import dev.baton.loadgen.peers.service.Service;
import io.undertow.Undertow;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.handlers.BlockingHandler;
import io.undertow.util.Headers;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Undertow: one I/O thread, and a dispatch to one of 64 workers for every request. */
public final class UndertowPeer {
  private static final int WORKERS = 64;

  private UndertowPeer() {}

  /** Starts it. */
  public static AutoCloseable start(String host, int port) {
    Undertow server =
        Undertow.builder()
            .addHttpListener(port, host)
            .setIoThreads(1)
            .setWorkerThreads(WORKERS)
            .setHandler(new BlockingHandler(UndertowPeer::handle))
            .build();
    server.start();
    return server::stop;
  }

  private static void handle(HttpServerExchange exchange) throws IOException {
    String method = exchange.getRequestMethod().toString();
    byte[] body = Service.hasBody(method) ? exchange.getInputStream().readAllBytes() : new byte[0];
    Answer answer = Service.answer(method, exchange.getRequestPath(), body);
    exchange.setStatusCode(answer.status());
    exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, answer.contentType());
    exchange.getResponseSender().send(ByteBuffer.wrap(answer.body()));
  }
}
