package dev.baton.server;

import io.vertx.core.Vertx;

/** Shows that the contract holds on stock Vert.x. */
final class StockDropInTest extends DropInContract {
  StockDropInTest() {
    super(Vertx::vertx);
  }
}
