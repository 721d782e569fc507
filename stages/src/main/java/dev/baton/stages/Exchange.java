package dev.baton.stages;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.streams.ReadStream;
import java.io.FileNotFoundException;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request on its way through a pipeline: what goes into the first stage. Use it in the
 * request's context, that is inside stages.
 */
public final class Exchange implements Completion<Response> {
  private final BoundPipeline<Exchange, Response> pipeline;
  private final HttpServerRequest request;
  private final RequestContext context;
  private final Map<String, String> pathParams;
  private final @Nullable String route;
  private boolean paused;
  private @Nullable BodyStream stream;

  /**
   * @param pathParams what the route has cut from the path, decoded
   * @param route the pattern the request was routed by, or null
   */
  public Exchange(
      BoundPipeline<Exchange, Response> pipeline,
      HttpServerRequest request,
      RequestContext context,
      Map<String, String> pathParams,
      @Nullable String route) {
    this.pipeline = pipeline;
    this.request = request;
    this.context = context;
    this.pathParams = pathParams;
    this.route = route;
  }

  /** Sends the request through the pipeline. In its context. */
  public void run() {
    pipeline.run(this, context, this);
  }

  /** Keeps the body from flowing before somebody takes it. In the request's context. */
  public Exchange pause() {
    paused = true;
    request.pause();
    return this;
  }

  /**
   * The body while it comes, paused: the same for each caller. First by the first stage; whoever
   * takes it also reads it.
   */
  public ReadStream<Buffer> stream() {
    if (stream == null) {
      stream = new BodyStream(request, context).start();
    }
    return stream;
  }

  /** Lets flow what has not been read. */
  private void resume() {
    if (stream != null) {
      ReadStream<Buffer> _ = stream.resume();
    } else if (paused) {
      paused = false;
      request.resume();
    }
  }

  /**
   * The request. Its body belongs to the stage that parses it; its handlers may be called in
   * another context than this pipeline's.
   */
  public HttpServerRequest request() {
    return request;
  }

  /** A part of the path that the route names, decoded; null if it names none so. */
  public @Nullable String pathParam(String name) {
    return pathParams.get(name);
  }

  /** All of them. */
  public Map<String, String> pathParams() {
    return pathParams;
  }

  /** The pattern the request was routed by; its path if it was not. */
  public String route() {
    return route == null ? String.valueOf(request.path()) : route;
  }

  /** The limits of the pipeline. */
  public PipelineOptions options() {
    return pipeline.options();
  }

  /**
   * The whole body. Once per request, by its first stage.
   *
   * @return fails with a {@link Problem}: 413 if it is larger than the pipeline's limit, 408 if it
   *     does not come in time, 400 if it breaks off
   */
  public Future<Buffer> body() {
    Future<Buffer> body = new BodyCollector(request, context, pipeline.options()).collect();
    resume();
    return body;
  }

  /** Names the request to the client and in logs, see {@link Problems#requestId}. */
  public String requestId() {
    return Problems.requestId(request);
  }

  // ---------------------------------------------------------------- the end

  @Override
  public boolean isCancelled() {
    return request.response().closed();
  }

  @Override
  public void completed(Response response) {
    response.to(request.response(), context, this::fileFailed);
    if (stream == null || !response.isWrittenLater()) {
      resume(); // a body that nobody has read
    }
  }

  private void fileFailed(Throwable failure) {
    if (request.response().closed()) {
      return; // the client has gone
    }
    if (request.response().headWritten()) {
      Response.abort(request.response());
    } else if (failure instanceof FileNotFoundException || failure instanceof NoSuchFileException) {
      Problems.answer(
          request, new Problem(404, "path", request.path(), "is unknown", "ask for what there is"));
    } else {
      failed(failure, pipeline.lastStage());
    }
  }

  @Override
  public void failed(Throwable failure, String stage) {
    resume();
    Problems.answer(request, failure, route() + " failed in stage " + stage);
  }
}
