package dev.baton.server.events;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A verticle that does what the path of a request says and records each callback it is given:
 * {@code /how/number?in=callback&us=micros}, where the callback named sleeps so long.
 */
final class RecordingApp extends VerticleBase {
  private final Map<String, Trace> traces;
  private final KeyCertOptions certificate;
  private final boolean perRequest;
  private final AtomicInteger inside = new AtomicInteger();
  private volatile @Nullable HttpServer plain;
  private volatile @Nullable HttpServer secure;

  /**
   * @param traces by the client's address and port
   * @param perRequest whether callbacks of several requests may run at once
   */
  RecordingApp(Map<String, Trace> traces, KeyCertOptions certificate, boolean perRequest) {
    this.traces = traces;
    this.certificate = certificate;
    this.perRequest = perRequest;
  }

  int port(boolean tls) {
    return Objects.requireNonNull(tls ? secure : plain, "not deployed").actualPort();
  }

  /** Completes when what the context had to do before is done. */
  Future<Void> flush() {
    Context own = context;
    return Future.future(promise -> own.runOnContext(v -> own.runOnContext(promise::complete)));
  }

  @Override
  public Future<?> start() {
    plain = server(new HttpServerOptions());
    secure =
        server(
            new HttpServerOptions().setSsl(true).setUseAlpn(true).setKeyCertOptions(certificate));
    return Future.all(
        Objects.requireNonNull(plain).listen(0, "127.0.0.1"),
        Objects.requireNonNull(secure).listen(0, "127.0.0.1"));
  }

  private HttpServer server(HttpServerOptions options) {
    return vertx
        .createHttpServer(options)
        .connectionHandler(this::connected)
        .webSocketHandler(this::webSocket)
        .requestHandler(this::request);
  }

  private @Nullable Trace trace(SocketAddress client) {
    return traces.get(client.host() + ":" + client.port());
  }

  private void connected(HttpConnection connection) {
    Trace trace = trace(connection.remoteAddress());
    if (trace == null) {
      return;
    }
    var recorder = new Recorder(trace, "connection", "", 0);
    recorder.run("", () -> trace.add("connection", "opened"));
    connection.closeHandler(v -> recorder.run("", () -> recorder.close("closed")));
  }

  private void request(HttpServerRequest request) {
    Trace trace = trace(request.remoteAddress());
    if (trace == null) {
      request.response().end();
      return;
    }
    String[] path = request.path().split("/", -1);
    String in = Objects.requireNonNullElse(request.getParam("in"), "");
    long nanos = 1_000 * Long.parseLong(Objects.requireNonNullElse(request.getParam("us"), "0"));
    var recorder = new Recorder(trace, "request " + path[2], in, nanos);
    recorder.run("handler", () -> handle(request, path[1], recorder));
  }

  private void handle(HttpServerRequest request, String how, Recorder recorder) {
    Trace trace = recorder.trace;
    HttpServerResponse response = request.response();
    recorder.add(request.method() + " " + how + " " + request.version());
    request.exceptionHandler(t -> recorder.run("exception", () -> recorder.add("exception")));
    response.exceptionHandler(
        t -> recorder.run("responseException", () -> recorder.answer("exception")));
    response.closeHandler(v -> recorder.run("close", () -> recorder.gone()));
    response.headersEndHandler(
        v -> recorder.run("headersEnd", () -> recorder.answer("headers end")));
    response.bodyEndHandler(v -> recorder.run("bodyEnd", () -> recorder.answer("body end")));
    if (how.equals("socket")) {
      request.toNetSocket().onSuccess(socket -> recorder.run("", () -> socket(socket, recorder)));
      return;
    }
    Buffer body = Buffer.buffer();
    request.handler(
        data ->
            recorder.run(
                "data",
                () -> {
                  body.appendBuffer(data);
                  trace.data(recorder.stream, data);
                  if (how.equals("stream")) {
                    response.write(data);
                  }
                }));
    request.endHandler(
        v ->
            recorder.run(
                "end",
                () -> {
                  recorder.add("end");
                  switch (how) {
                    case "end", "ack", "pause" -> response.end(body);
                    case "stream" -> response.end();
                    default -> {}
                  }
                }));
    switch (how) {
      case "now" -> response.end("now");
      case "bye" -> {
        response.end("bye");
        request.connection().close();
      }
      case "ack", "hold" -> response.setChunked(true).write("ack");
      case "stream" -> response.setChunked(true);
      case "pause" -> {
        request.pause();
        trace.begin();
        vertx.setTimer(
            1,
            fired ->
                recorder.run(
                    "timer",
                    () -> {
                      request.resume();
                      trace.done();
                    }));
      }
      case "timer" -> {
        trace.begin();
        vertx.setTimer(1, fired -> recorder.run("timer", () -> late(response, trace)));
      }
      case "turn" -> {
        trace.begin();
        context().runOnContext(v -> recorder.run("timer", () -> late(response, trace)));
      }
      case "away" -> {
        trace.begin();
        vertx
            .executeBlocking(() -> "x")
            .onComplete(done -> recorder.run("timer", () -> late(response, trace)));
      }
      case "reset" -> {
        boolean _ = response.reset().succeeded();
      }
      default -> {}
    }
  }

