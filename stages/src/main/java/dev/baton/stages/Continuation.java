package dev.baton.stages;

import dev.baton.scheduler.loop.TransferableEventLoop;
import dev.baton.scheduler.queue.StagePlace;
import io.netty.util.internal.ThreadExecutorMap;
import io.vertx.core.AsyncResult;
import java.util.Objects;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

// google-java-format off
/*
 * The life of a continuation.
 *
 *                      future, virtual thread
 *          ┌───────── SUSPENDED ◀────────┐
 *          ▼                             │
 *   start ──▶ RUNNING, at home or on ────┤──▶ ended: completed or failed, once
 *          ▲  the loops of a stage       │
 *          └───────── QUEUED ◀───────────┘
 *                      next stage has loops of its own; its loop was lost
 *
 * All fields are guarded by the right to run in the request's context: one thread at a time. The
 * right is held while RUNNING; it is given up while SUSPENDED, so that other callbacks of the request
 * may run; and it travels with the continuation through a stage's queue while QUEUED there, which
 * passes it from the worker that offers to the worker that pulls.
 *
 * Whatever ends a suspension (the future, the virtual thread, the deadline's timer) comes through the
 * context, one at a time: the first one takes the continuation out of SUSPENDED, later ones find
 * another number of suspensions and do nothing.
 *
 * A stage that blocked or computed for long has lost its loop. What follows is then queued again
 * instead of run on the old worker: behind the request's other events (the client may be gone), and
 * on a pinned owner.
 */
// google-java-format on
/**
 * What is left to do of one request: which stage, with which value, since when, until when.
 *
 * @param <I> what went into the pipeline
 * @param <O> what comes out
 */
final class Continuation<I, O> implements Runnable, RequestContext.HandOff {
  private final BoundPipeline<I, O> pipeline;
  private final I input;
  private final RequestContext context;
  private final Completion<O> completion;
  private final long arrivalNanos;

  // Guarded by the right to run in context
  private int stage;
  private @Nullable Object value;
  private boolean suspended;
  private int suspensions;
  private @Nullable AsyncResult<?> awaited;
  private @Nullable Future<?> timer;
  private @Nullable Thread virtualThread;

  // Where it runs: the stage whose loops it is on, null at home; and which of them
  private @Nullable StageRunner place;
  private @Nullable TransferableEventLoop loop;
  private long token;
  private boolean returning;

  // Of System.nanoTime; 0 if nobody asks
  private long nowNanos;
  private long runnableNanos;
  private long startNanos;

  Continuation(
      BoundPipeline<I, O> pipeline, I input, RequestContext context, Completion<O> completion) {
    this.pipeline = pipeline;
    this.input = input;
    this.context = context;
    this.completion = completion;
    this.value = input;
    this.nowNanos = pipeline.looksAtStart() ? System.nanoTime() : 0;
    long arrival = context.arrivalNanos();
    this.arrivalNanos = arrival == 0 ? nowNanos : arrival;
    this.runnableNanos = arrivalNanos;
  }

  private void look() {
    if (pipeline.timed) {
      nowNanos = System.nanoTime();
    }
  }

  // ---------------------------------------------------------------- beginnings

  /** At home, from outside. */
  void start() {
    long queued = context.queuedNanos();
    if (pipeline.admits(context.loop(), queued == 0 ? 0 : nowNanos - queued, nowNanos)) {
      advance();
    } else {
      drop(StageOutcome.SHED, overloaded());
    }
  }

  /** At home, after the request's other events. */
  private void goOn() {
    if (place != null) {
      returning = true;
      context.handOff(this);
    } else {
      look();
      advance();
    }
  }

  /** On a loop of a stage, pulled from its queue. */
  @Override
  public void run() {
    TransferableEventLoop puller =
        (TransferableEventLoop) Objects.requireNonNull(ThreadExecutorMap.currentExecutor());
    loop = puller;
    token = puller.token();
    context.enter();
    try {
      look();
      if (!returning) {
        Admission admission = Objects.requireNonNull(place).admission;
        if (admission == null || admission.admits(nowNanos - runnableNanos, nowNanos)) {
          advance();
        } else {
          drop(StageOutcome.SHED, overloaded());
        }
      } else {
        returning = false;
        if (awaited == null) {
          advance();
        } else {
          resume();
        }
      }
    } finally {
      context.leave();
    }
  }

