package dev.baton.server.events;

import dev.baton.server.Baton;
import dev.baton.server.BatonOptions;
import dev.baton.server.context.ContextMode;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a verticle runs on: stock Vert.x, or Baton in one of its context modes. */
public enum Host {
  STOCK(null),
  SERIAL(ContextMode.SERIAL),
  PER_REQUEST(ContextMode.PER_REQUEST),
  PINNED(ContextMode.PINNED);

  private final @Nullable ContextMode mode;

  Host(@Nullable ContextMode mode) {
    this.mode = mode;
  }

  /**
   * A {@code Vertx} of this kind.
   *
   * @param vertxOptions for either kind
   * @param batonOptions changed in place; not used by stock
   */
  Vertx vertx(VertxOptions vertxOptions, BatonOptions batonOptions) {
    if (mode == null) {
      return Vertx.vertx(vertxOptions.setPreferNativeTransport(true));
    }
    return Baton.vertx(vertxOptions, batonOptions.setContextMode(mode));
  }

  /** A {@code Vertx} of this kind with one event loop. */
  Vertx vertx() {
    return vertx(new VertxOptions().setEventLoopPoolSize(1), new BatonOptions());
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
