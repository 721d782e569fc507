package dev.baton.server;

import dev.baton.stages.BoundPipeline;
import dev.baton.stages.Exchange;
import dev.baton.stages.RequestContext;
import dev.baton.stages.Response;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.impl.BatonVertx;
import io.vertx.core.internal.ContextInternal;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Serves HTTP requests by a pipeline: the handler of an {@code HttpServer}, or of a route beside
 * any others of a {@code Router}. Made by {@link Baton#handler}; any thread.
 *
 * <p>Each request runs in a context of its own, whatever the mode of the deployment: a stage that
 * blocks holds up its request and nothing else.
 */
public final class PipelineHandler implements Handler<HttpServerRequest> {
  private final BoundPipeline<Exchange, Response> pipeline;

  PipelineHandler(BoundPipeline<Exchange, Response> pipeline) {
    this.pipeline = pipeline;
  }

  @Override
  public void handle(HttpServerRequest request) {
    run(request, Map.of(), null);
  }

  /** The same for a route of a {@code Router}; no handler that reads the body may stand before. */
  public Handler<RoutingContext> route() {
    return routing -> {
      Route route = routing.currentRoute();
      run(routing.request(), routing.pathParams(), route == null ? null : route.getPath());
    };
  }

  private void run(HttpServerRequest request, Map<String, String> params, @Nullable String route) {
    ContextInternal current = ContextInternal.current();
    if (current == null) {
      throw new IllegalStateException(
          pipeline.name() + ": called outside a Vert.x context; use it as a request handler");
    }
    RequestContext context = BatonVertx.requestContext(current);
    Exchange exchange = new Exchange(pipeline, request, context, params, route);
    if (pipeline.leavesHomeAtOnce()) {
      exchange.pause();
    }
    if (context == current) {
      exchange.run();
    } else {
      exchange.pause();
      context.submit(exchange::run);
    }
  }

  /** The pipeline as it is bound: its stages, its counters. */
  public BoundPipeline<Exchange, Response> pipeline() {
    return pipeline;
  }
}
