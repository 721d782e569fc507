/** Tests of the metrics: exact numbers, exact names, and what they cost. */
@NullMarked
package dev.baton.server.metrics;

import org.jspecify.annotations.NullMarked;