  private static Context context() {
    return Objects.requireNonNull(Vertx.currentContext());
  }

  private static void late(HttpServerResponse response, Trace trace) {
    response.end("late");
    trace.done();
  }

  private static void socket(NetSocket socket, Recorder recorder) {
    socket.handler(
        data ->
            recorder.run(
                "data",
                () -> {
                  recorder.trace.data(recorder.stream, data);
                  socket.write(data);
                }));
    socket.endHandler(v -> recorder.run("end", () -> recorder.add("socket end")));
    socket.closeHandler(v -> recorder.run("close", () -> recorder.close("socket close")));
  }

  private void webSocket(ServerWebSocket socket) {
    Trace trace = trace(socket.remoteAddress());
    if (trace == null) {
      return;
    }
    var recorder =
        new Recorder(trace, "web socket", "data", socket.path().equals("/slow") ? 200_000 : 0);
    recorder.run(
        "",
        () -> {
          recorder.add("web socket");
          socket.textMessageHandler(
              text ->
                  recorder.run(
                      "data",
                      () -> {
                        recorder.add("text " + text);
                        if (text.equals("bye")) {
                          socket.close((short) 1001, "bye");
                        } else {
                          socket.writeTextMessage(text);
                        }
                      }));
          socket.binaryMessageHandler(
              bytes ->
                  recorder.run(
                      "data",
                      () -> {
                        recorder.add("binary " + bytes.length() + "/" + bytes.hashCode());
                        socket.writeBinaryMessage(bytes);
                      }));
          socket.pongHandler(pong -> recorder.run("", () -> recorder.add("pong " + pong)));
          socket.endHandler(v -> recorder.run("end", () -> recorder.add("end")));
          socket.exceptionHandler(t -> recorder.run("exception", () -> recorder.add("exception")));
          socket.closeHandler(
              v ->
                  recorder.run("close", () -> recorder.close("close " + socket.closeStatusCode())));
        });
  }

  /** Records the callbacks of one request or socket, and those that are not where they belong. */
  private final class Recorder {
    final Trace trace;
    final String stream;
    private final String sleepIn;
    private final long sleepNanos;
    private final AtomicInteger entered;

    Recorder(Trace trace, String stream, String sleepIn, long sleepNanos) {
      this.trace = trace;
      this.stream = stream;
      this.sleepIn = sleepIn;
      this.sleepNanos = sleepNanos;
      this.entered = perRequest ? new AtomicInteger() : inside;
    }

    void add(String text) {
      trace.add(stream, text);
    }

    void answer(String text) {
      trace.add("response to " + stream, text);
    }

    void gone() {
      trace.add("close of " + stream, "response close");
    }

    /** The end of a connection that has become a socket, whose own handler is not called then. */
    void close(String text) {
      add(text);
      trace.closed();
    }

    /** Callbacks that Vert.x calls from within another one, such as headersEnd, are nested. */
    void run(String callback, Runnable code) {
      Thread thread = Thread.currentThread();
      boolean nested = RUNNING.get() == entered;
      AtomicInteger outer = RUNNING.get();
      if (!nested && entered.incrementAndGet() > 1) {
        add("BESIDE ANOTHER of its context, on " + thread.getName());
      }
      Context current = Vertx.currentContext();
      if (current == null || !Objects.equals(current.deploymentID(), context.deploymentID())) {
        add("NOT ON ITS CONTEXT: " + callback);
      }
      RUNNING.set(entered);
      try {
        code.run();
        if (callback.equals(sleepIn)) {
          sleep(sleepNanos);
        }
      } finally {
        RUNNING.set(outer);
        if (!nested) {
          entered.decrementAndGet();
        }
      }
    }
  }

  private static final ThreadLocal<@Nullable AtomicInteger> RUNNING = new ThreadLocal<>();

  private static void sleep(long nanos) {
    if (nanos > 0) {
      LockSupport.parkNanos(nanos);
    }
  }
}