  // ---------------------------------------------------------------- running

  /** Runs stages until the end, a queue or a suspension. */
  private void advance() {
    StageRunner[] stages = pipeline.stages;
    while (true) {
      StageRunner s = stages[stage];
      if (s.queue != null && s != place) {
        runnableNanos = nowNanos;
        context.handOff(this);
        return;
      }
      if (completion.isCancelled()) {
        drop(StageOutcome.CANCELLED, null);
        return;
      }
      if (nanosLeft(s) <= 0) {
        drop(StageOutcome.EXPIRED, late());
        return;
      }
      if (!s.enter()) {
        drop(StageOutcome.REJECTED, full());
        return;
      }
      startNanos = nowNanos;
      Object result;
      try {
        if (s.kind == Stage.Kind.PLAIN) {
          result = s.apply(value);
        } else if (s.kind == Stage.Kind.FUTURE) {
          var future = (io.vertx.core.Future<?>) s.apply(value);
          if (!future.isComplete()) {
            int mine = suspend(s);
            future.onComplete(done -> context.submit(() -> wake(mine, done)));
            return;
          }
          if (future.failed()) {
            throw future.cause();
          }
          result = future.result();
        } else {
          startVirtualThread(s);
          return;
        }
      } catch (Throwable failure) {
        failed(s, failure);
        return;
      }
      if (!succeeded(s, result)) {
        return;
      }
    }
  }

  /**
   * Moves on to the next stage.
   *
   * @return false if it is not to be run here and now
   */
  private boolean succeeded(StageRunner s, @Nullable Object result) {
    look();
    s.leave();
    s.count(StageOutcome.OK, startNanos - runnableNanos, nowNanos - startNanos);
    if (stage == pipeline.stages.length - 1) {
      end();
      complete(s, result);
      return false;
    }
    value = result;
    stage++;
    runnableNanos = nowNanos;
    if (place == null ? context.keepsLoop() : Objects.requireNonNull(loop).isStillOwned(token)) {
      return true;
    }
    context.defer(this::goOn);
    return false;
  }

  /** How long the next stage may still be begun; more than 0 if there is no deadline. */
  private long nanosLeft(StageRunner s) {
    long left = Long.MAX_VALUE;
    if (pipeline.deadlineNanos > 0) {
      left = pipeline.deadlineNanos - (nowNanos - arrivalNanos);
    }
    if (s.deadlineNanos > 0) {
      left = Math.min(left, s.deadlineNanos - (nowNanos - runnableNanos));
    }
    return left;
  }

  // ---------------------------------------------------------------- passing on

  @Override
  public boolean offer() {
    StageRunner from = place;
    if (returning) {
      queueOf(from).resume(this, Objects.requireNonNull(loop).index());
      return true;
    }
    StageRunner to = pipeline.stages[stage];
    place = to; // before the offer: after it nothing here is ours any more
    if (!queueOf(to).offer(this)) {
      place = from;
      return false;
    }
    if (from != null) {
      queueOf(from).leave();
    }
    return true;
  }

  @Override
  public void refused() {
    drop(StageOutcome.REJECTED, full());
  }

  private static StagePlace queueOf(@Nullable StageRunner runner) {
    return Objects.requireNonNull(Objects.requireNonNull(runner).queue);
  }

  // ---------------------------------------------------------------- suspension

  /**
   * @return names this suspension
   */
  private int suspend(StageRunner s) {
    suspended = true;
    int mine = ++suspensions;
    long left = nanosLeft(s);
    if (left < Long.MAX_VALUE) {
      timer = context.schedule(() -> expire(mine), left);
    }
    return mine;
  }

