/** Vert.x on transferable event loops. */
@NullMarked
package dev.baton.server;

import org.jspecify.annotations.NullMarked;
