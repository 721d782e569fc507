package dev.baton.server.tracing;

import dev.baton.scheduler.loop.TransferableEventLoop;
import io.vertx.core.Context;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.spi.context.storage.AccessMode;
import io.vertx.core.spi.context.storage.ContextLocal;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Which request and which trace a context runs for: a local of that context, shared by all contexts
 * of one request. What is known of it stands in SLF4J's diagnostic context while callbacks of that
 * context run, on whichever thread.
 */
public final class RequestTrace {
  /** Name in the diagnostic context, and of an exemplar's label: the client's own. */
  public static final String REQUEST_ID = "request_id";

  /** Name in the diagnostic context, and of an exemplar's label: 32 hexadecimal digits. */
  public static final String TRACE_ID = "trace_id";

  static final ContextLocal<RequestTrace> LOCAL =
      ContextLocal.registerLocal(RequestTrace.class, shared -> shared);

  private final @Nullable String requestId;
  private final @Nullable String traceId;
  final @Nullable String traceparent;
  final @Nullable String tracestate;

  // Of System.nanoTime; 0 if nobody traces
  private final long arrivalNanos;

  // Written by who runs a callback; read by who ends the response, perhaps a moment behind
  private volatile long begunNanos;
  private volatile long enteredNanos;
  private volatile long onLoopNanos;
  private volatile long awayNanos;

  // Written by who takes the loop over, and by who leaves the callback
  private volatile long takenNanos;

  RequestTrace(
      @Nullable String requestId,
      @Nullable String traceId,
      @Nullable String traceparent,
      @Nullable String tracestate,
      long arrivalNanos) {
    this.requestId = requestId;
    this.traceId = traceId;
    this.traceparent = traceparent;
    this.tracestate = tracestate;
    this.arrivalNanos = arrivalNanos;
  }

  /** Registers the context local; before a {@code Vertx} is made. */
  public static void register() {
    // by the static initialiser
  }

  /** What {@code context} runs for; null if that has no name. */
  public static @Nullable RequestTrace of(@Nullable ContextInternal context) {
    return context == null ? null : context.getLocal(LOCAL, AccessMode.CONCURRENT);
  }

  static void put(Context context, RequestTrace trace) {
    ((ContextInternal) context).putLocal(LOCAL, AccessMode.CONCURRENT, trace);
  }

  /** Has the calling thread run and log for {@code next}, after it did for {@code previous}. */
  public static void change(@Nullable RequestTrace previous, @Nullable RequestTrace next) {
    if (previous == next) {
      return;
    }
    if (previous != null) {
      previous.leave();
    }
    if (next != null) {
      next.enter();
    }
    show(
        REQUEST_ID,
        previous == null ? null : previous.requestId,
        next == null ? null : next.requestId);
    show(TRACE_ID, previous == null ? null : previous.traceId, next == null ? null : next.traceId);
  }

  /** The client's own; null without. */
  public @Nullable String requestId() {
    return requestId;
  }

  /** Has the calling thread log for this until it ends. */
  public void show() {
    show(REQUEST_ID, null, requestId);
    show(TRACE_ID, null, traceId);
  }

  private static void show(String key, @Nullable String previous, @Nullable String next) {
    if (next != null) {
      MDC.put(key, next);
    } else if (previous != null) {
      MDC.remove(key);
    }
  }

  // ---------------------------------------------------------------- times

  /**
   * Where the time of a request went.
   *
   * @param queuedNanos from its head until its first callback ran
   * @param onLoopNanos in callbacks that had their loop
   * @param awayNanos in callbacks whose loop went on without them
   */
  record Times(long queuedNanos, long onLoopNanos, long awayNanos) {}

  private void enter() {
    if (arrivalNanos != 0) {
      long now = System.nanoTime();
      if (begunNanos == 0) {
        begunNanos = now;
      }
      takenNanos = 0;
      enteredNanos = now;
      if (TransferableEventLoop.isAway() && takenNanos == 0) {
        takenNanos = now; // it was taken before anybody knew what ran
      }
    }
  }

  private void leave() {
    if (arrivalNanos != 0) {
      Times times = times();
      onLoopNanos = times.onLoopNanos;
      awayNanos = times.awayNanos;
      enteredNanos = 0;
    }
  }

  /** Notes that the loop under the callback that runs went on without it. Any thread. */
  public void taken(long nanos) {
    if (enteredNanos != 0) {
      takenNanos = nanos;
    }
  }

  /** So far. */
  Times times() {
    long now = System.nanoTime();
    long begun = begunNanos;
    long queued = (begun == 0 ? now : begun) - arrivalNanos;
    long entered = enteredNanos;
    long taken = takenNanos;
    if (entered == 0) {
      return new Times(queued, onLoopNanos, awayNanos);
    }
    // The kernel's time of the block may be a little before ours.
    long lost = taken == 0 ? now : Math.max(taken, entered);
    return new Times(queued, onLoopNanos + lost - entered, awayNanos + now - lost);
  }
}
