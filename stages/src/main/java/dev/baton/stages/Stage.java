package dev.baton.stages;

import io.vertx.core.Future;
import java.util.regex.Pattern;

/**
 * One typed step of a {@link Pipeline}: a name, a function, and how it is run. Immutable; the same
 * stage may be part of several pipelines.
 *
 * @param <I> what goes in
 * @param <O> what comes out
 */
public final class Stage<I, O> {
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,62}");

  /** How the function of a stage is run. */
  public enum Kind {
    /** On an event loop. It may block or compute: the loop is then taken over. */
    PLAIN,
    /** On an event loop; its result is a future, and the continuation is suspended until then. */
    FUTURE,
    /** On a virtual thread of its own, for code that is known to block most of the time. */
    VIRTUAL
  }

  private final String name;
  private final Kind kind;
  private final StageFunction<I, ?> code;

  private Stage(String name, Kind kind, StageFunction<I, ?> code) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "name=" + name + ": a letter, then up to 62 letters, digits, dashes or underscores");
    }
    this.name = name;
    this.kind = kind;
    this.code = code;
  }

  /** A stage whose function returns its result. It may block. */
  public static <I, O> Stage<I, O> plain(String name, StageFunction<I, O> code) {
    return new Stage<>(name, Kind.PLAIN, code);
  }

  /** A stage whose function returns a future of its result. */
  public static <I, O> Stage<I, O> future(
      String name, StageFunction<I, ? extends Future<? extends O>> code) {
    return new Stage<>(name, Kind.FUTURE, code);
  }

  /** A stage whose function runs on a virtual thread. */
  public static <I, O> Stage<I, O> virtual(String name, StageFunction<I, O> code) {
    return new Stage<>(name, Kind.VIRTUAL, code);
  }

  /** Names the stage in options, metrics and logs; unique within a pipeline. */
  public String name() {
    return name;
  }

  public Kind kind() {
    return kind;
  }

  /** The same step under another name. */
  public Stage<I, O> named(String other) {
    return new Stage<>(other, kind, code);
  }

  /** Runs the function alone, outside a pipeline. Where the caller is. */
  public Future<O> begin(I input) {
    try {
      Object result = code.apply(input);
      @SuppressWarnings("unchecked") // as the factories have typed it
      Future<O> future =
          kind == Kind.FUTURE ? (Future<O>) result : (Future<O>) Future.succeededFuture(result);
      return future;
    } catch (Exception failure) {
      return Future.failedFuture(failure);
    }
  }

  StageFunction<I, ?> code() {
    return code;
  }

  @Override
  public String toString() {
    return "Stage[" + name + "]";
  }
}
