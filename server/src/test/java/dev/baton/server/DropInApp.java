package dev.baton.server;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.codec.BodyCodec;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.TimeoutHandler;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A vertx-web application as users write them, with state and without a word about Baton. It uses
 * what a drop-in must keep: routers, bodies, timers, the event bus, clients, files, web sockets.
 */
class DropInApp extends VerticleBase {
  static final String GREETINGS = "greetings";

  private final HttpServerOptions options;
  private final Path file;

  // Confined to the context of this verticle, as Vert.x promises
  private int counter;
  private int strangers;

  private volatile @Nullable HttpServer server;
  volatile boolean stopped;

  /**
   * @param options of the server; port 0 takes a free one
   * @param file what {@code /file} and {@code /pumped} answer
   */
  DropInApp(HttpServerOptions options, Path file) {
    this.options = options;
    this.file = file;
  }

  int port() {
    return Objects.requireNonNull(server, "not deployed").actualPort();
  }

  @Override
  public Future<?> start() {
    Router api = Router.router(vertx);
    api.get("/users/:id").handler(rc -> rc.json(new JsonObject().put("id", rc.pathParam("id"))));

    Router router = Router.router(vertx);
    router.route().handler(this::countStrangers);
    router.get("/hello").handler(rc -> rc.end("hello " + rc.request().getParam("name", "world")));
    router.route("/api/*").subRouter(api);
    router.post("/json").handler(BodyHandler.create(false)).handler(this::json);
    router.post("/upload").handler(BodyHandler.create().setDeleteUploadedFilesOnEnd(true));
    router.post("/upload").handler(this::upload);
    router.get("/timers").handler(this::timers);
    router.get("/late").handler(TimeoutHandler.create(50)).handler(rc -> {});
    router.get("/bus").handler(this::bus);
    router.get("/blocking").blockingHandler(rc -> rc.end(sleepAndSay("blocking handler")));
    router.get("/execute-blocking").handler(this::executeBlocking);
    router.post("/paused").handler(this::paused);
    router.get("/count").handler(this::count);
    router.get("/counted").handler(rc -> rc.end(counter + " " + strangers));
    router.get("/throws").handler(DropInApp::fail);
    router.get("/throws-later").handler(this::failLater);
    router.get("/fails").handler(rc -> rc.fail(418, new IllegalStateException("teapot")));
    router.get("/file").handler(rc -> rc.response().sendFile(file.toString()));
    router.get("/pumped").handler(this::pumped);
    router.get("/proxy").handler(this::proxy);
    router
        .route("/handled/*")
        .handler(rc -> rc.fail(new IllegalArgumentException("why")))
        .failureHandler(
            rc -> rc.response().setStatusCode(400).end("no: " + rc.failure().getMessage()));

    return vertx
        .createHttpServer(options)
        .requestHandler(router)
        .webSocketHandler(DropInApp::echo)
        .listen()
        .onSuccess(listening -> server = listening);
  }

  @Override
  public Future<?> stop() {
    stopped = true;
    return Future.succeededFuture();
  }

  /** Counts requests that are not handled on the context this verticle was deployed on. */
  private void countStrangers(RoutingContext rc) {
    Context current = Vertx.currentContext();
    if (current == null || !Objects.equals(current.deploymentID(), context.deploymentID())) {
      strangers++;
    }
    rc.next();
  }

  private void json(RoutingContext rc) {
    JsonObject body = rc.body().asJsonObject();
    rc.json(body.put("length", rc.body().length()).put("handled", true));
  }

  private void upload(RoutingContext rc) {
    var upload = rc.fileUploads().getFirst();
    rc.end(upload.fileName() + " " + upload.size() + " " + rc.request().getFormAttribute("note"));
  }

  private void timers(RoutingContext rc) {
    var text = new StringBuilder();
    vertx.setTimer(20, first -> text.append("a"));
    long never = vertx.setTimer(30, cancelled -> text.append("x"));
    vertx.setPeriodic(
        10,
        periodic -> {
          text.append(".");
          if (text.length() >= 8) {
            vertx.cancelTimer(periodic);
            rc.end(text.toString());
          }
        });
    vertx.cancelTimer(never);
  }

  private void bus(RoutingContext rc) {
    vertx
        .eventBus()
        .<String>request(GREETINGS, rc.request().getParam("name"))
        .map(reply -> reply.body())
        .onSuccess(rc::end)
        .onFailure(rc::fail);
  }

  private void executeBlocking(RoutingContext rc) {
    Context before = Vertx.currentContext();
    vertx
        .executeBlocking(() -> sleepAndSay("executed"))
        .onSuccess(text -> rc.end(text + (Vertx.currentContext() == before ? " here" : " there")))
        .onFailure(rc::fail);
  }

  private void paused(RoutingContext rc) {
    rc.request().pause();
    vertx.setTimer(
        50,
        resumed -> {
          Buffer body = Buffer.buffer();
          rc.request().handler(body::appendBuffer);
          rc.request().endHandler(ended -> rc.end(body));
          rc.request().resume();
        });
  }

  /** Loses a count whenever two requests of this context run at once, or do not see each other. */
  private void count(RoutingContext rc) {
    int before = counter;
    if (before % 16 == 0) {
      sleepAndSay("");
    }
    counter = before + 1;
    rc.end("counted");
  }

  private static void fail(RoutingContext rc) {
    throw new IllegalStateException("thrown by a handler");
  }

  private void failLater(RoutingContext rc) {
    vertx
        .timer(10, TimeUnit.MILLISECONDS)
        .map(
            fired -> {
              throw new IllegalStateException("thrown by a callback");
            })
        .onFailure(rc::fail);
  }

  private void pumped(RoutingContext rc) {
    vertx
        .fileSystem()
        .open(file.toString(), new OpenOptions().setRead(true))
        .compose(
            opened -> {
              opened.setReadBufferSize(1_000);
              return rc.response().setChunked(true).send(opened);
            })
        .onFailure(rc::fail);
  }

  /** Asks itself, with a client of the same Vertx. */
  private void proxy(RoutingContext rc) {
    WebClient client = WebClient.create(vertx);
    client
        .get(port(), "127.0.0.1", "/hello?name=proxy")
        .as(BodyCodec.string())
        .send()
        .onSuccess(response -> rc.end("asked: " + response.body()))
        .onFailure(rc::fail)
        .onComplete(done -> client.close());
  }

  private static void echo(ServerWebSocket socket) {
    socket.textMessageHandler(socket::writeTextMessage);
    socket.binaryMessageHandler(socket::writeBinaryMessage);
  }

  private static String sleepAndSay(String text) {
    try {
      TimeUnit.MILLISECONDS.sleep(2);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    return text;
  }
}
