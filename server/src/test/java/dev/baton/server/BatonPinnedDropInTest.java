package dev.baton.server;

import dev.baton.server.context.ContextMode;

/** Shows that the contract holds on Baton, with contexts as stock Vert.x has them. */
final class BatonPinnedDropInTest extends DropInContract {
  BatonPinnedDropInTest() {
    super(() -> Baton.vertx(new BatonOptions().setContextMode(ContextMode.PINNED)));
  }
}
