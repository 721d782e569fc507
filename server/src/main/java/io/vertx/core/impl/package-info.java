/**
 * The one place where Baton reaches into Vert.x beyond its API: a {@code Vertx} whose contexts run
 * on loops that change hands. It shares Vert.x's package because {@code VertxImpl}'s constructor,
 * its dispatch slot and its context locals are package-private. Tied to the Vert.x version that
 * {@link io.vertx.core.impl.BatonVertx} names, and checked at start.
 *
 * <p>Not null-marked: the package is Vert.x's, which is not annotated.
 */
package io.vertx.core.impl;
