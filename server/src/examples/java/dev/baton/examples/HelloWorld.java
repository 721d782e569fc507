package dev.baton.examples;

import dev.baton.server.Baton;
import dev.baton.stages.Pipeline;
import dev.baton.stages.parse.Parse;
import dev.baton.stages.respond.Respond;
import io.vertx.core.Vertx;

/** Answers {@code /?name=you}. */
final class HelloWorld {
  private HelloWorld() {}

  public static void main(String[] arguments) {
    // tag::hello[]
    Vertx vertx = Baton.vertx();
    var hello = Pipeline.of("hello", Parse.query("name")).then("greet", name -> "hello " + name);
    var handler = Baton.handler(vertx, hello.then(Respond.text()));
    vertx.createHttpServer().requestHandler(handler).listen(Integer.getInteger("port", 8080));
    // end::hello[]
  }
}
