/**
 * What handlers are told, and when: the same on stock Vert.x and on Baton in each context mode. And
 * what happens where workers, memory or patience end.
 */
@NullMarked
package dev.baton.server.events;

import org.jspecify.annotations.NullMarked;
