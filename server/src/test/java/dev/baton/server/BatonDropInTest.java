package dev.baton.server;

/** Shows that the contract holds on Baton, with its default context mode. */
final class BatonDropInTest extends DropInContract {
  BatonDropInTest() {
    super(Baton::vertx);
  }
}
