package dev.baton.server.management;

import dev.baton.scheduler.simulator.Trace;
import dev.baton.server.context.RequestRecorder;
import dev.baton.stages.Problem;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.impl.BatonVertx;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Answers with requests that a simulator can replay: those that are kept, or those that come in the
 * next seconds. On the event loop of the management port.
 */
final class Recording {
  private static final int MAX_SECONDS = 300;

  /** How many are kept if the service keeps none itself. */
  private static final int REQUESTS = 200_000;

  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,3}");

  private final Vertx vertx;
  private final BatonVertx service;

  /** How many wait for requests that only their asking has kept. */
  private int waiting;

  Recording(Vertx vertx, BatonVertx service) {
    this.vertx = vertx;
    this.service = service;
  }

  void serve(HttpServerRequest request) {
    String asked = request.getParam("seconds", "0");
    int seconds = SECONDS.matcher(asked).matches() ? Integer.parseInt(asked) : -1;
    if (seconds < 0 || seconds > MAX_SECONDS) {
      ManagementServer.refuse(
          request,
          new Problem(
              400, "seconds", asked, "is no time", "give a value from 0 to " + MAX_SECONDS));
      return;
    }
    RequestRecorder recorder = service.recorder();
    if (seconds == 0) {
      answer(request, recorder, System.nanoTime() - TimeUnit.DAYS.toNanos(1));
      return;
    }
    boolean ours = recorder == null || waiting > 0;
    if (recorder == null) {
      service.record(REQUESTS);
      recorder = service.recorder();
    }
    waiting += ours ? 1 : 0;
    long since = System.nanoTime();
    RequestRecorder used = recorder;
    long _ =
        vertx.setTimer(
            TimeUnit.SECONDS.toMillis(seconds),
            _ -> {
              waiting -= ours ? 1 : 0;
              if (ours && waiting == 0) {
                service.record(0);
              }
              answer(request, used, since);
            });
  }

  private static void answer(
      HttpServerRequest request, @Nullable RequestRecorder recorder, long sinceNanos) {
    if (recorder == null) {
      ManagementServer.refuse(
          request,
          new Problem(
              409,
              null,
              null,
              "needs requests, and none are kept",
              "ask for those of the next ?seconds=10, or start with --record-requests 100000"));
      return;
    }
    Trace trace;
    try {
      trace = recorder.trace(sinceNanos);
    } catch (IllegalArgumentException nothing) {
      ManagementServer.refuse(
          request,
          new Problem(409, null, null, "has no requests: none came", "send some meanwhile"));
      return;
    }
    request
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/csv; charset=utf-8")
        .putHeader("Cache-Control", "no-store")
        .putHeader("baton-dropped-requests", Long.toString(recorder.dropped()))
        .end(trace.text());
  }
}
