/** Event loops whose ownership moves between threads, and what decides when. */
@NullMarked
package dev.baton.scheduler;

import org.jspecify.annotations.NullMarked;
