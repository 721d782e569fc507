package dev.baton.server.events;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.baton.server.BatonOptions;
import dev.baton.server.events.Stage.Held;
import dev.baton.server.events.Stage.Service;
import dev.baton.server.main.Main;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetSocket;
import io.vertx.ext.auth.User;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.Session;
import io.vertx.ext.web.handler.SessionHandler;
import io.vertx.ext.web.sstore.LocalSessionStore;
import io.vertx.ext.web.sstore.SessionStore;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.LoggerFactory;

/**
 * What a verticle may expect of its events, a row each. The text that a run gives is compared with
 * the one that is right.
 */
enum EventRow {
  WEB_SOCKET_MESSAGES(
      "A1", "200 WebSockets send a message and close", "200 messages, 200 closes", true) {
    @Override
    String play(Stage stage) throws Exception {
      var messages = new AtomicInteger();
      var closes = new AtomicInteger();
      int port =
          stage.serve(
              server ->
                  server.webSocketHandler(
                      socket -> {
                        socket.textMessageHandler(
                            text -> {
                              messages.incrementAndGet();
                              socket.writeTextMessage(text);
                            });
                        socket.closeHandler(closed -> closes.incrementAndGet());
                      }));

      for (int i = 0; i < 200; i++) {
        try (Wire wire = new Wire(port).upgrade("/")) {
          wire.head();
          wire.send(Wire.textFrame("hello")).send(Wire.closeFrame());
        }
      }

      stage.settle(() -> messages.get() == 200 && closes.get() == 200);
      return messages + " messages, " + closes + " closes";
    }
  },

  CONNECT("A2", "60 × CONNECT, then 5 bytes that are echoed", "300 bytes, 60 echoes", true) {
    @Override
    String play(Stage stage) throws Exception {
      var bytes = new AtomicInteger();
      int echoes = 0;
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request ->
                          request
                              .toNetSocket()
                              .onSuccess(
                                  socket ->
                                      socket.handler(
                                          buffer -> {
                                            bytes.addAndGet(buffer.length());
                                            socket.write(buffer);
                                          }))));

      for (int i = 0; i < 60; i++) {
        try (Wire wire = new Wire(port).timeout(stage.patienceMillis())) {
          wire.send("CONNECT x:1 HTTP/1.1\r\nhost: x:1\r\n\r\n").head();
          if (wire.send("12345").text(5).equals("12345")) {
            echoes++;
          }
        } catch (IOException lost) {
          // counts as no echo
        }
      }

