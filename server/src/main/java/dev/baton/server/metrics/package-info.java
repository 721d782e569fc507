/**
 * What an operator reads: a Vert.x metrics implementation with the ecosystem's names, the numbers
 * of the scheduler and of stages beside it, and their exposition for Prometheus. The way in is
 * {@link dev.baton.server.metrics.BatonMetrics}.
 */
@NullMarked
package dev.baton.server.metrics;

import org.jspecify.annotations.NullMarked;
