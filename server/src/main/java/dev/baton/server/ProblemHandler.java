package dev.baton.server;

import dev.baton.stages.Problem;
import dev.baton.stages.Problems;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.stream.Collectors;

/** Answers as problem+json what a {@code Router} cannot route and what its handlers fail with. */
final class ProblemHandler implements Handler<RoutingContext> {
  private final Router router;

  private ProblemHandler(Router router) {
    this.router = router;
  }

  static Router on(Router router) {
    ProblemHandler handler = new ProblemHandler(router);
    for (int status = 400; status < 600; status++) {
      router.errorHandler(status, handler);
    }
    return router;
  }

  @Override
  public void handle(RoutingContext routing) {
    HttpServerRequest request = routing.request();
    Throwable failure = routing.failure();
    if (failure instanceof Problem || (failure != null && routing.statusCode() == 500)) {
      Problems.answer(request, failure, request.path() + " failed");
    } else {
      Problems.answer(request, problem(request, routing.statusCode()));
    }
  }

  private Problem problem(HttpServerRequest request, int status) {
    String path = String.valueOf(request.path());
    return switch (status) {
      case 404 -> new Problem(404, "path", path, "is unknown", "ask for one that is known");
      case 405 -> {
        String allowed = allowed(path);
        if (!allowed.isEmpty()) {
          request.response().putHeader(HttpHeaders.ALLOW, allowed);
        }
        yield new Problem(
            405,
            "method",
            request.method(),
            "does not fit " + path,
            "use " + (allowed.isEmpty() ? "one that it takes" : allowed));
      }
      case 503 -> new Problem(503, null, null, "cannot be served now", "try again in a second");
      default ->
          new Problem(
              status,
              null,
              null,
              "was refused",
              status < 500 ? "change it" : "quote the request id in a report");
    };
  }

  /** The methods that routes take for a path; those of regular expressions are not looked at. */
  private String allowed(String path) {
    return router.getRoutes().stream()
        .filter(route -> route.methods() != null && !route.isRegexPath())
        .filter(route -> route.getPath() == null || matches(route, path))
        .flatMap(route -> route.methods().stream())
        .map(HttpMethod::name)
        .distinct()
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private static boolean matches(Route route, String path) {
    String[] pattern = route.getPath().split("/", -1);
    String[] parts = path.split("/", -1);
    if (pattern.length > parts.length || (route.isExactPath() && pattern.length < parts.length)) {
      return false;
    }
    for (int i = 0; i < pattern.length; i++) {
      if (!pattern[i].startsWith(":") && !pattern[i].equals(parts[i])) {
        return false;
      }
    }
    return true;
  }
}
