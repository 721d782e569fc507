package dev.baton.examples;

import dev.baton.server.Baton;
import dev.baton.stages.Exchange;
import dev.baton.stages.Pipeline;
import dev.baton.stages.PipelineOptions;
import dev.baton.stages.Problem;
import dev.baton.stages.Response;
import dev.baton.stages.StageOptions;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.file.AsyncFile;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Pipelines, one per feature. */
final class Examples {
  private Examples() {}

  // tag::json[]
  /** A component without @Nullable is required; a constructor may refuse what it is given. */
  record Order(String customer, List<Item> items, @Nullable String note) {}

  record Item(String sku, int quantity) {
    Item {
      if (quantity < 1) {
        throw Problem.badField("quantity", quantity, "is out of range", "give 1 or more");
      }
    }
  }

  record Receipt(String customer, int pieces) {}

  static Pipeline<Exchange, Response> json() {
    return Pipeline.of("orders", Parse.json(Order.class))
        .then("price", Examples::price)
        .then(Respond.json());
  }

  private static Receipt price(Order order) {
    return new Receipt(order.customer(), order.items().stream().mapToInt(Item::quantity).sum());
  }

  // end::json[]

  // tag::parameters[]
  record Search(String q, @Nullable Integer page) {}

  static Pipeline<Exchange, Response> query() {
    return Pipeline.of("search", Parse.query(Search.class)) // /search?q=tea&page=2
        .then("find", search -> List.of(search.q(), Objects.requireNonNullElse(search.page(), 1)))
        .then(Respond.json());
  }

  record Login(String user, String password) {}

  static Pipeline<Exchange, Response> form() {
    return Pipeline.of("login", Parse.form(Login.class))
        .then("check", login -> "welcome " + login.user())
        .then(Respond.text());
  }

  static Pipeline<Exchange, Response> path() {
    return Pipeline.of("user", Parse.path("id")) // a route such as /users/:id
        .then("load", id -> new JsonObject().put("id", id))
        .then(Respond.json());
  }

  // end::parameters[]

  // tag::kinds[]
  static Pipeline<Exchange, Response> kinds(Vertx vertx) {
    return Pipeline.of("kinds", Parse.query("name"))
        .then("block", Examples::slowQuery) // plain: may block, its loop is taken over
        .thenCompose("wait", rows -> later(vertx, rows)) // returns a Future: suspended until then
        .thenVirtual("ask", Examples::slowQuery) // known to block: a virtual thread of its own
        .then(Respond.text());
  }

  // end::kinds[]

  private static String slowQuery(String text) throws InterruptedException {
    Thread.sleep(5); // stands for JDBC, DNS, a native library
    return text + "!";
  }

  private static Future<String> later(Vertx vertx, String text) {
    return vertx.timer(5, TimeUnit.MILLISECONDS).map(fired -> text + "?");
  }

  // tag::streams[]
  static Pipeline<Exchange, Response> echo() {
    return Pipeline.of("echo", Parse.stream()) // the body while it comes, paused
        .then("respond", body -> Response.stream(body).type("application/octet-stream"));
  }

  static Pipeline<Exchange, Response> upload(Vertx vertx, Path file) {
    return Pipeline.of("upload", Parse.stream())
        .thenCompose("store", body -> open(vertx, file).compose(body::pipeTo))
        .then(Respond.empty());
  }

  private static Future<AsyncFile> open(Vertx vertx, Path file) {
    return vertx.fileSystem().open(file.toString(), new OpenOptions());
  }

  static Pipeline<Exchange, Response> file(Path directory) {
    return Pipeline.of("file", Parse.path("name"))
        .then("find", name -> find(directory, name))
        .then(Respond.file());
  }

  private static Path find(Path directory, String name) {
    Path file = directory.resolve(name).normalize();
    if (!file.startsWith(directory) || !Files.isRegularFile(file)) {
      throw new Problem(404, "name", name, "is no file here", "ask for another");
    }
    return file;
  }

  static Pipeline<Exchange, Response> written() {
    return Pipeline.of("lines", Parse.query("n"))
        .then("count", n -> IntStream.range(0, Integer.parseInt(n)))
        .then(
            Respond.written(
                "text/plain",
                (lines, out) -> {
                  lines.forEach(line -> out.write(line + "\n"));
                  out.end();
                }));
  }

  // end::streams[]

  // tag::errors[]
  static Pipeline<Exchange, Response> errors() {
    return Pipeline.of("parse", Parse.query("n"))
        .then("number", Integer::valueOf)
        .then(Respond.text())
        .mapError(
            (failure, exchange) ->
                failure instanceof NumberFormatException
                    ? Response.text("no number").status(422)
                    : null); // leaves it to the default: problem+json
  }

  // end::errors[]

  // tag::limits[]
  static PipelineOptions limits() {
    return new PipelineOptions()
        .setDeadline(Duration.ofMillis(200)) // 504 for what has not begun by then
        .setAdmissionTarget(Duration.ofMillis(5)) // 503 while every request waits longer
        .setMaxBodyBytes(64 * 1024) // 413
        .setBodyTimeout(Duration.ofSeconds(2)) // 408
        .setStage("ask", new StageOptions().setCapacity(100)); // 503 for the 101st inside
  }

  // end::limits[]

  // tag::placement[]
  static PipelineOptions placement() {
    return new PipelineOptions(
        new JsonObject(
            """
            {"stages": {"price": {"placement": "partitioned", "loops": 1, "capacity": 256}}}\
            """));
  }

  // end::placement[]

  // tag::router[]
  static Router router(Vertx vertx) {
    Router router = Router.router(vertx);
    router.get("/hello").handler(routing -> routing.end("hello")); // any other handler
    router.post("/orders").handler(Baton.handler(vertx, json(), placement()).route());
    router.get("/users/:id").handler(Baton.handler(vertx, path()).route());
    return Baton.problems(router); // problem+json for 404, 405 and what handlers fail with
  }

  // end::router[]
}
