package dev.baton.server;

import dev.baton.server.context.ContextMode;

/** Shows that the contract holds on Baton, with a context per request. */
final class BatonPerRequestDropInTest extends DropInContract {
  BatonPerRequestDropInTest() {
    super(() -> Baton.vertx(new BatonOptions().setContextMode(ContextMode.PER_REQUEST)));
  }

  @Override
  boolean runsRequestsAtOnce() {
    return true;
  }
}