      return bytes + " bytes, " + echoes + " echoes";
    }
  },

  BLOCKED_CLOSE_HANDLERS(
      "A3", "close, exception and data handlers block; others are served", "5 of 5 served", false) {
    @Override
    String play(Stage stage) throws Exception {
      int fast = fast(stage);
      int served = 0;
      for (int i = 0; i < 5; i++) {
        int number = i;
        Held held = stage.held();
        int port = stage.serve(server -> server.requestHandler(r -> blockIn(number, r, held)));
        var wire = new Wire(port);
        switch (number) {
          case 0, 1 -> wire.get("/never");
          case 2 -> wire.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n12345");
          default -> {
            wire.send("CONNECT x:1 HTTP/1.1\r\nhost: x:1\r\n\r\n").head();
            wire.send("12345");
          }
        }
        // So that the request is there before the end.
        fast(fast);
        wire.close();
        served += held.letsAnswer(fast) ? 1 : 0;
      }
      return served + " of 5 served";
    }

    private static void blockIn(int number, HttpServerRequest request, Held held) {
      switch (number) {
        case 0 -> request.response().closeHandler(closed -> held.hold());
        case 1 -> request.response().exceptionHandler(failure -> held.hold());
        case 2 -> request.exceptionHandler(failure -> held.hold());
        case 3 -> request.toNetSocket().onSuccess(s -> s.closeHandler(closed -> held.hold()));
        default -> request.toNetSocket().onSuccess(s -> s.handler(buffer -> held.hold()));
      }
    }
  },

  OVERLAPS(
      "A3", "close and exception handlers beside others of their context", "0 overlaps", true) {
    @Override
    String play(Stage stage) throws Exception {
      boolean shared = stage.host != Host.PER_REQUEST;
      var ofAll = new Inside();
      var ended = new AtomicInteger();
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> {
                        Inside inside = shared ? ofAll : new Inside(ofAll.overlaps);
                        inside.run();
                        request.response().exceptionHandler(failure -> inside.run());
                        request
                            .response()
                            .closeHandler(
                                closed -> {
                                  inside.run();
                                  ended.incrementAndGet();
                                });
                        request.exceptionHandler(failure -> inside.run());
                        request.handler(buffer -> inside.run());
                        Vertx vertx = stage.vertx;
                        vertx.setTimer(1, fired -> inside.run());
                      }));

      for (int round = 0; round < 10; round++) {
        var wires = new ArrayList<Wire>();
        for (int i = 0; i < 20; i++) {
          wires.add(
              new Wire(port).send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n12345"));
        }
        for (Wire wire : wires) {
          wire.close();
        }
      }

      stage.settle(() -> ended.get() == 200);
      return ofAll.overlaps + " overlaps";
    }
  },

  CLOSED_EARLY(
      "A4",
      "300 clients send GET and close at once",
      "300 response closes, 300 response exceptions, 300 failed bodies",
      true) {
    @Override
    String play(Stage stage) throws Exception {
      var closes = new AtomicInteger();
      var exceptions = new AtomicInteger();
      var bodies = new AtomicInteger();
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> {
                        if (request.method().equals(HttpMethod.GET)) {
                          request.response().closeHandler(closed -> closes.incrementAndGet());
                          request
                              .response()
                              .exceptionHandler(failure -> exceptions.incrementAndGet());
                        } else {
                          request.body().onFailure(failure -> bodies.incrementAndGet());
                        }
                      }));

      for (int i = 0; i < 300; i++) {
        new Wire(port).get("/").close();
        new Wire(port).send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n12345").close();
      }

      stage.settle(() -> closes.get() == 300 && exceptions.get() == 300 && bodies.get() == 300);
      return closes
          + " response closes, "
          + exceptions
          + " response exceptions, "
          + bodies
          + " failed bodies";
    }
  },

  HEADERS_WITHOUT_A_WINDOW("A5", "h2, window 0: HEADERS come at once", "15 of 15, 15 of 15", true) {
    @Override
    String play(Stage stage) throws Exception {
      Buffer large = Buffer.buffer(new byte[65_535]);
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request ->
                          request
                              .response()
                              .putHeader("x-is", "here")
                              .end(request.path().equals("/large") ? large : Buffer.buffer("x"))));
      var streamWindow = new ArrayList<Wire>();
      var connectionWindow = new ArrayList<Wire>();
      for (int i = 0; i < 15; i++) {
        streamWindow.add(new Wire(port).http2(4, 0).send(Wire.http2Get(1, "/")));
        Wire wire = new Wire(port).http2(4, 1 << 20).send(Wire.http2Get(1, "/large"));
        int data = 0;
        while (data < 65_535) {
          data += wire.http2Frame(Wire.DATA).payload().remaining();
        }
        connectionWindow.add(wire.send(Wire.http2Get(3, "/")));
      }
      return count(streamWindow, stage) + " of 15, " + count(connectionWindow, stage) + " of 15";
    }

    private static int count(List<Wire> wires, Stage stage) throws IOException {
      int headers = 0;
      for (Wire wire : wires) {
        try (wire) {
          wire.timeout(stage.patienceMillis());
          wire.http2Frame(Wire.HEADERS);
          headers++;
        } catch (IOException none) {
          // not counted
        }
      }
      return headers;
    }
  },

  PIPELINED("A6", "480 pipelined requests in one write", "480 answers", true) {
    @Override
    String play(Stage stage) throws Exception {
      int fast = fast(stage);
      int answers = 0;
      try (Wire wire = new Wire(fast)) {
        wire.send(Wire.request("/").repeat(480));
        for (; answers < 480; answers++) {
          wire.response();
        }
      } catch (IOException closed) {
        // as many as came
      }
      return answers + " answers";
    }
  },

  RUN_ON_CONTEXT(
      "A7",
      "a message's handler calls runOnContext, completes a promise, then blocks",
      "[start, promised, end, ran] 10 times",
      true) {
    @Override
    String play(Stage stage) throws Exception {
      var logs = new CopyOnWriteArrayList<List<String>>();
      stage.inVerticle(
          vertx -> {
            vertx
                .eventBus()
                .consumer(
                    "x",
                    message -> {
                      var log = new CopyOnWriteArrayList<String>();
                      log.add("start");
                      Context context = Objects.requireNonNull(Vertx.currentContext());
                      context.runOnContext(
                          ran -> {
                            log.add("ran");
                            logs.add(log);
                          });
                      Promise<String> promise = Promise.promise();
                      promise.future().onComplete(done -> log.add("promised"));
                      promise.complete("");
                      sleep(20);
                      log.add("end");
                    });
            return Future.succeededFuture();
          });
      for (int i = 0; i < 10; i++) {
        stage.vertx.eventBus().send("x", i);
      }
      stage.settle(() -> logs.size() == 10);
      TimeUnit.MILLISECONDS.sleep(100);
      long right = logs.stream().filter(List.of("start", "promised", "end", "ran")::equals).count();
      return right == 10 ? right() : right + " of " + logs;
    }
  },

  BLOCKED_HEADERS_END(
      "A8",
      "headersEndHandler blocks, also Vert.x-Web's; its client leaves",
      "2 of 2 served",
      false) {
    @Override
    String play(Stage stage) throws Exception {
      int fast = fast(stage);
      int served = 0;
      for (boolean web : new boolean[] {false, true}) {
        Held held = stage.held();
        int port =
            stage.serve(
                server -> {
                  Router router = Router.router(stage.vertx);
                  router
                      .route()
                      .handler(
                          rc -> {
                            if (web) {
                              rc.addHeadersEndHandler(ended -> held.hold());
                            } else {
                              rc.response().headersEndHandler(ended -> held.hold());
                            }
                            stage.vertx.setTimer(1, fired -> rc.end("late"));
                          });
                  server.requestHandler(router);
                });
        Wire wire = new Wire(port).get("/");
        held.awaitEntered();
        wire.close();
        served += held.letsAnswer(fast) ? 1 : 0;
      }
      return served + " of 2 served";
    }
  },

  /** Nothing is answered before the foreign thread has asked for the body. */
  CLIENT_FROM_OUTSIDE("A9", "HTTP client of a foreign thread, 300 bodies", "300 bodies", true) {
    @Override
    String play(Stage stage) throws Exception {
      var asked = new AtomicReference<Promise<Void>>();
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> {
                        Context context = stage.vertx.getOrCreateContext();
                        Objects.requireNonNull(asked.get())
                            .future()
                            .onSuccess(
                                either ->
                                    context.runOnContext(now -> request.response().end("body")));
                      }));
      HttpClient client = stage.vertx.createHttpClient();
      int bodies = 0;
      for (int i = 0; i < 300; i++) {
        var done = new CountDownLatch(1);
        var body = new Outcome("");
        Promise<Void> asks = Promise.promise();
        asked.set(asks);
        client
            .request(HttpMethod.GET, port, "127.0.0.1", "/")
            .compose(HttpClientRequest::send)
            .compose(HttpClientResponse::body)
            .onSuccess(buffer -> body.set(buffer.toString()))
            .onComplete(either -> done.countDown());
        asks.complete();
        if (!done.await(stage.patienceMillis(), TimeUnit.MILLISECONDS)) {
          break;
        }
        bodies += body.toString().equals("body") ? 1 : 0;
      }
      return bodies + " bodies";
    }
  },

  ILLEGAL_URI("A10", "client request whose URI is illegal", "failed", true) {
    @Override
    String play(Stage stage) throws Exception {
      stage.mayNotClose();
      int port = fast(stage);
      HttpClient client = stage.vertx.createHttpClient();
      var outcome = new Outcome("never completes");
      var done = new CountDownLatch(1);
      client
          .request(new RequestOptions().setPort(port).setHost("127.0.0.1").setURI("/a b\r\n"))
          .compose(HttpClientRequest::send)
          .onComplete(
              either -> {
                outcome.set(either.failed() ? "failed" : "succeeded");
                done.countDown();
              });
      boolean _ = done.await(stage.patienceMillis(), TimeUnit.MILLISECONDS);
      return outcome.toString();
    }
  },

  AWAIT_IN_A_CONNECTION_HANDLER(
      "A11",
      "Future.await() in a connection handler; with takeover off",
      "refused or completed, others served; refused, others served",
      true) {
    @Override
    String play(Stage stage) throws Exception {
      var text = new StringBuilder(awaiting(stage, true));
      var options = new BatonOptions();
      options.getScheduler().setTakeover(false);
      try (Stage off = stage.with(new VertxOptions(), options)) {
        text.append("; ").append(awaiting(off, false));
      }
      return text.toString();
    }

    private static String awaiting(Stage stage, boolean inConnectionHandler) throws Exception {
      int fast = fast(stage);
      var outcome = new Outcome("hangs");
      var tried = new CountDownLatch(1);
      Runnable await =
          () -> {
            Promise<String> promise = Promise.promise();
            stage.vertx.setTimer(5, fired -> promise.complete("x"));
            try {
              promise.future().await(10, TimeUnit.SECONDS);
              outcome.set("completed");
            } catch (IllegalStateException refused) {
              outcome.set("refused");
            } catch (TimeoutException late) {
              outcome.set("hangs");
            }
            tried.countDown();
          };
      int port =
          stage.serve(
              server -> {
                if (inConnectionHandler) {
                  server.connectionHandler(connection -> await.run());
                }
                server.requestHandler(
                    request -> {
                      if (!inConnectionHandler) {
                        await.run();
                      }
                      request.response().end("x");
                    });
              });
      try (Wire wire = new Wire(port).get("/")) {
        boolean _ = tried.await(stage.patienceMillis(), TimeUnit.MILLISECONDS);
        String others;
        try (Wire other = new Wire(fast).timeout(stage.patienceMillis())) {
          others = other.get("/").response().equals("fast") ? "served" : "wrong";
        } catch (IOException stuck) {
          others = "not served";
        }
        String how = outcome.toString();
        if (inConnectionHandler && !how.equals("hangs")) {
          how = "refused or completed";
        }
        return how + ", others " + others;
      }
    }
  },

  CLOSED_WHILE_BLOCKED(
      "A12",
      "handler blocks; server.close(), undeploy, vertx.close()",
      "answered, answered, answered",
      true) {
    @Override
    String play(Stage stage) throws Exception {
      var outcomes = new ArrayList<String>();
      for (int i = 0; i < 3; i++) {
        try (Stage own = stage.with(new VertxOptions(), new BatonOptions())) {
          Held held = own.held();
          Service service =
              own.serve(
                  new HttpServerOptions(),
                  server ->
                      server.requestHandler(
                          request -> {
                            held.hold();
                            request.response().end("answered");
                          }));
          try (Wire wire = new Wire(service.port()).get("/")) {
            held.awaitEntered();
            switch (i) {
              case 0 -> service.server().close();
              case 1 -> own.vertx.undeploy(service.id());
              default -> own.vertx.close();
            }
            TimeUnit.MILLISECONDS.sleep(300);
            held.release();
            outcomes.add(wire.response());
          } catch (IOException lost) {
            outcomes.add("lost");
          }
        }
      }
      return String.join(", ", outcomes);
    }
  },

  IDLE_WHILE_BLOCKED("A13", "idle timeout 0.5 s, handler blocks 1.3 s", "answered", true) {
    @Override
    String play(Stage stage) throws Exception {
      var options =
          new HttpServerOptions().setIdleTimeout(500).setIdleTimeoutUnit(TimeUnit.MILLISECONDS);
      int port =
          stage
              .serve(
                  options,
                  server ->
                      server.requestHandler(
                          request -> {
                            sleep(1_300);
                            request.response().end("answered");
                          }))
              .port();
      try (Wire wire = new Wire(port).get("/")) {
        return wire.response();
      } catch (IOException lost) {
        return "lost";
      }
    }
  },

  TERMINATED("A14", "SIGTERM with 800 requests in the sockets", "0 lost", false) {
    @Override
    String play(Stage stage) throws Exception {
      var command =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "--sun-misc-unsafe-memory-access=allow",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Main.class.getName(),
                  "serve",
                  "--management-port=-1",
                  "--loops=1"));
      int port = freePort();
      command.add("--port=" + port);
      command.add(stage.host == Host.STOCK ? "--stock" : "--context=" + stage.host);
      Process server =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      try {
        for (int i = 0; i < 10 && !listens(port); i++) {
          stage.settle(() -> listens(port));
        }
        var wires = new ArrayList<Wire>();
        for (int i = 0; i < 100; i++) {
          wires.add(new Wire(port));
        }
        for (Wire wire : wires) {
          wire.send(Wire.request("/block/1").repeat(8));
        }
        server.destroy();
        int lost = 0;
        for (Wire wire : wires) {
          int left = 8;
          try (wire) {
            for (; left > 0; left--) {
              wire.response();
            }
          } catch (IOException ended) {
            lost += left;
          }
        }
        return lost + " lost";
      } finally {
        server.destroyForcibly();
      }
    }
  },

  CLIENT_BODY_AND_CLOSE(
      "A19", "client in a verticle, 2 MB with connection: close, 100 times", "100 whole", true) {
    @Override
    String play(Stage stage) throws Exception {
      byte[] body = new byte[2_000_000];
      try (var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
        Thread.ofVirtual().start(() -> answerAndClose(server, body));
        int whole =
            stage.inVerticle(
                vertx -> {
                  HttpClient client = vertx.createHttpClient();
                  Future<Integer> sum = Future.succeededFuture(0);
                  for (int i = 0; i < 100; i++) {
                    sum =
                        sum.compose(
                            before ->
                                client
                                    .request(
                                        HttpMethod.GET, server.getLocalPort(), "127.0.0.1", "/")
                                    .compose(HttpClientRequest::send)
                                    .compose(HttpClientResponse::body)
                                    .map(b -> before + (b.length() == body.length ? 1 : 0))
                                    .otherwise(before));
                  }
                  return sum;
                });
        return whole + " whole";
      }
    }

    private static void answerAndClose(ServerSocket server, byte[] body) {
      while (true) {
        try (Socket socket = server.accept()) {
          for (int newLines = 0; newLines < 2; ) {
            int c = socket.getInputStream().read();
            newLines = c == '\n' ? newLines + 1 : c == '\r' ? newLines : 0;
          }
          OutputStream out = socket.getOutputStream();
          String head =
              "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: " + body.length + "\r\n\r\n";
          out.write(head.getBytes(StandardCharsets.ISO_8859_1));
          out.write(body);
        } catch (IOException closed) {
          if (server.isClosed()) {
            return;
          }
        }
      }
    }
  },

  RESET_SUCCEEDED("A21", "HTTP/1 response.reset().succeeded()", "true", true) {
    @Override
    String play(Stage stage) throws Exception {
      var outcome = new Outcome("never called");
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> outcome.set("" + request.response().reset().succeeded())));
      try (Wire wire = new Wire(port).get("/")) {
        stage.settle(outcome::known);
      }
      return outcome.toString();
    }
  },

  BYTES_WRITTEN("A21", "h2 bytesWritten() in the bodyEndHandler of 1,000 bytes", "1000", true) {
    @Override
    String play(Stage stage) throws Exception {
      var written = new Outcome("none");
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> {
                        request
                            .response()
                            .bodyEndHandler(
                                end -> written.set("" + request.response().bytesWritten()));
                        request.response().end(Buffer.buffer(new byte[1_000]));
                      }));
      try (Wire wire = new Wire(port).http2().send(Wire.http2Get(1, "/"))) {
        wire.http2Frame(Wire.DATA);
        stage.settle(written::known);
      }
      return written.toString();
    }
  },

  PENDING_PUSH("A21", "a pending push that is reset", "failed", true) {
    @Override
    String play(Stage stage) throws Exception {
      var outcome = new Outcome("never completes");
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request ->
                          request
                              .response()
                              .push(HttpMethod.GET, "/pushed")
                              .onComplete(
                                  pushed ->
                                      outcome.set(pushed.failed() ? "failed" : "succeeded"))));
      try (Wire wire = new Wire(port).http2(3, 0).send(Wire.http2Get(1, "/"))) {
        int promised = wire.http2Frame(Wire.PUSH_PROMISE).payload().getInt();
        wire.send(Wire.http2Frame(Wire.RST_STREAM, 0, promised, new byte[] {0, 0, 0, 8}));
        stage.settle(outcome::known);
      }
      return outcome.toString();
    }
  },

  FILE_TO_NOBODY("A21", "sendFile after the client has gone", "failed", true) {
    @Override
    String play(Stage stage) throws Exception {
      Path file = Files.createTempFile("events", ".txt");
      Files.writeString(file, "text");
      var outcome = new Outcome("never completes");
      Held held = stage.held();
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> {
                        held.hold();
                        sendFile(request, file, outcome);
                      }));
      Wire wire = new Wire(port).get("/");
      held.awaitEntered();
      wire.reset();
      TimeUnit.MILLISECONDS.sleep(50);
      held.release();
      stage.settle(outcome::known);
      Files.delete(file);
      return outcome.toString();
    }

    private static void sendFile(HttpServerRequest request, Path file, Outcome outcome) {
      try {
        request
            .response()
            .sendFile(file.toString())
            .onComplete(sent -> outcome.set(sent.failed() ? "failed" : "succeeded"));
      } catch (RuntimeException thrown) {
        outcome.set(thrown.toString());
      }
    }
  },

  CLOSE_AFTER_THE_PEER("A21", "close() after the peer's", "ok, ok", true) {
    @Override
    String play(Stage stage) throws Exception {
      var ofRequest = new Outcome("never completes");
      var ofSocket = new Outcome("never completes");
      var handled = new CountDownLatch(1);
      int port =
          stage.serve(
              server ->
                  server.requestHandler(
                      request -> {
                        if (request.method().equals(HttpMethod.CONNECT)) {
                          request.toNetSocket().onSuccess(socket -> closing(socket, ofSocket));
                        } else {
                          request
                              .response()
                              .closeHandler(
                                  closed ->
                                      request
                                          .connection()
                                          .close()
                                          .onComplete(r -> ofRequest.set(name(r.succeeded()))));
                          handled.countDown();
                        }
                      }));
      try (Wire wire = new Wire(port)) {
        wire.get("/");
        boolean _ = handled.await(stage.patienceMillis(), TimeUnit.MILLISECONDS);
      }
      try (Wire wire = new Wire(port)) {
        wire.send("CONNECT x:1 HTTP/1.1\r\nhost: x:1\r\n\r\n").head();
      }
      stage.settle(() -> ofRequest.known() && ofSocket.known());
      return ofRequest + ", " + ofSocket;
    }

    private static void closing(NetSocket socket, Outcome outcome) {
      socket.closeHandler(
          closed -> socket.close().onComplete(r -> outcome.set(name(r.succeeded()))));
    }

    private static String name(boolean succeeded) {
      return succeeded ? "ok" : "failed";
    }
  },

  BLOCKED_THREAD_CHECKER(
      "A22", "blocked-thread checker; Context.isOnVertxThread()", "reports, true", true) {
    @Override
    String play(Stage stage) throws Exception {
      var reported = new CountDownLatch(1);
      var logger = (Logger) LoggerFactory.getLogger("io.vertx.core.impl.BlockedThreadChecker");
      var appender =
          new AppenderBase<ILoggingEvent>() {
            @Override
            protected void append(ILoggingEvent event) {
              reported.countDown();
            }
          };
      appender.start();
      logger.addAppender(appender);
      logger.setAdditive(false);
      var options =
          new VertxOptions()
              .setBlockedThreadCheckInterval(20)
              .setBlockedThreadCheckIntervalUnit(TimeUnit.MILLISECONDS)
              .setMaxEventLoopExecuteTime(50)
              .setMaxEventLoopExecuteTimeUnit(TimeUnit.MILLISECONDS);
      var onVertxThread = new AtomicReference<Boolean>();
      try (Stage own = stage.with(options, new BatonOptions());
          Wire wire = new Wire(own.serve(s -> s.requestHandler(r -> block(r, onVertxThread))))) {
        wire.get("/");
        boolean reports = reported.await(stage.patienceMillis(), TimeUnit.MILLISECONDS);
        wire.response();
        return (reports ? "reports, " : "nothing, ") + onVertxThread;
      } finally {
        logger.detachAppender(appender);
        logger.setAdditive(true);
      }
    }

    private static void block(HttpServerRequest request, AtomicReference<Boolean> onVertxThread) {
      onVertxThread.set(Context.isOnVertxThread());
      sleep(1_500);
      request.response().end("x");
    }
  },

  SESSIONS(
      "A23", "log in, session store whose delete completes later, 5 times", "5 logged in", true) {
    @Override
    String play(Stage stage) throws Exception {
      var store = new SlowStore(LocalSessionStore.create(stage.vertx), stage.vertx);
      int port =
          stage.serve(
              server -> {
                Router router = Router.router(stage.vertx);
                router.route().handler(SessionHandler.create(store));
                router
                    .get("/login")
                    .handler(
                        rc -> {
                          rc.session().regenerateId().put("user", User.fromName("me").subject());
                          rc.end("hello");
                        });
                router
                    .get("/who")
                    .handler(
                        rc -> rc.end(rc.session().get("user") == null ? "nobody" : "somebody"));
                router.get("/first").handler(rc -> rc.end("hello"));
                server.requestHandler(router);
              });
      int loggedIn = 0;
      for (int i = 0; i < 5; i++) {
        try (Wire wire = new Wire(port)) {
          String cookie = cookie(wire, "/login", cookie(wire, "/first", ""));
          wire.send("GET /who HTTP/1.1\r\nhost: x\r\ncookie: " + cookie + "\r\n\r\n");
          loggedIn += wire.response().equals("somebody") ? 1 : 0;
        }
      }
      return loggedIn + " logged in";
    }

    private static String cookie(Wire wire, String path, String cookie) throws IOException {
      wire.send("GET " + path + " HTTP/1.1\r\nhost: x\r\ncookie: " + cookie + "\r\n\r\n");
      String head = wire.head();
      wire.text("hello".length());
      int at = head.indexOf("set-cookie: ");
      return at < 0 ? cookie : head.substring(at + 12, head.indexOf(';', at));
    }
  };

  /** The row of the list of cases; some have several. */
  final String number;

  final String what;

  /** Whether stock Vert.x does it right, and so is a witness. */
  final boolean stockToo;

  private final String right;

  EventRow(String number, String what, String right, boolean stockToo) {
    this.number = number;
    this.what = what;
    this.right = right;
    this.stockToo = stockToo;
  }

  /** What {@link #play} has to return. */
  String right() {
    return right;
  }

  /** Plays this row and says in a few words what was seen. */
  abstract String play(Stage stage) throws Exception;

  private static int fast(Stage stage) {
    return stage.serve(server -> server.requestHandler(r -> r.response().end("fast")));
  }

  private static void fast(int port) throws IOException {
    try (Wire wire = new Wire(port)) {
      wire.get("/").response();
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static boolean listens(int port) {
    try (Wire wire = new Wire(port)) {
      return wire.get("/fast").response().equals("ok");
    } catch (IOException notYet) {
      return false;
    }
  }

  private static void sleep(int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Counts callbacks that run at once where they must not. */
  private static final class Inside {
    final AtomicInteger overlaps;
    private final AtomicInteger inside = new AtomicInteger();

    Inside() {
      this(new AtomicInteger());
    }

    Inside(AtomicInteger overlaps) {
      this.overlaps = overlaps;
    }

    void run() {
      if (inside.incrementAndGet() > 1) {
        overlaps.incrementAndGet();
      }
      sleep(1);
      inside.decrementAndGet();
    }
  }

  /** What a callback has reported, or that it has not. Any thread. */
  private static final class Outcome {
    private final String none;
    private volatile String text;

    Outcome(String none) {
      this.none = none;
      text = none;
    }

    void set(String outcome) {
      text = outcome;
    }

    boolean known() {
      return !text.equals(none);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** A session store that deletes a little later. */
  private record SlowStore(SessionStore store, Vertx vertx) implements SessionStore {
    @Override
    public SessionStore init(Vertx other, JsonObject options) {
      return this;
    }

    @Override
    public long retryTimeout() {
      return store.retryTimeout();
    }

    @Override
    public Session createSession(long timeout) {
      return store.createSession(timeout);
    }

    @Override
    public Session createSession(long timeout, int length) {
      return store.createSession(timeout, length);
    }

    @Override
    public Future<Session> get(String cookieValue) {
      return store.get(cookieValue);
    }

    @Override
    public Future<Void> delete(String id) {
      Promise<Void> later = Promise.promise();
      vertx.runOnContext(turn -> store.delete(id).onComplete(later));
      return later.future();
    }

    @Override
    public Future<Void> put(Session session) {
      return store.put(session);
    }

    @Override
    public Future<Void> clear() {
      return store.clear();
    }

    @Override
    public Future<Integer> size() {
      return store.size();
    }

    @Override
    public void close() {
      store.close();
    }
  }
}
