/**
 * Which callbacks may run at the same time: the three context modes, and the executor that keeps
 * one context's callbacks in order on a loop that changes hands.
 */
@NullMarked
package dev.baton.server.context;

import org.jspecify.annotations.NullMarked;
