/** The face of Baton: a {@code Vertx} on event loops that change hands. */
@NullMarked
package dev.baton.server;

import org.jspecify.annotations.NullMarked;