  private void startVirtualThread(StageRunner s) {
    int mine = suspend(s);
    Object in = value;
    try {
      virtualThread =
          Thread.ofVirtual()
              .name(s.name)
              .start(
                  () -> {
                    context.showInLog();
                    AsyncResult<?> done;
                    try {
                      done = io.vertx.core.Future.succeededFuture(s.apply(in));
                    } catch (Throwable failure) {
                      done = io.vertx.core.Future.failedFuture(failure);
                    }
                    AsyncResult<?> result = done;
                    context.submit(() -> returned(mine, result));
                  });
    } catch (Throwable notStarted) {
      endSuspension();
      throw notStarted;
    }
  }

  /** What was waited for is there. At home. */
  private void wake(int mine, AsyncResult<?> done) {
    if (!suspended || mine != suspensions) {
      return; // it was given up
    }
    endSuspension();
    awaited = done;
    if (place != null) {
      returning = true;
      context.handOff(this);
    } else {
      look();
      resume();
    }
  }

  /** The function of a virtual thread has returned, in time or not. At home. */
  private void returned(int mine, AsyncResult<?> done) {
    if (suspended && mine == suspensions) {
      wake(mine, done);
    } else {
      giveSlotsBack(pipeline.stages[stage]); // until now it was inside
    }
  }

  /** Where the stage ran before. */
  private void resume() {
    AsyncResult<?> done = Objects.requireNonNull(awaited);
    awaited = null;
    StageRunner s = pipeline.stages[stage];
    if (done.failed()) {
      failed(s, done.cause());
    } else if (succeeded(s, done.result())) {
      advance();
    }
  }

  /** The deadline has passed. At home. */
  private void expire(int mine) {
    if (!suspended || mine != suspensions) {
      return;
    }
    Thread thread = virtualThread;
    endSuspension();
    StageRunner s = pipeline.stages[stage];
    if (thread == null) {
      giveSlotsBack(s);
    } else {
      thread.interrupt(); // and keeps its slots until it has returned
    }
    look();
    s.count(StageOutcome.EXPIRED, startNanos - runnableNanos, nowNanos - startNanos);
    completion.failed(late(), s.name);
  }

  private void giveSlotsBack(StageRunner s) {
    s.leave();
    end();
  }

  private void endSuspension() {
    suspended = false;
    virtualThread = null;
    Future<?> t = timer;
    timer = null;
    if (t != null) {
      t.cancel(false);
    }
  }

  // ---------------------------------------------------------------- ends

  /** Gives back what it holds of the stage whose loops it is on. */
  private void end() {
    if (place != null) {
      queueOf(place).leave();
    }
  }

  /** Ends without running the stage. */
  private void drop(StageOutcome outcome, @Nullable Problem problem) {
    StageRunner s = pipeline.stages[stage];
    s.count(outcome, nowNanos - runnableNanos, 0);
    end();
    if (problem != null) {
      completion.failed(problem, s.name);
    }
  }

  private void failed(StageRunner s, Throwable failure) {
    look();
    s.leave();
    s.count(StageOutcome.FAILED, startNanos - runnableNanos, nowNanos - startNanos);
    end();
    O mapped = null;
    if (pipeline.errorMapper != null) {
      try {
        mapped = pipeline.errorMapper.apply(failure, input);
      } catch (Throwable worse) {
        failure.addSuppressed(worse);
      }
    }
    if (mapped != null) {
      complete(s, mapped);
    } else {
      completion.failed(failure, s.name);
    }
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // as the last stage's function has typed it
  private void complete(StageRunner s, @Nullable Object result) {
    try {
      completion.completed((O) result);
    } catch (Throwable failure) {
      completion.failed(failure, s.name);
    }
  }

  private static Problem full() {
    return new Problem(503, null, null, "came while the server was full", "try again in a second");
  }

  private static Problem overloaded() {
    return new Problem(503, null, null, "waited too long to be begun", "try again in a second");
  }

  private static Problem late() {
    return new Problem(504, null, null, "has missed its deadline", "try again");
  }

  @Override
  public String toString() {
    return "Continuation["
        + pipeline.name()
        + ", stage "
        + pipeline.stages[stage].name
        + ", suspended "
        + suspensions
        + " times]";
  }
}
